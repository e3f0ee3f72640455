"""Submissions run in processes of their own, which can be ended at any time."""
