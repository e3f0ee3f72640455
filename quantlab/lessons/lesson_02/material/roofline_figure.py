"""The roofline as a figure: two roofs on logarithmic axes, and measured layers under them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

from quantlab.base.palette import BLUE, INK, ORANGE
from quantlab.lessons.lesson_02.material.int8_speed import LayerSpeed
from quantlab.lessons.lesson_02.material.roofline import PRECISIONS, Roofline
from quantlab.teach.pictures.figure import style

LOOKS = {"float32": ("FP32", BLUE, "-", "o"), "int8": ("INT8", ORANGE, "--", "^")}


def roofline_figure(roofline: Roofline, layers: Iterable[LayerSpeed] = ()) -> tuple[Figure, str]:
    """The figure and its alt text, ready for `show(fig, alt=text)`.

    Parameters
    ----------
    roofline : Roofline
    layers : measured layers, numbered in the figure; circles are FP32, triangles INT8

    Returns
    -------
    (matplotlib Figure, str)
        x: operations a byte. y: billions of operations a second. Both logarithmic.
    """
    from matplotlib import pyplot

    style()
    rows = tuple(layers)
    fig, axes = pyplot.subplots(figsize=(7.2, 4.4 + 0.2 * len(rows)))
    ends = [roofline.ridge(p) * k for p in PRECISIONS for k in (0.02, 50)]
    ends += [row.intensity(p) * k for row in rows for p in PRECISIONS for k in (0.5, 2)]
    span = np.geomspace(min(ends), max(ends), 200)
    for precision in PRECISIONS:
        name, colour, dash, _ = LOOKS[precision]
        roof = [roofline.attainable(i, precision) / 1e9 for i in span]
        label = f"{name} roof, {roofline.peak(precision) / 1e9:.0f} GOP/s"
        axes.plot(span, roof, color=colour, linestyle=dash, marker="", label=label)
    for number, row in enumerate(rows, start=1):
        for precision in PRECISIONS:
            _point(axes, row, number, precision)
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel(_numbered(rows, "arithmetic intensity (operations per byte)"))
    axes.set_ylabel("speed (10⁹ operations per second)")
    axes.set_title(f"Roofline, memory {roofline.bandwidth.best / 1e9:.1f} GB/s")
    axes.legend(loc="lower right")
    return fig, _alt(roofline, rows)


def _point(axes: Axes, row: LayerSpeed, number: int, precision: str) -> None:
    _, colour, _, marker = LOOKS[precision]
    x, y = row.intensity(precision), row.reached(precision) / 1e9
    (mark,) = axes.plot([x], [y], color=colour, marker=marker, markersize=8, linestyle="")
    mark.set_gid(f"{row.name}, {LOOKS[precision][0]}")
    axes.annotate(str(number), (x, y), xytext=(7, -4), textcoords="offset points", color=INK)


def _numbered(rows: tuple[LayerSpeed, ...], label: str) -> str:
    named = [f"{number}: {row.name}" for number, row in enumerate(rows, start=1)]
    return "\n".join([label, *named])


def _alt(roofline: Roofline, rows: tuple[LayerSpeed, ...]) -> str:
    said = (
        f"Roofline of this machine on logarithmic axes. Speed rises with operations per byte at "
        f"{roofline.bandwidth.best / 1e9:.1f} GB/s up to a flat roof: "
        f"{roofline.peak('float32') / 1e9:.0f} GOP/s in FP32 from "
        f"{roofline.ridge('float32'):.1f} operations a byte, "
        f"{roofline.peak('int8') / 1e9:.0f} in INT8 from {roofline.ridge('int8'):.1f}."
    )
    for number, row in enumerate(rows, start=1):
        said += (
            f" {number}: {row.name} reaches {row.reached() / 1e9:.3g} in FP32 and "
            f"{row.reached('int8') / 1e9:.3g} in INT8."
        )
    return said
