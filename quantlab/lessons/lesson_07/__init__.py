"""Lesson 07, debugging: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_layers": ".explorer",
    **dict.fromkeys(
        (
            "a_riddle",
            "calibrated_again",
            "handed_over",
            "images",
            "network",
            "quantized",
            "recipe",
            "runtime_tensor",
            "two_segmenters",
            "wrong_pixels",
        ),
        ".material.models",
    ),
    **dict.fromkeys(("errors_of", "first_or_last", "miou_table"), ".material.measuring"),
    **dict.fromkeys(("layer_picture", "worst_table"), ".material.layer_picture"),
    "check_up": ".material.check_up",
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
