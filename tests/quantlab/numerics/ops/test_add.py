"""add gives the integers of ONNX Runtime's kernel, or of ONNX's definition."""

import numpy as np
import pytest

from quantlab.numerics import QParams
from quantlab.numerics.ops import add
from tests.support.operator_cases import (
    broadcast_operands,
    near_ties,
    random_integers,
    random_ruler,
)
from tests.support.operator_models import (
    fused_operators,
    integers,
    kernel_integers,
    qdq_model,
    run_in_reference,
    session_options,
)


def model_of(a, a_qparams, b, b_qparams, y):
    return qdq_model("Add", [(a, a_qparams), (b, b_qparams)], [], y)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_onnx_runtimes(dtype):
    rng = np.random.default_rng(13)
    for _ in range(250):
        case = broadcast_operands(rng, dtype)
        theirs = kernel_integers(model_of(*case), case[4], case[0], case[2])
        np.testing.assert_array_equal(add(*case), theirs)


@pytest.mark.parametrize("repeated", [None, "a", "b"])
def test_sums_next_to_ties_are_onnx_runtimes(repeated):
    # Where float32 rounds once more or in another order, these fall to the other side of the tie.
    rng = np.random.default_rng(15)
    compared = 0
    while compared < 500:
        a, a_qparams, b, b_qparams, y = near_ties(rng, "uint8", np.add)
        if repeated:
            a, b = (a[:1], b) if repeated == "a" else (a, b[:1])
        theirs = kernel_integers(model_of(a, a_qparams, b, b_qparams, y), y, a, b)
        np.testing.assert_array_equal(add(a, a_qparams, b, b_qparams, y), theirs)
        compared += theirs.size


@pytest.mark.parametrize(
    ("a_shape", "b_shape"),
    [((1,), (1,)), ((), (5,)), ((5,), ()), ((3, 1), ()), ((2, 3, 1, 1), (2, 3, 4, 5)),
     ((2, 3, 4, 5), (1, 3, 1, 1)), ((4, 1), (1, 4)), ((3, 1), (1,)), ((2, 1), (2, 1))],
)  # fmt: skip
def test_each_way_of_broadcasting_is_onnx_runtimes(a_shape, b_shape):
    # One value a kernel call, so that ties decide: the shapes only choose the path to it.
    rng = np.random.default_rng(16)
    for _ in range(40):
        a, a_qparams, b, b_qparams, y = near_ties(rng, "uint8", np.add)
        a, b = np.full(a_shape, a[0], np.uint8), np.full(b_shape, b[0], np.uint8)
        theirs = kernel_integers(model_of(a, a_qparams, b, b_qparams, y), y, a, b)
        np.testing.assert_array_equal(add(a, a_qparams, b, b_qparams, y), theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_fused_it(dtype):
    model = model_of(*broadcast_operands(np.random.default_rng(0), dtype))
    names = fused_operators(model, session_options(int8=dtype == "int8"))
    assert "QLinearAdd" in names
    assert "Add" not in names


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_definition_is_onnx_references(dtype):
    # Both are the same float32 operations in the same order: nothing may differ.
    rng = np.random.default_rng(14)
    for _ in range(100):
        case = broadcast_operands(rng, dtype)
        theirs = integers(run_in_reference(model_of(*case), case[0], case[2]), case[4])
        np.testing.assert_array_equal(add(*case, contract="onnx"), theirs)


def test_both_contracts_are_one_tick_apart_at_most():
    rng = np.random.default_rng(17)
    for _ in range(50):
        a, b = (random_integers(rng, (500,), "uint8") for _ in range(2))
        rulers = [random_ruler(rng, "uint8") for _ in range(2)]
        y = random_ruler(rng, "uint8", 0.25)
        apart = add(a, rulers[0], b, rulers[1], y).astype(int) - add(
            a, rulers[0], b, rulers[1], y, contract="onnx"
        )
        assert np.abs(apart).max() <= 1


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
