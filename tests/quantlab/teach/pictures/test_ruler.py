"""The lesson's picture says scale, zero_point and the error of each value."""

from quantlab.base.palette import AMBER, ORANGE
from quantlab.numerics import choose_qparams
from quantlab.teach.pictures import ruler, rulers


def test_the_missions_example():
    drawing = ruler(-0.9, 5.0, values=[0.3])
    assert "256 ticks from −0.9024 to 4.998, one every 0.02314" in drawing.text
    assert "zero_point 39" in drawing.text
    # 52 stands for (52 - 39) * 0.0231373 = 0.300784: 0.000784 above 0.3.
    assert "0.3 becomes 52, read back 0.3008, error +0.0007843" in drawing.text


def test_the_error_has_a_bar_and_saturation_another_colour():
    assert AMBER in ruler(-0.9, 5.0, values=[0.3]).svg
    saturated = ruler(-0.9, 5.0, values=[9.0])
    assert ORANGE in saturated.svg
    assert AMBER not in saturated.svg
    assert "9 becomes 255 (off the ruler, it saturates)" in saturated.text


def test_three_lenses_at_most_from_left_to_right():
    drawing = ruler(-0.9, 5.0, values=[3.0, 2.0, 1.0, 0.0])
    assert drawing.svg.count(">scale 0.02314<") == 3
    assert drawing.text.index(" 1 becomes") < drawing.text.index(" 3 becomes")
    assert " 0 becomes" not in drawing.text


def test_a_range_that_runs_downwards_is_explained():
    assert ruler(2.0, -1.0).text == (
        "No ruler: lo is 2 and hi is -1, but a range runs upwards: swap them."
    )


def test_rulers_are_compared_over_the_same_values():
    rows = {
        "eight bits": choose_qparams(-1.0, 1.0, dtype="int8", scheme="symmetric"),
        "four bits": choose_qparams(-1.0, 1.0, dtype="int4", scheme="symmetric"),
    }
    drawing = rulers(rows, [0.5, 3.0])
    # 3.0 is read back as 1.0, so the largest error is 2 in both rows.
    assert "eight bits: 256 ticks, scale 0.007874, zero_point 0, largest error 2" in drawing.text
    assert "four bits: 16 ticks, scale 0.1429" in drawing.text
    assert drawing.text.count("1 of 2 saturate") == 2


def test_rulers_need_at_least_one():
    assert rulers({}).text == "No rulers: there is none to show."
    assert rulers({"a": (0.0, 0, "int8")}).text.startswith("No rulers: scale is 0")
