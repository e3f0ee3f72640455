"""Lesson 02, size and latency: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "computed_times": ".material.computed_times",
    "explore_size": ".explorer",
    "hard_swish_pair": "quantlab.deploy.latency.layer_pairs",
    "measure_roofline": ".material.roofline",
    "roofline_figure": ".material.roofline_figure",
    "show": "quantlab.teach.pictures.figure",
    **dict.fromkeys(("byte_bars", "rulers"), "quantlab.teach.pictures"),
    **dict.fromkeys(("measure_layer", "measure_layers", "speed_table"), ".material.int8_speed"),
    **dict.fromkeys(
        ("layer_arrays", "missed_budget", "quantize_net", "small_net"), ".material.small_net"
    ),
    **dict.fromkeys(("measure", "side_by_side"), "quantlab.deploy.latency.side_by_side"),
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
