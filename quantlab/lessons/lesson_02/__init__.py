"""Lesson 02, size and latency: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "byte_bars": "quantlab.teach.pictures",
    "explore_size": ".explorer",
    "measure_roofline": ".material.roofline",
    "roofline_figure": ".material.roofline_figure",
    "show": "quantlab.teach.pictures.figure",
    **dict.fromkeys(("measure_layers", "speed_table"), ".material.int8_speed"),
    **dict.fromkeys(("measure", "side_by_side"), "quantlab.deploy.latency.side_by_side"),
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
