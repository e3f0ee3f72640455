"""The fitted relation, against relations made by hand and numpy's own line fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.analysis.pixel_relation import ORIENTATIONS, coarse, pixel_relation


def pictures(seed, shape=(3, 3, 12, 12)):
    """Channels that resemble each other, as in photographs: correlation about 0.8."""
    rng = np.random.default_rng(seed)
    shared = rng.random((shape[0], 1, *shape[2:]))
    return (shared + 0.5 * rng.random(shape)).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(
    order=st.permutations(range(3)),
    orientation=st.sampled_from(list(ORIENTATIONS)),
    scale=st.lists(st.sampled_from([-2.0, 1 / 255, 0.5, 1.0, 4.4, 255.0]), min_size=3, max_size=3),
    offset=st.lists(st.floats(-300, 300), min_size=3, max_size=3),
    seed=st.integers(0, 99),
)
def test_it_recovers_what_was_done(order, orientation, scale, offset, seed):
    first = pictures(seed).astype(np.float64)
    a, b = (np.array(x).reshape(3, 1, 1) for x in (scale, offset))
    second = a * ORIENTATIONS[orientation](first)[:, order] + b
    found = pixel_relation(first, second)
    assert (found.orientation, found.order, found.pixelwise) == (orientation, tuple(order), True)
    # A value up to 300 is rounded to 300 * 2^-53 in float64, against a spread of at least
    # 0.3 / 255: relative 3e-11, and the sums of 432 terms add no more than 432 such roundings.
    np.testing.assert_allclose(found.scale, scale, rtol=1e-6)
    np.testing.assert_allclose(found.offset, offset, rtol=1e-6, atol=1e-6 * np.abs(scale).max())
    assert found.unexplained < 1e-6


def test_scale_and_offset_are_the_least_squares_line():
    rng = np.random.default_rng(1)
    first = pictures(1)
    second = first * 3 + 1 + rng.normal(0, 0.005, first.shape)
    found = pixel_relation(first, second)
    for c in range(3):
        slope, intercept = np.polyfit(first[:, c].ravel(), second[:, c].ravel(), 1)
        assert found.scale[c] == pytest.approx(slope, rel=1e-6)
        assert found.offset[c] == pytest.approx(intercept, rel=1e-6)


def test_equal_channels_keep_their_order():
    grey = np.repeat(pictures(2)[:, :1], 3, axis=1)
    assert not pixel_relation(grey, grey[:, ::-1]).reordered


def test_a_symmetric_picture_is_not_called_mirrored():
    half = pictures(3)
    both = np.concatenate([half, half[..., ::-1]], axis=3)
    assert pixel_relation(both, both[..., ::-1]).orientation == ""


def test_constant_channels_differ_by_their_offset():
    found = pixel_relation(np.zeros((2, 3, 4, 4)), np.full((2, 3, 4, 4), 7.0))
    assert (found.scale, found.offset) == ((1, 1, 1), (7, 7, 7))


@pytest.mark.parametrize(("height", "width"), [(5, 9), (16, 24), (37, 50), (8, 8)])
def test_coarse_tiles_keep_the_mean_and_cover_every_pixel(height, width):
    x = np.random.default_rng(0).random((2, 3, height, width))
    tiles = coarse(x)
    assert tiles.shape == (2, 3, min(8, height), min(8, width))
    # Tiles are equally large, so the mean of tiles is the mean of pixels; ~1e3 float64 additions.
    np.testing.assert_allclose(tiles.mean((2, 3)), x.mean((2, 3)), rtol=1e-12)


def test_coarse_tiles_of_a_multiple_are_block_means():
    x = np.random.default_rng(0).random((2, 1, 16, 24))
    blocks = x.reshape(2, 1, 8, 2, 8, 3).mean(axis=(3, 5))
    np.testing.assert_allclose(coarse(x), blocks, rtol=1e-12)


def test_many_channels_are_tried_in_the_plain_and_the_reverse_order():
    first = np.random.default_rng(0).random((2, 6, 8, 8))
    assert pixel_relation(first, first[:, ::-1]).order == (5, 4, 3, 2, 1, 0)
