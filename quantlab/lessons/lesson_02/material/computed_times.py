"""Four layers on the roofline, by the learner's own two functions: computed, not measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.lessons.lesson_02.material.roofline import PRECISIONS, Roofline

#: weight_shape, groups, height and width, as exercise 2.5 takes them.
LAYERS = {
    "linear, 4096 to 1000": ((1000, 4096, 1, 1), 1, 1, 1),
    "1×1, 256 to 256, 28×28": ((256, 256, 1, 1), 1, 28, 28),
    "3×3, 64 to 64, 80×80": ((64, 64, 3, 3), 1, 80, 80),
    "depthwise 3×3, 256, 56×56": ((256, 1, 3, 3), 256, 56, 56),
}
BYTES = {"float32": 4, "int8": 1}


def computed_times(
    roofline: Roofline, conv_work: Callable[..., Any], roofline_time: Callable[..., Any]
) -> Listing:
    """Intensity, shortest milliseconds and bound of `LAYERS` in FP32 and INT8 on this machine.

    `conv_work` and `roofline_time` are the answers to exercises 2.5 and 2.6; what they raise comes
    through.
    """
    rows = []
    for name, case in LAYERS.items():
        for precision in PRECISIONS:
            operations, moved, intensity = conv_work(*case, BYTES[precision])
            ms, bound = roofline_time(
                operations, moved, roofline.peak(precision), roofline.bandwidth.best
            )
            rows.append(
                {
                    "layer": name,
                    "type": precision,
                    "intensity": intensity,
                    "ms": ms,
                    "bound": bound,
                }
            )
    columns = (
        Column("layer", "layer"),
        Column("type", "type"),
        Column("op / byte", "intensity", ".1f"),
        Column("ms", "ms", ".3f"),
        Column("waits for", "bound"),
    )
    return Listing("Computed, not measured", Table(columns, tuple(rows)))
