"""One output followed through: the same integer as the whole operator, and every step adds up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.numerics import QParams
from quantlab.numerics.ops.conv import conv, conv_accumulator
from quantlab.numerics.ops.gemm import gemm, gemm_accumulator
from quantlab.numerics.trace import trace_conv, trace_gemm, trace_output

X, W, Y = QParams(0.5, 3, "uint8"), QParams(0.25, 0, "int8"), QParams(0.25, 10, "uint8")


@given(st.integers(0, 10**6))
def test_it_ends_at_the_operators_integer_whatever_the_layer(seed):
    rng = np.random.default_rng(seed)
    groups = int(rng.choice([1, 2, 4]))
    x_q = rng.integers(0, 256, (2, 4, 6, 7)).astype(np.uint8)
    w_q = rng.integers(-128, 128, (8, 4 // groups, 3, 2)).astype(np.int8)
    x = QParams(float(rng.uniform(0.01, 0.1)), int(rng.integers(0, 256)), "uint8")
    w = QParams(rng.uniform(0.001, 0.01, 8).astype(np.float32), np.zeros(8, int), "int8", axis=0)
    y = QParams(float(rng.uniform(0.05, 0.5)), int(rng.integers(0, 256)), "uint8")
    bias = rng.integers(-5000, 5000, 8)
    how = {
        "strides": [int(s) for s in rng.integers(1, 3, 2)],
        "pads": [int(p) for p in rng.integers(0, 3, 4)],
        "dilations": int(rng.integers(1, 3)),
        "groups": groups,
    }
    out = conv(x_q, x, w_q, w, y, bias, **how)
    sums = conv_accumulator(x_q, x, w_q, w, bias, **how)
    at = tuple(int(rng.integers(0, size)) for size in out.shape)
    seen = trace_conv(x_q, x, w_q, w, y, bias, at=at, **how)
    assert seen.y_q == out[at]
    assert seen.accumulator == sums[at]
    assert seen.products + seen.correction + seen.bias_q == seen.accumulator
    assert seen.clamped == (not y.qmin <= seen.tick <= y.qmax)
    assert -(2 ** (seen.bits - 1)) <= seen.lowest <= seen.highest < 2 ** (seen.bits - 1)
    assert seen.lowest <= seen.accumulator <= seen.highest


@given(st.integers(0, 10**6))
def test_a_linear_layer_ends_at_the_operators_integer_too(seed):
    rng = np.random.default_rng(seed)
    trans_a, trans_b, per_channel = (bool(rng.integers(2)) for _ in range(3))
    a = rng.integers(0, 256, (9, 4) if trans_a else (4, 9)).astype(np.uint8)
    b = rng.integers(-128, 128, (5, 9) if trans_b else (9, 5)).astype(np.int8)
    x = QParams(float(rng.uniform(0.01, 0.1)), int(rng.integers(0, 256)), "uint8")
    w = QParams(float(rng.uniform(0.001, 0.01)), 3, "int8")
    if per_channel:
        scales = rng.uniform(0.001, 0.01, 5).astype(np.float32)
        w = QParams(scales, np.zeros(5, int), "int8", axis=0 if trans_b else 1)
    y = QParams(float(rng.uniform(0.05, 0.5)), int(rng.integers(0, 256)), "uint8")
    bias = rng.integers(-5000, 5000, 5)
    how = {"trans_a": trans_a, "trans_b": trans_b}
    at = tuple(int(i) for i in rng.integers(0, (4, 5)))
    seen = trace_gemm(a, x, b, w, y, bias, at=at, **how)
    assert seen.y_q == gemm(a, x, b, w, y, bias, **how)[at]
    assert seen.accumulator == gemm_accumulator(a, x, b, w, bias, **how)[at]


@pytest.mark.parametrize("dims", [1, 3])
def test_convolutions_of_other_dimensions(dims):
    rng = np.random.default_rng(3)
    x_q = rng.integers(0, 256, (1, 2, *[5] * dims)).astype(np.uint8)
    w_q = rng.integers(-128, 128, (3, 2, *[2] * dims)).astype(np.int8)
    out = conv(x_q, X, w_q, W, Y, pads=1)
    for at in np.ndindex(out.shape):
        assert trace_conv(x_q, X, w_q, W, Y, at=at, pads=1).y_q == out[at]


def test_the_worked_line_by_hand():
    # (5-3)*4 + (3-3)*-2 + (9-3)*1 = 14; 5*4 - 3*2 + 9*1 = 23, so the zero_points take 9 away.
    # With bias 1: 15 * 0.5 * 0.25 / 0.25 = 7.5, a tie, which goes to 8; plus zero_point 10.
    seen = trace_output([5, 3, 9], X, [4, -2, 1], W, Y, bias=1)
    assert (seen.products, seen.correction, seen.bias_q, seen.accumulator) == (23, -9, 1, 15)
    assert (seen.lowest, seen.highest, seen.bits) == (1, 15, 5)
    assert (seen.multiplier, seen.scaled, seen.rounded, seen.tick) == (0.5, 7.5, 8, 18)
    assert (seen.y_q, seen.clamped) == (18, False)


def test_a_saturated_output_says_so():
    seen = trace_output([255] * 8, X, [127] * 8, W, Y)
    assert seen.clamped
    assert seen.y_q == 255
    assert "clamped to 255" in str(seen)


@pytest.mark.parametrize(
    ("low", "bits"), [(-1, 1), (-2, 2), (-128, 8), (-129, 9)]
)  # two's complement reaches one further below 0 than above it
def test_bits_of_a_sum_below_zero(low, bits):
    unit = QParams(1.0, 0, "int16")
    assert trace_output([1], unit, [low], unit, unit).bits == bits


def test_many_taps_are_printed_on_one_line():
    seen = trace_output(list(range(100)), X, [1] * 100, W, Y)
    _, _, x_q, *others = str(seen).splitlines()
    assert "..." in x_q
    assert 1 + len(others) == len(seen.rows)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: trace_output([1, 2], X, [1], W, Y), "each product has one of both"),
        (lambda: trace_output([300], X, [1], W, Y), "x runs from 300"),
        (lambda: trace_output([1], X, [1], W, Y, bias=2**31), "bias runs from"),
        (
            lambda: trace_conv(
                np.zeros((1, 1, 3, 3), int), X, np.zeros((1, 1, 3, 3), int), W, Y, at=(0, 0, 1, 0)
            ),
            "no such place",
        ),
        (lambda: trace_gemm([[1]], X, [[1]], W, Y, at=(0, 1)), "no such place"),
        (lambda: trace_gemm([[1]], X, [[1]], W, Y, at=(0,)), "no such place"),
    ],
)
def test_bad_input_gets_one_sentence(call, said):
    with pytest.raises(ValueError, match=said):
        call()
