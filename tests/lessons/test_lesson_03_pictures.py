"""Lesson 03: its explorer and its picture say in words what they show, and count right."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from quantlab.lessons.catalogue import find
from quantlab.lessons.lesson_03 import channel_lines, explore_channels
from quantlab.lessons.lesson_03.explorer import ONE, OWN

WEIGHT = np.array(
    [[127.0, -60.0], [0.4, -0.3], [0.0, 0.0], [30.0, 0.2], [0.9, 0.1]], np.float32
).reshape(5, 1, 1, 2)
NAMES = {"first": WEIGHT, "second": WEIGHT[:2]}


def _text(explorer, **values) -> str:
    for name, value in values.items():
        explorer.controls[name].value = value
    return re.sub(r"<[^>]*>", " ", explorer.words.value)


def test_the_explorer_shows_a_channel_vanish_and_come_back() -> None:
    explorer = explore_channels(NAMES, channel=1).widget
    said = _text(explorer)
    assert "Every one becomes 0: this channel has vanished" in said
    assert f"In this layer {len(find('3.4').oracle(WEIGHT, 8))} channels become all zero" in said
    back = _text(explorer, granularity=OWN)
    assert "0 of them become 0" in back
    assert "In this layer 0 channels" in back


@pytest.mark.parametrize("bits", [8, 6, 4, 3, 2])
def test_the_explorer_counts_what_the_exercise_counts(bits: int) -> None:
    explorer = explore_channels(NAMES).widget
    said = _text(explorer, bits=bits, granularity=ONE)
    assert f"In this layer {len(find('3.4').oracle(WEIGHT, bits))} channels" in said


def test_a_channel_of_zeros_has_not_vanished() -> None:
    said = _text(explore_channels(NAMES, channel=2).widget, granularity=OWN)
    assert "2 of them become 0" in said
    assert "vanished" not in said


def test_the_slider_is_as_long_as_the_layer() -> None:
    explorer = explore_channels(NAMES, channel=4).widget
    said = _text(explorer, layer="second")
    assert (explorer.controls["channel"].value, explorer.controls["channel"].max) == (1, 1)
    assert "second, channel 1" in said
    _text(explorer, layer="first")
    assert explorer.controls["channel"].max == 4


def test_a_large_layer_is_drawn_within_a_frame_or_three() -> None:
    rng = np.random.default_rng(0)
    large = {"large": rng.normal(size=(960, 1, 3, 3)).astype(np.float32)}
    explorer = explore_channels(large).widget
    started = time.process_time()
    for channel in range(1, 21):
        explorer.controls["channel"].value = channel
    assert (time.process_time() - started) / 20 < 0.05


@pytest.mark.parametrize(
    ("weights", "start", "said"),
    [
        ({}, {}, "no weights"),
        (NAMES, {"layer": "third"}, "layer is 'third'"),
        (NAMES, {"channel": 5}, "has 0 to 4"),
    ],
)
def test_a_start_that_is_not_there_is_refused(weights, start, said) -> None:
    with pytest.raises(ValueError, match=said):
        explore_channels(weights, **start)


def test_the_static_twin_says_both_rulers() -> None:
    twin = explore_channels(NAMES, channel=1)
    assert twin.html.count("<img alt=") == 2
    assert ONE in twin.text
    assert OWN in twin.text


def test_the_lines_name_the_channels_that_are_lost() -> None:
    one = channel_lines(WEIGHT, range(5))
    assert "1 of them become all zero, 1." in one.text
    assert "all zero" in one.svg
    own = channel_lines(WEIGHT, range(5), own=True)
    assert "become all zero" not in own.text


def test_the_lines_count_the_values_that_are_left() -> None:
    """Channel 3 on the common ruler: 30 and, from 0.2, 0."""
    drawing = channel_lines(WEIGHT, [3])
    assert drawing.svg.count("<circle") == 2
