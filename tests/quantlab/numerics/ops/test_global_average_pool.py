"""global_average_pool gives the integers of ONNX Runtime's kernel, or of ONNX's definition."""

import numpy as np
import pytest

from quantlab.numerics import QParams
from quantlab.numerics.ops import global_average_pool
from tests.support.operator_cases import far_from_ties, random_integers, random_ruler
from tests.support.operator_models import (
    fused_operators,
    kernel_integers,
    qdq_model,
    session_options,
)


def random_case(rng, dtype):
    shape = tuple(int(n) for n in rng.integers(1, 13, rng.integers(3, 6)))
    x_qparams = random_ruler(rng, dtype)
    # Powers of two make ties, also after the division by 2, 4 or 8 values.
    ratio = 2.0 ** rng.integers(-4, 1) if rng.random() < 0.5 else rng.uniform(0.05, 1.0)
    y = random_ruler(rng, dtype, float(x_qparams.scale) * ratio)
    return random_integers(rng, shape, dtype), x_qparams, y


def model_of(x, x_qparams, y):
    return qdq_model("GlobalAveragePool", [(x, x_qparams)], [], y)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_onnx_runtimes(dtype):
    rng = np.random.default_rng(22)
    for _ in range(250):
        case = random_case(rng, dtype)
        theirs = kernel_integers(model_of(*case), case[2], case[0])
        np.testing.assert_array_equal(global_average_pool(*case), theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_fused_it(dtype):
    model = model_of(*random_case(np.random.default_rng(0), dtype))
    names = fused_operators(model, session_options(int8=dtype == "int8"))
    assert "QLinearGlobalAveragePool" in names


@pytest.mark.parametrize("contract", ["onnxruntime", "onnx"])
def test_the_integers_are_those_of_exact_means_away_from_ties(contract):
    """The mean in integers, divided once in float64, is the truth; float32 comes close to it.

    n additions and three other float32 operations each lose at most half a unit in the last place,
    2^-24, of numbers up to the sum of all magnitudes: in ticks, (n + 3) * 2^-24 times the mean
    magnitude. Two more units are for the quotient of the scales and the tick's own size.
    """
    rng = np.random.default_rng(23)
    compared = 0
    for _ in range(100):
        x, x_qparams, y = random_case(rng, "uint8")
        steps = (x.astype(np.int64) - int(x_qparams.zero_point)).reshape(*x.shape[:2], -1)
        per_step = float(x_qparams.scale) / float(y.scale)
        ticks = steps.mean(axis=-1) * per_step
        error = (steps.shape[-1] + 5) * 2.0**-24 * np.abs(steps).mean(axis=-1) * per_step
        ours = global_average_pool(x, x_qparams, y, contract=contract).reshape(ticks.shape)
        exact = np.clip(np.rint(ticks) + int(y.zero_point), y.qmin, y.qmax)
        sure = far_from_ties(ticks, error)
        np.testing.assert_array_equal(ours[sure], exact[sure])
        compared += int(sure.sum())
    assert compared > 1000


def test_the_kernel_is_one_tick_from_the_definition_at_most():
    rng = np.random.default_rng(28)
    seen = 0
    for _ in range(400):
        case = random_case(rng, "uint8")
        apart = global_average_pool(*case).astype(int) - global_average_pool(*case, contract="onnx")
        assert np.abs(apart).max() <= 1
        seen += int(np.count_nonzero(apart))
    assert seen > 0


U8 = QParams(0.1, 0, "uint8")


@pytest.mark.parametrize(
    ("x", "x_qparams", "y", "contract", "words"),
    [
        ([[1, 2]], U8, U8, "onnx", "a pool reads \\(N, C, \\*spatial\\)"),
        ([[[1.0]]], U8, U8, "onnx", "x has dtype float64"),
        ([[[1]]], QParams([0.1], 0, "uint8", axis=1), U8, "onnx", "x_qparams is per-channel"),
        ([[[1]]], U8, U8, "tflite", "contract is 'tflite'"),
        ([[[1]]], U8, QParams(1e-4, 0, "uint8"), "onnxruntime", "2\\^-32 to 256 only"),
    ],
)
def test_bad_input_gets_a_sentence(x, x_qparams, y, contract, words):
    with pytest.raises(ValueError, match=words):
        global_average_pool(x, x_qparams, y, contract=contract)
