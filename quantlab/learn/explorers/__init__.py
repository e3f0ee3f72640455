"""Explorers: a few controls, a picture that follows them, and the same in words."""

from quantlab.learn.explorers.ruler import explore_ruler
from quantlab.learn.explorers.size import explore_size

__all__ = ["explore_ruler", "explore_size"]
