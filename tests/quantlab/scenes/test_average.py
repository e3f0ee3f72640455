"""Means of drawn pixels under a veil, against Pillow and against whole-number division."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from quantlab.scenes.average import ROWS, averaged


def by_pillow(drawn: np.ndarray, veil: np.ndarray) -> np.ndarray:
    small = Image.fromarray(np.ascontiguousarray(drawn[..., :3])).reduce(2)
    grey = Image.fromarray(veil)
    return np.asarray(ImageChops.multiply(small, Image.merge("RGB", (grey, grey, grey))))


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 40))
def test_equal_to_pillow(seed, height, width):
    random = np.random.default_rng(seed)
    drawn = random.integers(0, 256, (2 * height, 2 * width, 4), np.uint8)
    veil = random.integers(0, 256, (height, width), np.uint8)
    np.testing.assert_array_equal(averaged(drawn, veil), by_pillow(drawn, veil))


@pytest.mark.parametrize("height", [ROWS - 1, ROWS, ROWS + 1, 2 * ROWS + 3])
def test_rows_meet_where_one_part_ends(height):
    random = np.random.default_rng(height)
    drawn = random.integers(0, 256, (2 * height, 10, 4), np.uint8)
    veil = random.integers(0, 256, (height, 5), np.uint8)
    np.testing.assert_array_equal(averaged(drawn, veil), by_pillow(drawn, veil))


def test_every_product_is_divided_as_whole_numbers_are():
    grey, veil = (side.astype(np.uint8) for side in np.indices((256, 256)))
    drawn = np.repeat(np.repeat(grey, 2, 0), 2, 1)[..., None].repeat(4, 2)
    expected = grey.astype(int) * veil // 255
    np.testing.assert_array_equal(np.asarray(averaged(drawn, veil))[..., 1], expected)


def test_the_fourth_band_is_dropped():
    drawn = np.zeros((2, 2, 4), np.uint8)
    drawn[..., 3] = 255
    assert averaged(drawn, np.full((1, 1), 255, np.uint8)).getpixel((0, 0)) == (0, 0, 0)
