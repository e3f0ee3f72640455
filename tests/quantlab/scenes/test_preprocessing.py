"""Preprocessing: arithmetic against float64, JSON there and back, refusals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.scenes import Preprocessing

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), np.uint8)
FINITE = st.floats(-4, 4, allow_nan=False, width=32)
ABOVE_0 = st.floats(2**-6, 4, width=32)


@given(st.tuples(FINITE, FINITE, FINITE), st.tuples(ABOVE_0, ABOVE_0, ABOVE_0))
def test_values_are_pixel_times_scale_minus_mean_over_std(mean, std):
    """Scale, product, mean and difference each round once to float32 (2^-24 relative), then std
    and the quotient: 6 roundings of numbers up to (1 + |mean|) / std."""
    made = Preprocessing(20, 30, mean=mean, std=std).batch(list(PIXELS))
    exact = (PIXELS.astype(np.float64) / 255 - np.array(mean)) / np.array(std)
    bound = 6 * 2.0**-24 * (1 + np.abs(mean)) / np.array(std)
    error = np.abs(made.transpose(0, 2, 3, 1) - exact)
    assert (error <= bound).all()


def test_layouts_are_each_other_transposed():
    nchw = Preprocessing(20, 30).batch(list(PIXELS))
    nhwc = Preprocessing(20, 30, layout="NHWC").batch(list(PIXELS))
    assert nchw.shape == (3, 3, 20, 30)
    assert nchw.dtype == nhwc.dtype == np.float32
    assert nchw.flags.c_contiguous
    np.testing.assert_array_equal(nchw, nhwc.transpose(0, 3, 1, 2))


def test_a_picture_of_another_size_is_resized():
    """A constant stays constant; a left-right ramp stays one; sizes may differ in a batch."""
    flat = np.full((50, 40, 3), 200, np.uint8)
    ramp = np.broadcast_to(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], (10, 64, 3))
    made = Preprocessing(16, 16, scale=1).batch([flat, ramp])
    assert made.shape == (2, 3, 16, 16)
    assert (made[0] == 200).all()
    assert (np.diff(made[1], axis=-1) > 0).all()


def test_batches_cover_all_pictures_in_order():
    way = Preprocessing(20, 30)
    parts = list(way.batches(iter(PIXELS), size=2))
    assert [len(part) for part in parts] == [2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), way.batch(list(PIXELS)))


@given(
    st.builds(
        Preprocessing,
        height=st.integers(1, 999),
        width=st.integers(1, 999),
        scale=st.floats(1e-6, 10),
        mean=st.tuples(FINITE, FINITE, FINITE),
        std=st.tuples(ABOVE_0, ABOVE_0, ABOVE_0),
        layout=st.sampled_from(("NCHW", "NHWC")),
    )
)
def test_json_there_and_back(way):
    assert Preprocessing.from_json(way.to_json()) == way


@pytest.mark.parametrize(
    "change", [{"extra": 1}, {"mean": None}, {"std": [0, 1, 1]}, {"layout": "CHW"}]
)
def test_json_of_something_else_is_refused(change):
    data = json.loads(Preprocessing().to_json()) | change
    with pytest.raises(ValueError, match=r"exactly the keys|finite number|above 0|choose NCHW"):
        Preprocessing.from_dict(data)


def test_text_that_is_no_json_is_refused():
    with pytest.raises(ValueError, match="no preprocessing, since it is no JSON"):
        Preprocessing.from_json("{")


@pytest.mark.parametrize("data", [{}, [], {"height": 3}])
def test_missing_keys_are_named(data):
    with pytest.raises(ValueError, match="has exactly the keys"):
        Preprocessing.from_dict(data)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"height": 0}, "1 or more"),
        ({"width": 2.5}, "whole numbers of pixels"),
        ({"scale": 0}, "above 0"),
        ({"scale": "1"}, "a finite number above 0"),
        ({"std": (1, 0, 1)}, "above 0"),
        ({"mean": (0, 0)}, "finite number for each"),
        ({"mean": (0, 0, float("nan"))}, "finite"),
        ({"layout": "HWC"}, "choose NCHW or NHWC"),
    ],
)
def test_bad_settings_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        Preprocessing(**settings)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ValueError, match="uint8 are expected"):
        Preprocessing().batch([image])


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="There is no picture"):
        Preprocessing().batch([])
    with pytest.raises(ValueError, match="at least one picture"):
        list(Preprocessing().batches([PIXELS[0]], size=0))
