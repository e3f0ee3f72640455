"""Weights as integers: numerics' arithmetic, biases that survive, bytes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.methods import Rule
from quantlab.methods.ptq.weights import (
    LARGEST_BIAS,
    from_integers,
    quantize_weight,
    quantize_weight_with,
    weight_qparams,
)
from quantlab.numerics import DTYPES, QParams, choose_qparams, dequantize, quantize

PER_CHANNEL = Rule("int8", "symmetric", "per-channel", "minmax", narrow=True)
PER_TENSOR = Rule("int8", "symmetric", "per-tensor", "minmax", narrow=True)
INPUT = QParams(0.02, 3, "uint8")


def random_layer(seed=0, shape=(4, 3, 3, 3)):
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=shape).astype(np.float32)
    return weight, rng.normal(size=shape[0]).astype(np.float32)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("granularity", ["per-tensor", "per-channel"])
@pytest.mark.parametrize("scheme", ["symmetric", "asymmetric"])
def test_every_dtype_scheme_and_granularity(dtype, granularity, scheme):
    weight, bias = random_layer()
    made = quantize_weight(weight, bias, Rule(dtype, scheme, granularity, "minmax"), INPUT)
    whole = granularity == "per-tensor"
    rows = weight.reshape(1 if whole else 4, -1)
    ends = (rows.min(1), rows.max(1))
    expected = choose_qparams(
        *(end[0] if whole else end for end in ends),
        dtype=dtype,
        scheme=scheme,
        axis=None if whole else 0,
    )
    assert made.qparams == expected
    np.testing.assert_array_equal(made.q, quantize(weight, expected))
    np.testing.assert_array_equal(made.dequantized, dequantize(made.q, expected))
    # Half a step, where nothing saturates; the top half step of an asymmetric ruler may.
    step = np.max(expected.scale)
    assert np.abs(made.dequantized - weight).max() <= step * (0.5 if scheme == "symmetric" else 1)


@given(
    seed=st.integers(0, 1000),
    scale=st.floats(2.0**-20, 2.0**10, width=32),
    spread=st.floats(2.0**-10, 2.0**10, width=32),
)
@settings(max_examples=60, deadline=None)
def test_a_bias_is_rounded_to_the_nearest_step_of_the_sums(seed, scale, spread):
    weight, bias = random_layer(seed)
    x = QParams(scale, 0, "uint8")
    made = quantize_weight(weight, bias * np.float32(spread), PER_CHANNEL, x)
    for b, q, step in zip(made.bias, made.bias_q, made.bias_scale, strict=True):
        # Exact arithmetic: the quotient is rounded once from float64, so it can miss the nearest
        # integer only by the float64 rounding of a number below 2^31: 2^-22 of a step.
        distance = abs(Fraction(float(b)) / Fraction(float(step)) - int(q))
        assert distance <= Fraction(1, 2) + Fraction(1, 2**22)
    np.testing.assert_array_equal(made.bias_scale, x.scale * made.qparams.scale)


@pytest.mark.parametrize("rule", [PER_CHANNEL, PER_TENSOR])
def test_the_bias_of_a_dead_channel_survives(rule):
    weight, bias = random_layer()
    weight[1] = 0
    made = quantize_weight(weight, bias, rule, INPUT)
    assert not made.q[1].any()
    alone = rule.granularity == "per-channel"
    # Alone on its ruler the bias is 2^23 steps, each rounded by half: 2^-24 of it, and 2^-23 more
    # for the rounding of two scales. Else it shares the other channels' step.
    bound = abs(bias[1]) * 2**-22 if alone else made.bias_scale / 2
    assert abs(made.dequantized_bias[1] - bias[1]) <= bound


def test_a_layer_of_zeros_keeps_its_biases():
    weight, bias = np.zeros((4, 3, 1, 1), np.float32), np.float32([0.5, -3, 0, 1e-20])
    for rule in (PER_CHANNEL, PER_TENSOR):
        made = quantize_weight(weight, bias, rule, INPUT)
        assert not made.q.any()
        tolerance = np.abs(bias) if rule is PER_CHANNEL else np.abs(bias).max()
        assert (np.abs(made.dequantized_bias - bias) <= tolerance * 2**-22).all()


def test_tiny_weights_beside_a_bias_are_read_on_a_wider_ruler():
    weight, bias = random_layer()
    weight[2] *= np.float32(1e-12)
    made = quantize_weight(weight, bias, PER_CHANNEL, INPUT)
    plain = PER_CHANNEL.make_observer(axis=0).partial_fit(weight).qparams()
    assert made.qparams.scale[2] > plain.scale[2]
    np.testing.assert_array_equal(np.delete(made.qparams.scale, 2), np.delete(plain.scale, 2))
    # The widened scale is rounded to float32 and multiplied in float32: 2^-23 together.
    assert abs(int(made.bias_q[2])) <= LARGEST_BIAS * (1 + 2**-22)
    assert abs(made.dequantized_bias[2] - bias[2]) <= abs(bias[2]) * 2**-22


@given(
    bias=st.floats(-(2.0**60), 2.0**60, width=32),
    size=st.floats(0, 2.0**20, width=32),
    scale=st.floats(2.0**-60, 2.0**20, width=32),
)
@settings(max_examples=200, deadline=None)
def test_whatever_the_scales_the_bias_fits_int32_and_is_there(bias, size, scale):
    weight = np.array([[size, -size]], np.float32)
    made = quantize_weight(weight, np.float32([bias]), PER_CHANNEL, QParams(scale, 0, "uint8"))
    assert abs(int(made.bias_q[0])) <= LARGEST_BIAS * (1 + 2**-22)
    step = float(made.bias_scale[0])
    assert step >= np.finfo(np.float32).tiny
    # Half a step, and the float32 product of bias_q and step: 2^-24 of the bias each way.
    assert abs(float(made.dequantized_bias[0]) - bias) <= step / 2 + abs(bias) * 2**-23


def test_without_a_bias_there_is_none():
    weight, _ = random_layer()
    made = quantize_weight(weight, None, PER_CHANNEL, INPUT)
    assert made.bias is made.bias_q is made.dequantized_bias is None


def test_bytes_are_counted_packed():
    weight, bias = random_layer(shape=(3, 5))
    int8 = quantize_weight(weight, bias, PER_CHANNEL, INPUT)
    assert int8.nbytes == 15 + 3 * 4 + 3 * 4 + 3  # weights, scales, biases, zero_points
    int4 = quantize_weight(weight, None, Rule("int4", "symmetric", "per-tensor", "minmax"), INPUT)
    assert int4.nbytes == 8 + 4 + 1


def test_a_given_ruler_or_integers_are_used():
    weight, bias = random_layer()
    ruler = choose_qparams(-1.0, 1.0, dtype="int8", scheme="symmetric")
    assert quantize_weight_with(weight, bias, ruler, INPUT).qparams == ruler
    qparams = weight_qparams(weight, bias, PER_CHANNEL, INPUT)
    assert qparams == quantize_weight(weight, bias, PER_CHANNEL, INPUT).qparams
    up = np.ceil(weight / qparams.scale.reshape(-1, 1, 1, 1)).clip(-127, 127).astype(np.int8)
    made = from_integers(up, bias, qparams, INPUT)
    np.testing.assert_array_equal(made.q, up)
    up[:] = 0
    assert made.q.any(), "the integers are a copy"
    with pytest.raises(ValueError, match="read-only"):
        made.q[:] = 0
