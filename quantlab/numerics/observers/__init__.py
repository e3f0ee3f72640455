"""Observers: they watch batches of a tensor and answer with qparams."""

from quantlab.numerics.observers.minmax import MinMaxObserver

__all__ = ["MinMaxObserver"]
