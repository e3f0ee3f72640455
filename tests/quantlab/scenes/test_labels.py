"""Which objects are labelled: each limit from both sides, on pixels set by hand."""

import numpy as np
import pytest

from quantlab.scenes.labels import Box, Drawn, box_of, can_be_labelled

OWNER = 40


def owners_with(*areas: tuple[int, int, int, int]) -> np.ndarray:
    """100 x 100 pixels; areas (left, top, right, bottom) belong to the object."""
    owners = np.zeros((100, 100), np.uint8)
    for left, top, right, bottom in areas:
        owners[top:bottom, left:right] = OWNER
    return owners


def drawn(pixels: int) -> Drawn:
    return Drawn(OWNER, 3, (0.0, 0.0, 100.0, 100.0), pixels)


def test_the_box_is_tight_around_all_that_is_seen():
    owners = owners_with((20, 30, 26, 40), (50, 35, 60, 44))
    assert box_of(drawn(150), owners) == Box(3, 20.0, 30.0, 40.0, 14.0)


def test_pixels_of_others_do_not_count():
    owners = owners_with((20, 30, 30, 40))
    owners[0:20, 0:90] = OWNER + 1
    assert box_of(drawn(100), owners) == Box(3, 20.0, 30.0, 10.0, 10.0)


@pytest.mark.parametrize(("size", "labelled"), [((8, 8), True), ((8, 7), False), ((16, 4), True),
                                                 ((30, 3), False), ((3, 30), False)])  # fmt: skip
def test_small_ones_are_left_out(size, labelled):
    width, height = size
    owners = owners_with((10, 10, 10 + width, 10 + height))
    assert bool(box_of(drawn(width * height), owners)) is labelled


@pytest.mark.parametrize(("covered", "labelled"), [(64, True), (66, False), (100, False)])
def test_covered_ones_are_left_out(covered, labelled):
    """Of 1,000 pixels 10 rows of 100; 65 % may be covered."""
    owners = owners_with((0, 0, 100 - covered, 10))
    assert bool(box_of(drawn(1000), owners)) is labelled


@pytest.mark.parametrize(
    ("extent", "labelled"),
    [
        ((10.0, 10.0, 30.0, 30.0), True),
        ((-85.0, 10.0, 15.5, 30.0), True),  # 15.4 % of its width is inside
        ((-85.0, 10.0, 14.5, 30.0), False),
        ((-50.0, 10.0, -10.0, 30.0), False),
        ((-50.0, -50.0, -10.0, -10.0), False),  # outside both ways: two minus signs make no area
        ((10.0, 120.0, 30.0, 140.0), False),
        ((10.0, 10.0, 17.0, 17.0), False),
    ],
)
def test_only_what_is_in_the_picture_can_be_labelled(extent, labelled):
    assert can_be_labelled(extent, 100, 100) is labelled
