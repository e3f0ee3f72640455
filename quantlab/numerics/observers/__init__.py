"""Observers: they watch batches of a tensor and answer with qparams."""

from quantlab.numerics.observers.entropy import EntropyObserver
from quantlab.numerics.observers.minmax import MinMaxObserver
from quantlab.numerics.observers.moving_average import MovingAverageObserver
from quantlab.numerics.observers.mse import MSEObserver
from quantlab.numerics.observers.percentile import PercentileObserver

__all__ = [
    "EntropyObserver",
    "MSEObserver",
    "MinMaxObserver",
    "MovingAverageObserver",
    "PercentileObserver",
]
