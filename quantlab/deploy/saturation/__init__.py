"""Sums that a CPU without VNNI clips: a probe of this one, and what a model would lose."""
