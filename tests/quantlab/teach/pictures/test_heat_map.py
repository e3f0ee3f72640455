"""Heat maps: the numbers are in the cells, the differing cell is outlined."""

import numpy as np

from quantlab.base.palette import INK
from quantlab.teach.pictures import heat_map

FIRST = np.array([[1.0, -2.0], [0.25, 0.0]])


def outlines(svg: str) -> int:
    return svg.count(f'fill="none" stroke="{INK}"')


def test_the_differing_cell_is_outlined_in_both_panels_and_named():
    other = FIRST.copy()
    other[1, 0] = 0.5
    drawing = heat_map({"yours": FIRST, "read back": other})
    assert outlines(drawing.svg) == 2
    assert (
        "1 cell differs; the first is row 1, column 0: yours 0.25, read back 0.5." in drawing.text
    )


def test_equal_tensors_have_no_outline_also_with_nan():
    array = np.array([[np.nan, 1.0]])
    drawing = heat_map({"a": array, "b": array.copy()})
    assert outlines(drawing.svg) == 0
    assert "No cell differs" in drawing.text


def test_numbers_stand_in_the_cells_and_signs_have_their_colour():
    svg = heat_map({"a": FIRST}).svg
    assert all(f">{number}<" in svg for number in ("1", "−2", "0.25", "0"))
    # -2 is the largest: half the way from white to blue (0, 114, 178).
    assert "#80B8D8" in svg


def test_another_shape_is_said_and_not_compared():
    drawing = heat_map({"yours": FIRST[0], "theirs": FIRST})
    assert "yours (1 × 2), theirs (2 × 2). The shapes differ." in drawing.text
    assert outlines(drawing.svg) == 0


def test_a_large_tensor_is_cropped_and_counted():
    drawing = heat_map({"w": np.zeros((16, 3, 3, 3))})
    assert "first 8 × 8 of 16 × 27" in drawing.svg
    assert "Values from 0 to 0" in drawing.text


def test_several_differing_cells_are_counted():
    assert "4 cells differ" in heat_map({"a": FIRST, "b": FIRST + 1}).text


def test_what_cannot_be_shown_is_a_sentence():
    assert heat_map({}).text == "No heat map: there is no tensor to show."
    assert heat_map({"a": "text"}).text == "No heat map: “a” is not an array of numbers."
    assert heat_map({"a": []}).text == "No heat map: “a” is empty."
    assert heat_map({"a": [[1, 2], [3]]}).text == "No heat map: “a” is not an array of numbers."
