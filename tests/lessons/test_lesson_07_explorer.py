"""Lesson 07: its explorer and its picture say in words what they show."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from quantlab.analysis.layer_error import LayerError, LayerErrors
from quantlab.analysis.tensor_error import EDGES, TensorError
from quantlab.lessons.lesson_07 import explore_layers, layer_picture
from quantlab.lessons.lesson_07.explorer import ACCUMULATED, ALONE
from quantlab.lessons.lesson_07.material.layer_picture import BOTTOM, TOP, height_of


def _error(db: float, rms: float) -> TensorError:
    counts = [0] * (len(EDGES) - 1)
    counts[30:34] = [10, 40, 40, 10]
    return TensorError(100, db, 4 * rms, rms, 0.0, tuple(counts))


def _layer(name: str, alone: float, accumulated: float, clipped: float = 0.0) -> LayerError:
    both = _error(alone, 0.3), _error(accumulated, 2.5)
    return LayerError(name, name, "Conv", 0.1, *both, clipped)


GOOD = LayerErrors(
    (_layer("enter", 31, 31), _layer("middle", 33, 28), _layer("head", 42, 27)), (("y", 27.0),), 2
)
BAD = replace(
    GOOD, layers=(_layer("enter", 9, 9, 0.25), _layer("middle", 33, 7), _layer("head", 42, 8))
)
BOTH = {"good": GOOD, "riddle": BAD}


def _text(explorer, **values) -> str:
    for name, value in values.items():
        explorer.controls[name].value = value
    return re.sub(r"<[^>]*>", " ", explorer.words.value)


def test_the_explorer_tells_the_culprit_from_its_heirs() -> None:
    explorer = explore_layers(BOTH).widget
    said = _text(explorer, model="riddle", layer=0)
    assert "enter (Conv). Alone it has 9.0 dB, accumulated 9.0 dB" in said
    assert "25.0% of its values are clipped" in said
    said = _text(explorer, layer=1)
    assert "middle (Conv). Alone it has 33.0 dB, accumulated 7.0 dB" in said


def test_the_histogram_follows_the_choice() -> None:
    explorer = explore_layers(BOTH).widget
    assert "root mean square 0.30 ticks" in _text(explorer, which=ALONE)
    assert "root mean square 2.50 ticks, the largest 10.0" in _text(explorer, which=ACCUMULATED)


def test_the_slider_is_as_long_as_the_model() -> None:
    controls = explore_layers(BOTH, "riddle", 2).widget.controls
    assert (controls["model"].value, controls["layer"].value) == ("riddle", 2)
    assert controls["layer"].max == 2


@pytest.mark.parametrize(
    ("errors", "start", "said"),
    [
        ({}, {}, "no errors"),
        (BOTH, {"model": "third"}, "model is 'third'"),
        (BOTH, {"layer": 3}, "there are 0 to 2"),
        ({"a": GOOD, "b": replace(GOOD, layers=GOOD.layers[:2])}, {}, "other layers"),
    ],
)
def test_a_start_that_is_not_there_is_refused(errors, start, said) -> None:
    with pytest.raises(ValueError, match=said):
        explore_layers(errors, **start)


def test_the_static_twin_says_both_kinds_of_error() -> None:
    twin = explore_layers(BOTH, "riddle")
    assert twin.html.count("<img alt=") == 2
    assert ALONE in twin.text
    assert ACCUMULATED in twin.text


def test_fifty_layers_are_drawn_within_a_frame_or_three() -> None:
    layers = tuple(_layer(f"layer.{n}", 30 + n % 9, 25 - n % 5) for n in range(50))
    explorer = explore_layers({"large": replace(GOOD, layers=layers)}).widget
    started = time.process_time()
    for layer in range(1, 21):
        explorer.controls["layer"].value = layer
    assert (time.process_time() - started) / 20 < 0.05


def test_the_picture_names_the_worst_and_the_next() -> None:
    drawing = layer_picture(BAD)
    assert "3 layers" in drawing.text
    assert "Worst alone: enter with 9.0 dB; the next one, middle, has 33.0 dB" in drawing.text
    assert drawing.svg.count("<circle") == 3


def test_more_decibels_stand_higher_and_all_within_the_picture() -> None:
    heights = [height_of(db) for db in (-5.0, 0.0, 20.0, 50.0, 80.0, float("inf"))]
    assert heights == sorted(heights, reverse=True)
    assert (max(heights), min(heights)) == (BOTTOM, TOP)
    assert height_of(float("-inf")) == BOTTOM


@pytest.mark.parametrize(
    ("chosen", "ends"), [(0, ["last"]), (1, ["first", "last"]), (2, ["first"])]
)
def test_the_chosen_layer_stands_under_its_line(chosen, ends) -> None:
    svg = explore_layers(BOTH, "good", chosen).widget.picture.value
    assert [end for end in ("first", "last") if f"{end} layer" in svg] == ends
