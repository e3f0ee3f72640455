"""softmax gives the integers of ONNX Runtime's kernel, or of ONNX's definition."""

import numpy as np
import pytest

from quantlab.numerics import QParams, dequantize
from quantlab.numerics.ops import softmax
from tests.support.operator_cases import far_from_ties, random_integers, random_ruler
from tests.support.operator_models import (
    fused_operators,
    kernel_integers,
    qdq_model,
    session_options,
)

SCALES = (1 / 256, 1 / 255, None, 2.0**-13, 3.0)  # None is any scale


def random_case(rng, dtype):
    shape = tuple(int(n) for n in rng.integers(1, 33, rng.integers(1, 4)))
    scale = SCALES[int(rng.integers(len(SCALES)))] or float(rng.uniform(1e-3, 2e-2))
    y = random_ruler(rng, dtype, scale)
    if rng.random() < 0.5:  # where softmax usually has it: 0.0 is the lowest integer
        y = QParams(scale, y.qmin, dtype)
    axis = int(rng.integers(-len(shape), len(shape)))
    return random_integers(rng, shape, dtype), random_ruler(rng, dtype), y, axis


def model_of(x, x_qparams, y, axis):
    return qdq_model("Softmax", [(x, x_qparams)], [], y, axis=axis)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_onnx_runtimes(dtype):
    rng = np.random.default_rng(34)
    for _ in range(200):
        x, x_qparams, y, axis = case = random_case(rng, dtype)
        theirs = kernel_integers(model_of(*case), y, x)
        np.testing.assert_array_equal(softmax(x, x_qparams, y, axis=axis), theirs)


def test_many_levels_next_to_ties_are_onnx_runtimes():
    # 2^12 to 2^15 levels and many rows: wherever a step rounds, some outputs fall next to a tie.
    rng = np.random.default_rng(35)
    for _ in range(40):
        x = random_integers(rng, (1500, int(rng.integers(17, 64))), "uint8")
        x_qparams = QParams(float(rng.uniform(0.0005, 0.02)), 0, "uint8")
        y = QParams(2.0 ** -int(rng.integers(12, 16)), 0, "uint8")
        theirs = kernel_integers(model_of(x, x_qparams, y, -1), y, x)
        np.testing.assert_array_equal(softmax(x, x_qparams, y), theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_fused_it(dtype):
    model = model_of(*random_case(np.random.default_rng(0), dtype))
    names = fused_operators(model, session_options(int8=dtype == "int8"))
    assert "QLinearSoftmax" in names


def test_the_kernel_is_one_tick_from_the_definition_at_most():
    """The one documented exception to "the runtime computes what its graph says".

    The kernel computes with floor(1 / scale) levels, less than one level away from 1 / scale, so
    that the real ticks differ by less than 1 and the rounded ones by 1 at most.
    """
    rng = np.random.default_rng(36)
    seen = 0
    for _ in range(100):
        x, x_qparams, y, axis = random_case(rng, "uint8")
        apart = np.abs(
            softmax(x, x_qparams, y, axis=axis).astype(int)
            - softmax(x, x_qparams, y, axis=axis, contract="onnx")
        )
        assert apart.max() <= 1
        seen += int(apart.sum())
    assert seen > 0


def test_the_definition_is_exact_away_from_ties():
    """float64 is the truth; it is rounded to float32 once and once more when it is divided: 1.5
    units of 2^-24 of a number up to 1, in ticks 1 / y.scale times as much.
    """
    rng = np.random.default_rng(37)
    for _ in range(60):
        x, x_qparams, y, axis = random_case(rng, "int8")
        powers = np.exp(dequantize(x, x_qparams).astype(np.float64))
        ticks = powers / powers.sum(axis=axis, keepdims=True) / float(y.scale)
        sure = far_from_ties(ticks, 1.5 * 2.0**-24 / float(y.scale))
        exact = np.clip(np.rint(ticks) + int(y.zero_point), y.qmin, y.qmax)
        ours = softmax(x, x_qparams, y, axis=axis, contract="onnx")
        np.testing.assert_array_equal(ours[sure], exact[sure])


U8 = QParams(0.1, 0, "uint8")


@pytest.mark.parametrize(
    ("x", "x_qparams", "how", "words"),
    [
        ([1.0], U8, {}, "x has dtype float64"),
        ([1], QParams(0.1, 0, "int16"), {}, "x_qparams is int16"),
        ([1], U8, {"axis": 1}, "axis is 1, but x has 1 dimension"),
        ([1], QParams([0.1], 0, "uint8", axis=0), {}, "x_qparams is per-channel"),
        ([1], U8, {"contract": "tflite"}, "contract is 'tflite'"),
    ],
)
def test_bad_input_gets_a_sentence(x, x_qparams, how, words):
    with pytest.raises(ValueError, match=words):
        softmax(x, x_qparams, U8, **how)
