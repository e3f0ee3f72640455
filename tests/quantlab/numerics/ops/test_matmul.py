"""matmul gives ONNX Runtime's integers, and refuses what has none."""

import numpy as np
import pytest

from quantlab.numerics import QParams
from quantlab.numerics.ops import matmul
from quantlab.numerics.ops.matmul import matmul_accumulator
from tests.support.operator_cases import (
    output_ruler,
    random_integers,
    random_ruler,
    random_weight_ruler,
)
from tests.support.operator_models import (
    fused_operators,
    integers,
    kernel_integers,
    qdq_model,
    run_in_reference,
    session_options,
)

# activations, weights, output
TYPES = [("uint8", "int8", "uint8"), ("uint8", "uint8", "uint8"), ("int8", "int8", "int8")]


def random_case(rng, types):
    m, k, n = (int(rng.integers(1, high)) for high in (17, 90, 25))
    front = tuple(int(i) for i in rng.integers(1, 4, rng.integers(0, 3)))
    a, b = random_integers(rng, (*front, m, k), types[0]), random_integers(rng, (k, n), types[1])
    a_qparams = random_ruler(rng, types[0])
    b_qparams = random_weight_ruler(rng, n, 1, types[1])
    acc = matmul_accumulator(a, a_qparams, b, b_qparams)
    return a, a_qparams, b, b_qparams, output_ruler(rng, acc, a_qparams, b_qparams, types[2])


@pytest.mark.parametrize("types", TYPES)
def test_the_integers_are_onnx_runtimes(types):
    rng = np.random.default_rng(3)
    for _ in range(200):
        a, a_qparams, b, b_qparams, y = random_case(rng, types)
        model = qdq_model("MatMul", [(a, a_qparams)], [(b, b_qparams)], y)
        theirs = kernel_integers(model, y, a)
        np.testing.assert_array_equal(matmul(a, a_qparams, b, b_qparams, y), theirs)


@pytest.mark.parametrize("types", TYPES)
def test_onnx_runtime_really_fused_it(types):
    # Otherwise the comparison above would be with float32 arithmetic.
    a, a_qparams, b, b_qparams, y = random_case(np.random.default_rng(0), types)
    names = fused_operators(
        qdq_model("MatMul", [(a, a_qparams)], [(b, b_qparams)], y),
        session_options(int8=types[0] == "int8"),
    )
    assert "QLinearMatMul" in names
    assert "MatMul" not in names


def test_the_integers_are_the_float32_definitions_where_nothing_else_rounds():
    """onnx.reference dequantizes, multiplies in float32 and quantizes: it rounds at other places.

    Here every scale is a power of two and every sum below 2^24, so nothing but the last step is
    rounded in either and the integers are equal.
    """
    rng = np.random.default_rng(4)
    for _ in range(40):
        a, b = random_integers(rng, (5, 60), "uint8"), random_integers(rng, (60, 7), "int8")
        a_qparams = QParams(0.125, int(rng.integers(256)), "uint8")
        b_qparams, y = QParams(0.0625, 0, "int8"), QParams(8.0, int(rng.integers(256)), "uint8")
        model = qdq_model("MatMul", [(a, a_qparams)], [(b, b_qparams)], y)
        theirs = integers(run_in_reference(model, a), y)
        np.testing.assert_array_equal(matmul(a, a_qparams, b, b_qparams, y), theirs)


def test_both_operands_may_be_stacks_of_matrices():
    rng = np.random.default_rng(5)
    a, b = random_integers(rng, (3, 1, 4, 6), "uint8"), random_integers(rng, (2, 6, 5), "int8")
    a_qparams, b_qparams = QParams(0.1, 7, "uint8"), QParams(0.1, -3, "int8")
    sums = matmul_accumulator(a, a_qparams, b, b_qparams)
    exact = (a.astype(np.int64) - 7) @ (b.astype(np.int64) + 3)
    np.testing.assert_array_equal(sums, exact)
    assert sums.dtype == np.int32


def test_sums_beyond_float32_are_still_exact():
    # 70,000 * 255 * 127 = 2.27e9 does not fit int32, 66,000 products do, and are far above 2^24.
    q, w = QParams(1.0, 0, "uint8"), QParams(1.0, 0, "int8")
    a, b = np.full((1, 66_000), 255, np.uint8), np.full((66_000, 1), 127, np.int8)
    a[0, 0] = 254
    assert matmul_accumulator(a, q, b, w) == 66_000 * 255 * 127 - 127
    with pytest.raises(ValueError, match="accumulator runs from 2266950000"):
        matmul(np.full((1, 70_000), 255), q, np.full((70_000, 1), 127), w, q)


def test_sums_that_float64_might_round_are_refused():
    # 2^21 * 65535^2 is just below 2^53, above the 2^52 that is computed.
    q = QParams(1.0, 0, "uint16")
    a = np.full((1, 2**21), 65_535, np.uint16)
    with pytest.raises(ValueError, match="only sums below 2\\^52"):
        matmul(a, q, a.T, q, q)


U8, S8 = QParams(0.1, 0, "uint8"), QParams(0.1, 0, "int8")
PER_COLUMN = QParams(np.full(2, 0.1), 0, "int8", axis=1)


@pytest.mark.parametrize(
    ("a", "a_qparams", "b", "b_qparams", "words"),
    [
        (np.ones((2, 3)), U8, np.ones((3, 2), int), S8, "a has dtype float64"),
        (np.ones((2, 3), int), U8, np.ones((2, 3), int), S8, "share K"),
        (np.ones(3, int), U8, np.ones((3, 2), int), S8, "share K"),
        (np.full((2, 3), 256), U8, np.ones((3, 2), int), S8, "a runs from 256 to 256"),
        (np.ones((0, 3), int), U8, np.ones((3, 2), int), S8, "a is empty"),
        (np.ones((3, 2), int), PER_COLUMN, np.ones((2, 2), int), S8, "a_qparams is per-channel"),
        (np.ones((2, 3), int), U8, np.ones((3, 3), int), PER_COLUMN, "b has 3 channels"),
        (np.ones((2, 3), int), U8, np.ones((4, 3, 2), int), QParams(
            np.full(2, 0.1), 0, "int8", axis=2), "columns of a matrix"),
        (np.ones((2, 2, 3), int), U8, np.ones((3, 3, 2), int), S8, "do not broadcast"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence(a, a_qparams, b, b_qparams, words):
    with pytest.raises(ValueError, match=words):
        matmul(a, a_qparams, b, b_qparams, U8)
