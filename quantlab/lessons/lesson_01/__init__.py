"""Lesson 01, scale and zero_point: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_ruler": ".explorer",
    "first_layer": ".material.first_layer",
    "show": "quantlab.teach.pictures.figure",
    **dict.fromkeys(("Grid", "error_curve", "number_line", "rulers"), "quantlab.teach.pictures"),
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
