"""Lesson 08, quantization-aware training: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_straight_through": ".explorer",
    "LiveCurve": ".material.live_curve",
    **dict.fromkeys(
        ("compare_models", "measure_cheap", "measure_methods", "methods_table", "tiny_recipe"),
        ".material.methods",
    ),
    **dict.fromkeys(("compare_gradients", "with_gradient"), ".material.own_gradient"),
    **dict.fromkeys(("calibration_batches", "training_batches", "watched"), ".material.pictures"),
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
