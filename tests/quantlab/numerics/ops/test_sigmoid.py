"""sigmoid gives the integers of ONNX Runtime's table, or of ONNX's definition."""

import numpy as np
import pytest

from quantlab.numerics import QParams, dequantize
from quantlab.numerics.ops import sigmoid
from tests.support.operator_cases import far_from_ties, random_ruler
from tests.support.operator_models import (
    fused_operators,
    kernel_integers,
    qdq_model,
    session_options,
)


def random_case(rng, dtype):
    """Every integer of the type, on any ruler; outputs on fine rulers, 1/256 often among them."""
    x_qparams = random_ruler(rng, dtype, float(rng.uniform(0.005, 0.3)))
    y = random_ruler(rng, dtype, 1 / 256 if rng.random() < 0.3 else float(rng.uniform(1e-3, 8e-3)))
    return np.arange(x_qparams.qmin, x_qparams.qmax + 1).astype(dtype), x_qparams, y


def model_of(x, x_qparams, y):
    return qdq_model("Sigmoid", [(x, x_qparams)], [], y)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_onnx_runtimes(dtype):
    rng = np.random.default_rng(32)
    for _ in range(300):
        case = random_case(rng, dtype)
        theirs = kernel_integers(model_of(*case), case[2], case[0])
        np.testing.assert_array_equal(sigmoid(*case), theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_fused_it(dtype):
    model = model_of(*random_case(np.random.default_rng(0), dtype))
    names = fused_operators(model, session_options(int8=dtype == "int8"))
    assert "QLinearSigmoid" in names


@pytest.mark.parametrize(("contract", "units"), [("onnx", 1.5), ("onnxruntime", 8)])
def test_the_integers_are_those_of_the_exact_function_away_from_ties(contract, units):
    """float64 is the truth. The definition is rounded to float32 once and once more when it is
    divided: 1.5 units of 2^-24 of a number up to 1, in ticks 1 / y.scale times as much. Of the
    approximation Eigen says that it comes within a few units; 8 hold it here.
    """
    rng = np.random.default_rng(33)
    compared = 0
    for _ in range(100):
        x, x_qparams, y = random_case(rng, "uint8")
        ticks = 1 / (1 + np.exp(-dequantize(x, x_qparams).astype(np.float64))) / float(y.scale)
        sure = far_from_ties(ticks, units * 2.0**-24 / float(y.scale))
        exact = np.clip(np.rint(ticks) + int(y.zero_point), y.qmin, y.qmax)
        ours = sigmoid(x, x_qparams, y, contract=contract)
        np.testing.assert_array_equal(ours[sure], exact[sure])
        compared += int(sure.sum())
    assert compared > 20_000


U8 = QParams(0.1, 0, "uint8")


@pytest.mark.parametrize(
    ("x", "x_qparams", "contract", "words"),
    [
        ([1.0], U8, "onnx", "x has dtype float64"),
        ([256], U8, "onnx", "x runs from 256"),
        ([1], QParams([0.1], 0, "uint8", axis=0), "onnx", "x_qparams is per-channel"),
        ([1], U8, "tflite", "contract is 'tflite'"),
    ],
)
def test_bad_input_gets_a_sentence(x, x_qparams, contract, words):
    with pytest.raises(ValueError, match=words):
        sigmoid(x, x_qparams, U8, contract=contract)
