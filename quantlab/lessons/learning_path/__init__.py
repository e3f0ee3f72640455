"""The learning path and what lies beyond INT8: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    **dict.fromkeys(("compare_blocks", "widest_weight"), ".material.blocks"),
    "compare_eight_bits": ".material.eight_bits",
    "compare_smoothing": ".material.smoothing",
    "dynamic_integers": ".material.dynamic",
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
