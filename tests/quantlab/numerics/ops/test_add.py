"""add gives the integers of ONNX Runtime's kernel, or of ONNX's definition."""

import numpy as np
import pytest

from benchmarks.operator_cases import random_integers, random_ruler
from benchmarks.operator_models import (
    fused_operators,
    integers,
    qdq_model,
    run_in_reference,
    run_in_runtime,
)
from quantlab.numerics import QParams
from quantlab.numerics.ops import add


def random_case(rng, dtype):
    shape = tuple(int(n) for n in rng.integers(2, 9, rng.integers(1, 5)))
    a, b = random_integers(rng, shape, dtype), random_integers(rng, shape, dtype)
    # Half of all output scales are powers of two: with operands alike, ties are common.
    scale = 2.0 ** rng.integers(-5, 0) if rng.random() < 0.5 else rng.uniform(0.03, 0.3)
    y = random_ruler(rng, dtype, scale)
    return a, random_ruler(rng, dtype), b, random_ruler(rng, dtype), y


def model_of(a, a_qparams, b, b_qparams, y):
    return qdq_model("Add", [(a, a_qparams), (b, b_qparams)], [], y)


def test_the_integers_are_onnx_runtimes():
    rng = np.random.default_rng(13)
    for _ in range(300):
        case = random_case(rng, "uint8")
        theirs = integers(run_in_runtime(model_of(*case), case[0], case[2]), case[4])
        np.testing.assert_array_equal(add(*case), theirs)


def test_onnx_runtime_really_fused_it():
    names = fused_operators(model_of(*random_case(np.random.default_rng(0), "uint8")))
    assert "QLinearAdd" in names
    assert "Add" not in names


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_definition_is_onnx_references(dtype):
    # Both are the same float32 operations in the same order: nothing may differ.
    rng = np.random.default_rng(14)
    for _ in range(100):
        case = random_case(rng, dtype)
        theirs = integers(run_in_reference(model_of(*case), case[0], case[2]), case[4])
        np.testing.assert_array_equal(add(*case, contract="onnx"), theirs)


U8 = QParams(0.1, 0, "uint8")


@pytest.mark.parametrize(
    ("a", "b", "a_qparams", "y", "contract", "words"),
    [
        ([1, 2], [1, 2, 3], U8, U8, "onnx", "a has shape \\(2,\\) and b \\(3,\\)"),
        ([1.0], [1], U8, U8, "onnx", "a has dtype float64"),
        ([1], [256], U8, U8, "onnx", "b runs from 256"),
        ([1], [1], QParams([0.1], 0, "uint8", axis=0), U8, "onnx", "a_qparams is per-channel"),
        ([1], [1], U8, U8, "tflite", "contract is 'tflite'"),
        ([1], [1], QParams(1e30, 0, "uint8"), QParams(1e-30, 0, "uint8"), "onnxruntime", "beyond"),
    ],
)
def test_bad_input_gets_a_sentence(a, b, a_qparams, y, contract, words):
    with pytest.raises(ValueError, match=words):
        add(a, a_qparams, b, U8, y, contract=contract)
