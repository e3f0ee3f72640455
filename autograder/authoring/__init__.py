"""Lessons become notebooks, and what makes an exercise fit for students is checked."""
