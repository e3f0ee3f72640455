"""Lesson 03, per-channel: the names that its notebook imports."""

from quantlab.base.lazy import lazy_names

_HOMES = {
    "explore_channels": ".explorer",
    "channel_lines": ".material.channel_lines",
    **dict.fromkeys(("channel_spread", "folded", "weights_of"), ".material.channel_spread"),
    "lost_points": ".material.lost_points",
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
