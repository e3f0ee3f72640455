"""leaky_relu gives the integers of ONNX Runtime's table and of onnx.reference."""

import numpy as np
import pytest

from quantlab.numerics import QParams
from quantlab.numerics.ops import leaky_relu
from tests.support.operator_cases import random_ruler
from tests.support.operator_models import (
    fused_operators,
    integers,
    kernel_integers,
    qdq_model,
    run_in_reference,
    session_options,
)


def random_case(rng, dtype):
    """Every integer of the type, on any ruler, and any slope that float32 holds."""
    x_qparams, y = random_ruler(rng, dtype), random_ruler(rng, dtype)
    every = np.arange(x_qparams.qmin, x_qparams.qmax + 1).astype(dtype)
    return every, x_qparams, y, float(np.float32(rng.choice([0.01, 0.25, rng.uniform(-0.5, 1.5)])))


def model_of(x, x_qparams, y, alpha):
    return qdq_model("LeakyRelu", [(x, x_qparams)], [], y, alpha=alpha)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_onnx_runtimes(dtype):
    rng = np.random.default_rng(38)
    for _ in range(200):
        x, x_qparams, y, alpha = case = random_case(rng, dtype)
        theirs = kernel_integers(model_of(*case), y, x)
        np.testing.assert_array_equal(leaky_relu(x, x_qparams, y, alpha=alpha), theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_fused_it(dtype):
    model = model_of(*random_case(np.random.default_rng(0), dtype))
    assert "QLinearLeakyRelu" in fused_operators(model, session_options(int8=dtype == "int8"))


def test_the_integers_are_onnx_references():
    rng = np.random.default_rng(39)
    for _ in range(40):
        x, x_qparams, y, alpha = case = random_case(rng, "uint8")
        theirs = integers(run_in_reference(model_of(*case), x), y)
        np.testing.assert_array_equal(leaky_relu(x, x_qparams, y, alpha=alpha), theirs)


def test_bad_input_gets_a_sentence():
    u8 = QParams(0.1, 0, "uint8")
    with pytest.raises(ValueError, match="x has dtype float64"):
        leaky_relu([1.0], u8, u8)
    with pytest.raises(ValueError, match="y_qparams is per-channel"):
        leaky_relu([1], u8, QParams([0.1], 0, "uint8", axis=0))
