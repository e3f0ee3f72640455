"""Lesson 06, post-training quantization: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_methods": ".explorer",
    "kept_grid": ".material.grid",
    "make_grid": ".material.grid",
    "open_lab": ".material.lab",
    "show": "quantlab.teach.pictures.figure",
    **dict.fromkeys(
        ("channel_means_figure", "folded_stem", "ranges_figure", "stem_parts", "top1_table"),
        ".material.views",
    ),
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
