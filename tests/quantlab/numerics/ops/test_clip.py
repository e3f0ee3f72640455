"""relu and clip on integers are Relu and Clip on real numbers, and when both are redundant."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.numerics import QParams, quantize
from quantlab.numerics.ops import clip, clip_is_redundant, relu
from tests.support.operator_cases import random_integers, random_ruler
from tests.support.operator_models import integers, qdq_model, run_in_runtime

LIMITS = st.none() | st.floats(-20, 20, width=32)


def ordered(low, high):
    return (high, low) if None not in (low, high) and low > high else (low, high)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_those_of_clipping_real_numbers(dtype):
    # ONNX Runtime computes Relu and Clip between one ruler in float32: the definition itself.
    rng = np.random.default_rng(40)
    for _ in range(100):
        x, ruler = random_integers(rng, (200,), dtype), random_ruler(rng, dtype)
        theirs = run_in_runtime(qdq_model("Relu", [(x, ruler)], [], ruler), x)
        np.testing.assert_array_equal(relu(x, ruler), integers(theirs, ruler))
        low, high = np.sort(rng.uniform(-8, 8, 2)).astype(np.float32)
        model = qdq_model("Clip", [(x, ruler)], [], ruler, settings=[low, high])
        theirs = integers(run_in_runtime(model, x), ruler)
        np.testing.assert_array_equal(clip(x, ruler, low, high), theirs)


def test_relu_is_clip_from_zero():
    x, ruler = np.arange(-128, 128), QParams(0.3, -5, "int8")
    np.testing.assert_array_equal(relu(x, ruler), clip(x, ruler, 0.0))
    np.testing.assert_array_equal(clip(x, ruler), x)


@given(st.floats(2.0**-10, 8, width=32), st.integers(0, 255), LIMITS, LIMITS, st.data())
def test_a_ruler_that_clips_gives_the_same_integers_without_the_clip(scale, z, low, high, data):
    y = QParams(scale, z, "uint8")
    low, high = ordered(low, high)
    lowest, highest = (-np.inf if low is None else low), (np.inf if high is None else high)
    drawn = data.draw(st.lists(st.floats(-3000, 3000, width=32), min_size=1))
    real = np.array([*drawn, -3000, 3000], np.float32)
    without, with_clip = quantize(real, y), quantize(np.clip(real, lowest, highest), y)
    # -3000 and 3000 are beyond every ruler drawn here: they show every clip that does something.
    assert clip_is_redundant(y, low, high) == np.array_equal(without, with_clip)


U8 = QParams(0.1, 0, "uint8")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: clip([1], U8, 2.0, 1.0), "low is 2.0 and high is 1.0"),
        (lambda: clip_is_redundant(U8, 2.0, 1.0), "low is 2.0 and high is 1.0"),
        (lambda: clip([1], U8, np.nan), "must be a finite float32"),
        (lambda: clip([1.0], U8), "x has dtype float64"),
        (lambda: relu([1.0], U8), "x has dtype float64"),
        (lambda: relu([1], QParams([0.1], 0, "uint8", axis=0)), "x_qparams is per-channel"),
    ],
)
def test_bad_input_gets_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
