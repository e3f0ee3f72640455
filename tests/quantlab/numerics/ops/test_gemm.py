"""gemm gives ONNX Runtime's integers, and refuses what has none."""

import numpy as np
import pytest

from quantlab.numerics import QParams
from quantlab.numerics.ops import gemm
from quantlab.numerics.ops.gemm import gemm_accumulator
from tests.support.operator_cases import (
    bias_scale,
    output_ruler,
    random_bias,
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

TYPES = [("uint8", "int8", "uint8"), ("uint8", "uint8", "uint8"), ("int8", "int8", "int8")]


def random_case(rng, types):
    """Integers and rulers of one layer, its bias, and which operands are stored transposed."""
    m, k, n = (int(rng.integers(1, high)) for high in (17, 90, 25))
    trans_a, trans_b = (bool(rng.integers(2)) for _ in range(2))
    a = random_integers(rng, (k, m) if trans_a else (m, k), types[0])
    b = random_integers(rng, (n, k) if trans_b else (k, n), types[1])
    a_qparams = random_ruler(rng, types[0])
    b_qparams = random_weight_ruler(rng, n, 0 if trans_b else 1, types[1])
    options = {"trans_a": trans_a, "trans_b": trans_b}
    bias = random_bias(rng, n, k) if rng.random() < 0.7 else None
    acc = gemm_accumulator(a, a_qparams, b, b_qparams, bias, **options)
    y = output_ruler(rng, acc, a_qparams, b_qparams, types[2])
    return a, a_qparams, b, b_qparams, y, bias, options


def model_of(a, a_qparams, b, b_qparams, y, bias, options):
    scaled = None if bias is None else (bias, bias_scale(a_qparams, b_qparams))
    names = {"transA": int(options["trans_a"]), "transB": int(options["trans_b"])}
    return qdq_model("Gemm", [(a, a_qparams)], [(b, b_qparams)], y, scaled, **names)


@pytest.mark.parametrize("types", TYPES)
def test_the_integers_are_onnx_runtimes(types):
    rng = np.random.default_rng(6)
    for _ in range(200):
        *arguments, options = case = random_case(rng, types)
        theirs = kernel_integers(model_of(*case), case[4], case[0])
        np.testing.assert_array_equal(gemm(*arguments, **options), theirs)


@pytest.mark.parametrize("types", TYPES)
def test_onnx_runtime_really_fused_it(types):
    rng = np.random.default_rng(0)
    for _ in range(8):
        names = fused_operators(
            model_of(*random_case(rng, types)), session_options(int8=types[0] == "int8")
        )
        assert "QGemm" in names
        assert "Gemm" not in names


def test_the_integers_are_the_float32_definitions_where_nothing_else_rounds():
    # Scales are powers of two and sums stay below 2^24: only the last step rounds, in both.
    rng = np.random.default_rng(7)
    for _ in range(40):
        a, b = random_integers(rng, (5, 60), "uint8"), random_integers(rng, (60, 7), "int8")
        a_qparams = QParams(0.125, int(rng.integers(256)), "uint8")
        b_qparams, y = QParams(0.0625, 0, "int8"), QParams(8.0, int(rng.integers(256)), "uint8")
        case = (a, a_qparams, b, b_qparams, y, random_bias(rng, 7, 60))
        model = model_of(*case, {"trans_a": False, "trans_b": False})
        np.testing.assert_array_equal(gemm(*case), integers(run_in_reference(model, a), y))


U8, S8 = QParams(0.1, 0, "uint8"), QParams(0.1, 0, "int8")
PER_ROW = QParams(np.full(3, 0.1), 0, "int8", axis=0)


@pytest.mark.parametrize(
    ("a_shape", "b_shape", "b_qparams", "options", "words"),
    [
        ((1, 2, 3), (3, 2), S8, {}, "use matmul"),
        ((2, 3), (2, 3), S8, {}, "share K"),
        ((2, 3), (3, 2), PER_ROW, {}, "outputs lie along axis 1"),
        ((2, 3), (3, 2), S8, {"bias": [1, 2, 3]}, "bias has shape"),
        ((2, 3), (3, 2), S8, {"bias": [0.5, 1.0]}, "bias has dtype float64"),
        ((2, 3), (3, 2), S8, {"bias": [2**31, 0]}, "bias runs from 0 to 2147483648"),
        ((2, 3), (3, 2), S8, {"bias": [2**31 - 1, 0]}, "a runtime would wrap around"),
    ],
)
def test_bad_input_gets_a_sentence(a_shape, b_shape, b_qparams, options, words):
    a, b = np.ones(a_shape, int), np.ones(b_shape, int)
    with pytest.raises(ValueError, match=words):
        gemm(a, U8, b, b_qparams, U8, **options)
