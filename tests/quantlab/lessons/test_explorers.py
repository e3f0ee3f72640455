"""Explorers follow their controls, say errors out loud, and have a twin without a kernel."""

from importlib import import_module

import ipywidgets as widgets
import pytest

from quantlab.lessons.lesson_01 import explore_ruler
from quantlab.lessons.lesson_02 import explore_size
from quantlab.numerics.choose import SCHEMES
from quantlab.numerics.dtypes import DTYPES
from quantlab.teach.access import LIVE
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures import note
from quantlab.teach.pictures.drawing import Canvas
from tests.support.contrast import faint


def words(explorer: Explorer) -> str:
    return explorer.words.value


def test_the_ruler_starts_with_the_missions_example():
    explorer = explore_ruler().widget
    for number in ("scale 0.02313725", "zero_point 39", "qmin 0", "qmax 255", "q(x) 52"):
        assert number in words(explorer)


@pytest.mark.parametrize(
    ("control", "value", "said"),
    [
        ("lo", -2.0, "range −2 to 5"),
        ("hi", 1.0, "range −0.9 to 1"),
        ("dtype", "int4", "16 ticks"),
        ("scheme", "symmetric", "symmetric uint8 ruler"),
        ("x", 7.0, "off the ruler"),
    ],
)
def test_every_control_moves_the_picture_and_the_words(control, value, said):
    explorer = explore_ruler().widget
    before = explorer.picture.value
    explorer.controls[control].value = value
    assert explorer.picture.value != before
    assert said in words(explorer)


def test_every_dtype_and_scheme_can_be_drawn():
    explorer = explore_ruler().widget
    for dtype in DTYPES:
        for scheme in SCHEMES:
            explorer.controls["dtype"].value = dtype
            explorer.controls["scheme"].value = scheme
            assert f"{scheme} {dtype} ruler" in words(explorer)


def test_lo_above_hi_is_one_sentence_and_the_next_move_goes_on():
    explorer = explore_ruler().widget
    explorer.controls["hi"].value = -2.0
    assert "lo is -0.9 and hi is -2, but a range runs upwards" in words(explorer)
    explorer.controls["lo"].value = -3.0
    assert "range −3 to −2" in words(explorer)


def test_lo_equal_to_hi_and_zero_is_a_ruler_too():
    explorer = explore_ruler().widget
    explorer.controls["lo"].value = 0.0
    explorer.controls["hi"].value = 0.0
    assert "In numbers: scale 1," in words(explorer)


def test_the_words_are_a_live_region_and_the_picture_is_not_read_twice():
    explorer = explore_ruler().widget
    assert words(explorer).startswith(LIVE)
    assert explorer.picture.value.startswith('<div aria-hidden="true"><svg')


@pytest.mark.parametrize("lesson", ["01", "02", "05", "06", "08", "10"])
def test_letters_stand_out_in_a_light_and_in_a_dark_theme(lesson, monkeypatch):
    drawn = []

    def finish(canvas, text, original=Canvas.finish):
        drawn.append(original(canvas, text))
        return drawn[-1]

    monkeypatch.setattr(Canvas, "finish", finish)
    module = import_module(f"quantlab.lessons.lesson_{lesson}")
    for name in dir(module):
        if name.startswith("explore_"):
            getattr(module, name)()
    assert drawn
    assert [said for drawing in drawn for said in faint(drawing.svg)] == []


def test_every_control_has_a_label_and_sliders_follow_while_dragged():
    for twin in (explore_ruler(), explore_size()):
        for control in twin.widget.controls.values():
            assert control.description
            assert getattr(control, "continuous_update", True)


def test_an_exception_is_said_and_raised():
    class Broken(Explorer):
        def draw(self, x):
            if x > 1:
                raise ZeroDivisionError("no steps")
            return note("fine")

    explorer = Broken({"x": widgets.FloatSlider(0.0)})
    with pytest.raises(ZeroDivisionError, match="no steps"):
        explorer.controls["x"].value = 2.0
    assert "ZeroDivisionError: no steps" in words(explorer)
    assert explorer.picture.value == ""


def test_a_subclass_without_a_drawing_is_told_so():
    with pytest.raises(NotImplementedError, match="Explorer has no draw method"):
        Explorer({})


def test_the_rulers_twin_shows_three_rulers():
    twin = explore_ruler()
    assert twin.text.startswith("3 rulers to one measure. UINT8, asymmetric: 256 ticks")
    assert twin.html.startswith("<img alt=")


def test_the_size_explorer_shows_the_missions_figures():
    explorer = explore_size().widget
    assert "FP32, 45,000,000 weights: 180 MB" in words(explorer)
    assert "stored as int8: 45 MB, 4.00 times smaller" in words(explorer)
    explorer.controls["parameters"].value = 75_000_000
    assert "75 MB" in words(explorer)


def test_every_part_of_the_size_is_counted():
    explorer = explore_size(parameters=10_000, dtype="int4", channels=900, kept=12).widget
    # 1,200 weights stay FP32: 4,800 bytes. 8,800 weights packed two to a byte: 4,400 bytes.
    # 900 channels: int32 biases and float32 scales 3,600 bytes each, int4 zero_points 450.
    said = (
        "weights 4.4 kB, biases 3.6 kB, scales 3.6 kB, zero_points 450 bytes, kept in FP32 4.8 kB"
    )
    assert said in words(explorer)


@pytest.mark.parametrize(("dtype", "kept"), [("float16", 0.0), ("int8", 100.0)])
def test_without_integers_there_are_no_rulers(dtype, kept):
    assert "scales" not in explore_size(dtype=dtype, kept=kept).text


@pytest.mark.parametrize(
    "arguments", [{"lo": -9.0}, {"x": 100.0}, {"lo": 2.0, "hi": 1.0}, {"dtype": "int5"}]
)
def test_a_ruler_refuses_an_impossible_start(arguments):
    with pytest.raises(ValueError, match=r"sliders run|runs upwards|dtype is"):
        explore_ruler(**arguments)


@pytest.mark.parametrize(
    "arguments", [{"parameters": 1}, {"channels": 0}, {"kept": 101.0}, {"dtype": "int5"}]
)
def test_a_size_refuses_an_impossible_start(arguments):
    with pytest.raises(ValueError, match=r"slider runs|dtype is"):
        explore_size(**arguments)
