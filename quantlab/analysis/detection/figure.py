"""Boxes of two detectors side by side on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlab.analysis.detection.objects import Found, checked_found, checked_objects
from quantlab.base.figure_style import WIDTH, describe, look
from quantlab.base.palette import BLUE, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Two detectors' boxes of a class are the same find when they overlap by this much.
SAME = 0.5


def compare_boxes(
    images: Sequence[Any],
    truth: Sequence[Any],
    before: Sequence[Any],
    after: Sequence[Any],
    names: Sequence[str],
    *,
    score: float = 0.3,
    titles: tuple[str, str] = ("FP32", "INT8"),
) -> Figure:
    """One row an image: the boxes before on the left, after on the right.

    What both found is blue and solid, what only one found is orange and dashed, the truth is a
    thin white and black line.

    Parameters
    ----------
    images : sequence of uint8 arrays (H, W, 3)
    truth, before, after, names
        Of these images only, as in `evaluate_detections`.
    score : float
        Boxes with less are not drawn.
    titles : two str

    Raises
    ------
    ValueError
        No images, lengths that differ, no uint8 picture, boxes that are ill-formed.
    """
    pictures = [_picture(image, number) for number, image in enumerate(images)]
    objects = checked_objects(truth, len(names))
    if len(pictures) != len(objects):
        raise ValueError(
            f"there are {len(pictures)} pictures and {len(objects)} images with truth: pass the "
            "truth of these pictures."
        )
    sides = [
        [_likely(each, score) for each in checked_found(found, len(objects), len(names))]
        for found in (before, after)
    ]
    figure, grid = _grid(len(pictures))
    lost = new = both = 0
    with look():
        for row, picture in enumerate(pictures):
            left, right = sides[0][row], sides[1][row]
            in_both = _also_in(left, right), _also_in(right, left)
            for axes, found, same in zip(grid[row], (left, right), in_both, strict=True):
                _draw(axes, picture, objects[row].boxes, found, same, names)
            both += int(in_both[0].sum())
            lost += int((~in_both[0]).sum())
            new += int((~in_both[1]).sum())
        for axes, title in zip(grid[0], titles, strict=True):
            axes.set_title(title)
        _legend(figure)
    return describe(
        figure,
        f"Boxes with a score of {score:g} or more on {len(pictures)} images, {titles[0]} beside "
        f"{titles[1]}: {both} found by both, {lost} by {titles[0]} only, {new} by {titles[1]} "
        "only.",
    )


def _grid(rows: int) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    with look():
        figure = Figure(figsize=(WIDTH, 0.5 * WIDTH * rows + 0.9))
        return figure, figure.subplots(rows, 2, squeeze=False)


def _draw(
    axes: Axes,
    picture: np.ndarray,
    truth: np.ndarray,
    found: Found,
    same: np.ndarray,
    names: Sequence[str],
) -> None:
    axes.imshow(picture)
    axes.set_axis_off()
    for box in truth:
        _rectangle(axes, box, "white", "-", 2.2)
        _rectangle(axes, box, INK, "-", 0.8)
    for box, score, kind, known in zip(*found, same, strict=True):
        colour = BLUE if known else ORANGE
        _rectangle(axes, box, colour, "-" if known else "--", 2)
        axes.text(
            box[0] + 1,
            box[1] - 2,
            f"{names[kind]} {score:.2f}",
            color="white",
            fontsize=7,
            verticalalignment="bottom",
            clip_on=True,
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.8},
        )


def _rectangle(axes: Axes, box: np.ndarray, colour: str, style: str, width: float) -> None:
    from matplotlib.patches import Rectangle

    x0, y0, x1, y1 = box
    axes.add_patch(
        Rectangle(
            (x0, y0), x1 - x0, y1 - y0, fill=False, color=colour, linestyle=style, linewidth=width
        )
    )


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=BLUE, linewidth=2, label="found by both"),
        Line2D([], [], color=ORANGE, linewidth=2, linestyle="--", label="found by one only"),
        Line2D([], [], color=INK, linewidth=0.8, label="truth"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=3)


def _also_in(found: Found, other: Found) -> np.ndarray:
    """Which boxes the other detector found too: bool (n,). One of its boxes serves one of these."""
    from pycocotools.mask import iou

    same = np.zeros(len(found.scores), bool)
    for kind in np.unique(found.classes):
        mine, theirs = (np.flatnonzero(each.classes == kind) for each in (found, other))
        if not len(theirs):
            continue
        sizes = [_with_size(e.boxes[i]) for e, i in ((found, mine), (other, theirs))]
        table = np.array(iou(*sizes, [0] * len(theirs)))
        while table.max() >= SAME:  # the best pair first, so that both sides pair alike
            row, column = np.unravel_index(table.argmax(), table.shape)
            same[mine[row]] = True
            table[row], table[:, column] = -1, -1
    return same


def _with_size(corners: np.ndarray) -> np.ndarray:
    """Corner and size (n, 4), as pycocotools reads boxes."""
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def _likely(found: Found, score: float) -> Found:
    kept = found.scores >= score
    return Found(found.boxes[kept], found.scores[kept], found.classes[kept])


def _picture(image: Any, number: int) -> np.ndarray:
    array = np.asarray(image)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise ValueError(
            f"picture {number} has dtype {array.dtype} and shape {array.shape}, but a uint8 array "
            "(height, width, 3) is drawn: pass the picture before its preprocessing."
        )
    return array
