"""Lesson 05, integer inference: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_accumulator": ".explorer",
    **dict.fromkeys(("convolutions", "quantized_classifier"), ".material.layers"),
    **dict.fromkeys(
        ("compare_contracts", "compare_layers", "compare_sessions", "numpy_layer"),
        ".material.comparing",
    ),
    **dict.fromkeys(
        ("cost_table", "one_scene", "quantized_detector", "seen_in_openvino", "worst_layers"),
        ".material.saturating",
    ),
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
