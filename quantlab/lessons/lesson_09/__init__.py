"""Lesson 09, deployment: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_graphs": ".explorer",
    **dict.fromkeys(
        (
            "clipped_tensors",
            "with_hard_swish",
            "without_last_dequantize",
            "without_pair",
            "without_pairs_at_the_end",
        ),
        ".material.faults",
    ),
    **dict.fromkeys(("first_runs", "speed_by_class"), ".material.speed"),
    **dict.fromkeys(("drifting_stream", "input_integers", "served", "watch"), ".material.stream"),
    "stream_picture": ".material.stream_picture",
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
