"""The number line shows the mission's ruler, and the two ways to be wrong about it."""

import re

import numpy as np

from quantlab.base.palette import ORANGE
from quantlab.numerics import choose_qparams
from quantlab.teach.pictures import number_line
from quantlab.teach.pictures.axis import Axis, drawn_ticks, thinning
from quantlab.teach.pictures.grid import Grid

QP = choose_qparams(-0.9, 5.0)


def test_the_text_says_the_ruler_and_every_tick():
    drawing = number_line([-1.4, 0.0, 0.3, 6.2], QP)
    assert "256 ticks, one every 0.02314, with 0 at zero_point 39" in drawing.text
    assert "−1.4 → 0 (saturated), 0 → 39, 0.3 → 52, 6.2 → 255 (saturated)" in drawing.text


def test_dots_for_values_and_triangles_for_saturated_ones():
    svg = number_line([-1.4, 0.0, 0.3, 6.2], QP).svg
    # One more of each stands in the legend.
    assert svg.count("<circle") == 2 + 1
    assert len(re.findall(rf'<path [^>]*fill="{ORANGE}"', svg)) == 2 + 1


def test_no_triangle_where_nothing_saturates():
    assert f'fill="{ORANGE}"' not in number_line([0.0, 0.3], QP).svg


def test_a_zero_without_a_tick_is_said_and_drawn():
    drawing = number_line([2.0, 6.0], (4 / 255, -128, "uint8"))
    assert "with 0 on no tick: zero_point −128 is outside 0 to 255" in drawing.text
    assert ">no tick</text>" in drawing.svg


def test_many_values_are_counted_not_listed():
    values = np.append(np.linspace(-1, 7, 999), np.nan)
    drawing = number_line(values, QP)
    # 999 values, 8/998 apart. Saturating: x/scale + 39 rounds below 0 or above 255.
    off = np.rint(np.float32(values[:-1]) / QP.scale) + 39
    count = int(((off < 0) | (off > 255)).sum())
    assert f"999 values, {count} of them off the ruler. 1 not finite, left out." in drawing.text


def test_ticks_are_thinned_and_the_picture_says_so():
    assert "256 ticks, every 4th drawn" in number_line([0.3], QP).svg
    assert "16 ticks<" in number_line([0.3], choose_qparams(-0.9, 5.0, dtype="uint4")).svg


def test_drawn_ticks_hold_both_ends_and_zero():
    grid = Grid.of(QP)
    axis = Axis(grid.lo, grid.hi, 0.0, 300.0)
    ticks = drawn_ticks(grid, axis)
    assert {0, 39, 255} <= set(ticks)
    assert thinning(grid, axis) == 8  # 300 units for 255 steps: 1.18 each, 8 * 1.18 is above 5


def test_a_ruler_that_cannot_be_drawn_is_a_sentence():
    assert number_line([1.0], (0.0, 0, "int8")).text.startswith("No number line: scale is 0")
    assert number_line([1.0], None).text.startswith("No number line")
