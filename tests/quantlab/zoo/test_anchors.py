"""Anchors against the paper's formulas, counted by hand."""

import numpy as np
import pytest

from quantlab.zoo.anchors import ANCHORS_PER_CELL, CELLS, SIZES, anchors, cells_of
from quantlab.zoo.boxes import corners, overlaps


def test_count_and_no_writing():
    assert len(anchors()) == ANCHORS_PER_CELL * sum(c * c for c in CELLS) == 12_810
    with pytest.raises(ValueError, match="read-only"):
        anchors()[0] = 0


@pytest.mark.parametrize("side", [320, 256, 192])
def test_every_anchor_is_where_the_paper_puts_it(side):
    """Written as in section 2.2: loops over levels, shapes, rows and columns.

    Both compute in float64 and round to float32 once; the formulas differ by a few float64
    roundings, so that a value may fall on the neighbouring float32: 1 unit of its last place.
    """
    expected = []
    for level, cells in enumerate(cells_of(side)):
        size, following = SIZES[level], SIZES[level + 1]
        kinds = [(size * r**0.5, size / r**0.5) for r in (1, 2, 1 / 2, 3, 1 / 3)]
        kinds.append(((size * following) ** 0.5,) * 2)
        for width, height in kinds:
            for row in range(cells):
                for column in range(cells):
                    x, y = ((i + 0.5) / cells * side for i in (column, row))
                    expected.append((x, y, width, height))
    np.testing.assert_array_max_ulp(anchors(side), np.array(expected, np.float32), maxulp=1)


@pytest.mark.parametrize("side", [0, 16, 100, -32])
def test_a_side_that_strides_do_not_divide_is_refused(side):
    with pytest.raises(ValueError, match=rf"side is {side}, but .* a multiple of 32"):
        anchors(side)


@pytest.mark.parametrize("side", [10, 14, 20, 40, 100, 200, 300])
def test_a_square_in_the_middle_has_an_anchor_that_learns_it(side):
    box = corners(np.array([[160.0, 160, side, side]]))
    assert overlaps(box, corners(anchors().astype(float))).max() > 0.25
