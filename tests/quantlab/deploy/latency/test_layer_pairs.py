"""Both models of a pair do the same work; ONNX's reference evaluator is the witness."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx.reference import ReferenceEvaluator

from quantlab.deploy.latency.layer_pairs import (
    LayerPair,
    add_pair,
    conv_pair,
    hard_swish_pair,
    matmul_pair,
)

PAIRS = {
    "matmul": matmul_pair(16),
    "add": add_pair(64),
    "conv": conv_pair("conv", 4, 6, 1),
    "depthwise": conv_pair("depthwise", 4, 6, 3, depthwise=True),
    "alone": conv_pair("alone", 4, 6, 3, chain=False),
}


def feeds(pair: LayerPair, dtype: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {n: rng.integers(0, 128, size=s).astype(dtype) for n, s in pair.inputs}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_runtime_computes_what_the_model_says(name, precision):
    pair = PAIRS[name]
    model = pair.fp32 if precision == "fp32" else pair.int8
    given = feeds(pair, "float32" if precision == "fp32" else pair.int8_input)
    (expected,) = ReferenceEvaluator(onnx.load_from_string(model)).run(None, given)
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    (got,) = session.run(None, given)
    # No tolerance: all sums stay below 2**24 and all scales are powers of two, so that float32
    # is exact in any order of summing.
    np.testing.assert_array_equal(got, expected)
    assert got.shape == pair.output


@pytest.mark.parametrize("name", PAIRS)
def test_the_runner_writes_the_layers_output(name):
    pair = PAIRS[name]
    for precision in ("fp32", "int8"):
        pair.runner(precision)()  # raises when a bound tensor has another shape or type


@pytest.mark.parametrize(
    ("name", "kernel"),
    [("matmul", "MatMulInteger"), ("add", "QLinearAdd"), ("conv", "QLinearConv")],
)
def test_integers_really_run(name, kernel):
    kernels = PAIRS[name].kernels()
    assert kernel in kernels
    assert "DequantizeLinear" not in kernels


def test_a_layer_alone_quantizes_and_dequantizes():
    kernels = PAIRS["alone"].kernels()
    assert kernels[0] == "QuantizeLinear"
    assert kernels[-1] == "DequantizeLinear"


def test_a_hard_swish_has_no_integer_kernel():
    pair = hard_swish_pair(4, 6)
    first, *between, last = pair.kernels()
    assert (first, last) == ("DequantizeLinear", "QuantizeLinear")
    assert between
    assert not any(kernel.startswith("QLinear") for kernel in between)
    assert (pair.operations, pair.fp32_bytes, pair.int8_bytes) == (4 * 144, 8 * 144, 2 * 144)
    given = feeds(pair, "uint8")
    (expected,) = ReferenceEvaluator(onnx.load_from_string(pair.int8)).run(None, given)
    session = ort.InferenceSession(pair.int8, providers=["CPUExecutionProvider"])
    (got,) = session.run(None, given)
    # x / 6 is a rounded product in one and a division in the other: a value beside a tie may go
    # to the neighbouring tick.
    assert np.abs(got.astype(int) - expected.astype(int)).max() <= 1
    assert got.shape == pair.output
    pair.runner("fp32")()
    pair.runner("int8")()


def test_operations_and_bytes_of_a_convolution():
    pair = conv_pair("conv", 4, 6, 3)
    # 36 places, 4 outputs, 4 inputs, 9 taps, a multiplication and an addition each.
    assert pair.operations == 36 * 4 * 4 * 9 * 2
    # Input and output 144 numbers each, 144 weights, 4 biases.
    assert pair.fp32_bytes == 4 * (144 + 144 + 144 + 4)
    assert pair.int8_bytes == 144 + 144 + 144 + 4 * (4 + 4 + 1)


def test_operations_and_bytes_of_a_product_and_a_sum():
    assert matmul_pair(16).operations == 2 * 16**3
    assert matmul_pair(16).int8_bytes == 16 * 16 * (1 + 1 + 4)  # the sums are int32
    assert (add_pair(64).operations, add_pair(64).fp32_bytes, add_pair(64).int8_bytes) == (
        64,
        3 * 64 * 4,
        3 * 64,
    )
