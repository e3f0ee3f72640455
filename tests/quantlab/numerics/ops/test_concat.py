"""concat gives the integers of ONNX Runtime's kernel and of onnx.reference."""

import numpy as np
import pytest

from quantlab.numerics import QParams
from quantlab.numerics.ops import concat
from tests.support.operator_cases import random_integers, random_ruler
from tests.support.operator_models import (
    fused_operators,
    integers,
    kernel_integers,
    qdq_model,
    run_in_reference,
    session_options,
)


def random_case(rng, dtype):
    """Tensors that differ along one axis, their rulers (some are y's own), y and the axis."""
    shape = [int(n) for n in rng.integers(1, 9, rng.integers(1, 5))]
    axis = int(rng.integers(-len(shape), len(shape)))
    y = random_ruler(rng, dtype)
    tensors, rulers = [], []
    for _ in range(int(rng.integers(1, 5))):
        shape[axis] = int(rng.integers(1, 9))
        tensors.append(random_integers(rng, tuple(shape), dtype))
        rulers.append(y if rng.random() < 0.3 else random_ruler(rng, dtype))
    return tensors, rulers, y, axis


def model_of(tensors, rulers, y, axis):
    return qdq_model("Concat", list(zip(tensors, rulers, strict=True)), [], y, axis=axis)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_onnx_runtimes(dtype):
    rng = np.random.default_rng(20)
    for _ in range(200):
        tensors, rulers, y, axis = case = random_case(rng, dtype)
        theirs = kernel_integers(model_of(*case), y, *tensors)
        np.testing.assert_array_equal(concat(tensors, rulers, y, axis=axis), theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_fused_it(dtype):
    model = model_of(*random_case(np.random.default_rng(0), dtype))
    names = fused_operators(model, session_options(int8=dtype == "int8"))
    assert "QLinearConcat" in names
    assert "Concat" not in names


def test_the_integers_are_onnx_references():
    # Both are the same float32 operations in the same order: nothing may differ.
    rng = np.random.default_rng(21)
    for _ in range(60):
        tensors, rulers, y, axis = case = random_case(rng, "uint8")
        theirs = integers(run_in_reference(model_of(*case), *tensors), y)
        np.testing.assert_array_equal(concat(tensors, rulers, y, axis=axis), theirs)


U8 = QParams(0.1, 0, "uint8")


@pytest.mark.parametrize(
    ("tensors", "rulers", "axis", "words"),
    [
        ([], [], 0, "0 tensors and 0 qparams"),
        ([[1], [2]], [U8], 0, "2 tensors and 1 qparams"),
        ([[[1, 2]], [[1]]], [U8, U8], 0, "only axis 0 of them may differ"),
        ([[1], [2]], [U8, U8], 1, "axis is 1, but tensors\\[0\\] has 1 dimension"),
        ([[1.0]], [U8], 0, "tensors\\[0\\] has dtype float64"),
        ([[1]], [QParams([0.1], 0, "uint8", axis=0)], 0, "qparams\\[0\\] is per-channel"),
    ],
)
def test_bad_input_gets_a_sentence(tensors, rulers, axis, words):
    with pytest.raises(ValueError, match=words):
        concat(tensors, rulers, U8, axis=axis)
