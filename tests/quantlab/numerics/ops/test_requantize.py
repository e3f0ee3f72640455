"""requantize in each contract: the float32 of ONNX Runtime, the fixed point of the others."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.numerics import QParams
from quantlab.numerics.ops import requantize
from quantlab.numerics.ops.fixed_point import (
    multiply_double_rounding,
    multiply_single_rounding,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_mul,
)

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
EDGES = [
    INT32_MIN, INT32_MIN + 1, -(2**30) - 1, -(2**30), -(2**30) + 1, -3, -2, -1,
    0, 1, 2, 3, 2**30 - 1, 2**30, 2**30 + 1, INT32_MAX - 1, INT32_MAX,
]  # fmt: skip
ONE = QParams(1.0, 0, "int8")
HUGE = QParams(1e30, 0, "int8")


@pytest.mark.parametrize(
    ("multiplier", "m0", "shift"),
    [
        (0.0, 0, 0),
        (0.5, 2**30, 0),
        (1.0, 2**30, 1),
        (1 - 2**-32, 2**30, 1),  # the fraction is 2^31 - 0.5 of 2^31: it rounds up and is carried
        (1 - 2**-31, 2**31 - 1, 0),
        (2**-32, 2**30, -31),
        (2**-33, 0, 0),  # flushed: it would need a shift of 32
        (0.3333, 1_431_512_600, -1),  # 0.6666 * 2^31 = 1431512599.76
        (3.0, 3 * 2**29, 2),
    ],
)
def test_multipliers_in_31_bits(multiplier, m0, shift):
    got = quantize_multiplier(multiplier)
    assert (int(got[0]), int(got[1])) == (m0, shift)


def test_single_rounding_caps_the_shift():
    m0, shift = quantize_multiplier([2.0**29, 2.0**30, 2.0**40], single=True)
    assert m0.tolist() == [2**30, INT32_MAX, INT32_MAX]
    assert shift.tolist() == [30, 30, 30]


def half_away(value):
    return floor(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)


def test_high_mul_on_all_pairs_of_edges():
    """Nearest, a half upwards: the truncated sum of quotient and nudge, in rational numbers."""
    a, b = np.meshgrid(EDGES, EDGES)
    got = saturating_rounding_doubling_high_mul(a, b)
    for left, right, seen in zip(a.ravel(), b.ravel(), got.ravel(), strict=True):
        exact = Fraction(int(left) * int(right), 2**31)
        assert seen == min(floor(exact + Fraction(1, 2)), INT32_MAX)


def test_high_mul_of_the_smallest_by_itself_saturates():
    assert saturating_rounding_doubling_high_mul(INT32_MIN, INT32_MIN) == INT32_MAX


def test_rounding_shift_on_all_edges():
    for bits in range(32):
        got = rounding_divide_by_power_of_two(EDGES, bits)
        assert got.tolist() == [half_away(Fraction(x, 2**bits)) for x in EDGES]


accumulators = st.integers(-(2**24), 2**24)
multipliers = st.floats(2**-20, 0.999)


@given(accumulators, multipliers)
def test_fixed_point_contracts_are_within_their_roundings(acc, multiplier):
    """m0 is off by at most 1/2 of 2^30 or more, so the product by |acc| * multiplier * 2^-31.

    After that, single rounding adds at most 1/2; double rounding at most 1/2 before a shift of
    `right` bits and 1/2 after it. |acc * multiplier| < 2^24, so the first term is below 2^-7.
    """
    exact = Fraction(acc) * Fraction(multiplier)
    m0, shift = quantize_multiplier(multiplier)
    right = max(0, -int(shift))
    x = np.array([acc])
    single, double = multiply_single_rounding(x, m0, shift), multiply_double_rounding(x, m0, shift)
    off = Fraction(1, 2**7)
    assert abs(int(single[0]) - exact) <= Fraction(1, 2) + off
    assert abs(int(double[0]) - exact) <= Fraction(1, 2) + Fraction(1, 2 ** (right + 1)) + off


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        # multiplier 1/2: acc / 2 = -1.5, -0.5, 0.5, 1.5, 2.5
        ("onnx", [-2, 0, 0, 2, 2]),  # a half to even
        ("onnxruntime", [-2, 0, 0, 2, 2]),
        ("torch", [-2, 0, 0, 2, 2]),
        ("torch_legacy", [-2, 0, 0, 2, 2]),
        ("gemmlowp", [-1, 0, 1, 2, 3]),  # m0 = 2^30, no shift: high_mul sends a half upwards
        ("tflite", [-1, 0, 1, 2, 3]),
        ("tflite_single", [-1, 0, 1, 2, 3]),
    ],
)
def test_ties_at_one_half(contract, expected):
    y = QParams(2.0, 0, "int8")
    assert requantize([-3, -1, 1, 3, 5], ONE, ONE, y, contract=contract).tolist() == expected


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        # multiplier 1/4: acc / 4 = -1.5, -0.5, 0.5, 1.5, and 1.25, whose product m0 rounds to 3 / 2
        ("onnx", [-2, 0, 0, 2, 1]),
        ("onnxruntime", [-2, 0, 0, 2, 1]),
        ("torch", [-2, 0, 0, 2, 1]),
        ("torch_legacy", [-2, 0, 0, 2, 1]),
        ("gemmlowp", [-2, -1, 1, 2, 2]),  # the shift sends a half away from zero; 2.5 -> 3 -> 2
        ("tflite", [-2, -1, 1, 2, 2]),
        ("tflite_single", [-1, 0, 1, 2, 1]),  # rounded once, upwards
    ],
)
def test_ties_at_one_quarter(contract, expected):
    y = QParams(4.0, 0, "int8")
    assert requantize([-6, -2, 2, 6, 5], ONE, ONE, y, contract=contract).tolist() == expected


def test_zero_point_is_added_after_rounding_and_the_ends_saturate():
    y = QParams(2.0, 7, "uint8")
    assert requantize([1, 3, -(10**9), 10**9], ONE, ONE, y).tolist() == [7, 9, 0, 255]
    y = QParams(2.0, 7, "uint8", narrow=True)
    assert requantize([-(10**9)], ONE, ONE, y).tolist() == [1]


def test_the_multiplier_is_rounded_twice_in_float32():
    # f32(f32(0.1 * 0.3) / 0.7) is not f32(0.1 * f32(0.3 / 0.7)): the order is the contract.
    x, w, y = QParams(0.1, 0, "int8"), QParams(0.3, 0, "int8"), QParams(0.7, 0, "int16")
    multiplier = np.float32(np.float32(0.1) * np.float32(0.3)) / np.float32(0.7)
    acc = np.arange(-700_000, 700_000, 7)
    expected = np.rint(np.clip(acc.astype(np.float32) * multiplier, -32768, 32767))
    np.testing.assert_array_equal(requantize(acc, x, w, y), expected)


def test_per_channel_scales_lie_along_the_axis():
    w = QParams([1.0, 4.0], 0, "int8", axis=0)
    acc = np.full((2, 3), 8)
    assert requantize(acc.T, ONE, w, ONE, axis=1).tolist() == [[8, 32]] * 3
    assert requantize(acc, ONE, w, ONE, axis=0, contract="tflite").tolist() == [[8] * 3, [32] * 3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"accumulator": [1.0]}, "accumulator has dtype float64"),
        ({"accumulator": np.zeros(0, int)}, "shape \\(0,\\)"),
        ({"accumulator": [2**31]}, "accumulator runs from 2147483648"),
        (
            {"contract": "banker"},
            "contract is 'banker', but .* by one of onnx, onnxruntime, torch,",
        ),
        ({"contract": "gemmlowp"}, "only shifts to the right"),
        (
            {
                "contract": "tflite",
                "accumulator": [2**31 - 1],
                "y_qparams": QParams(0.01, 0, "int8"),
            },
            "left",
        ),
        ({"y_qparams": QParams([1.0], 0, "int8", axis=0)}, "y_qparams is per-channel"),
        ({"w_qparams": QParams([1.0], 0, "int8", axis=0)}, "name the accumulator's channel axis"),
        ({"w_qparams": QParams([1.0], 0, "int8", axis=0), "axis": 0}, "accumulator has 2 channels"),
        ({"x_qparams": HUGE, "w_qparams": HUGE}, "beyond float32"),
        ({"x_qparams": HUGE, "w_qparams": HUGE, "contract": "onnx"}, "beyond float32"),
    ],
)
def test_bad_input_gets_a_sentence(change, words):
    arguments = {
        "accumulator": [1, 2],
        "x_qparams": ONE,
        "w_qparams": ONE,
        "y_qparams": ONE,
        **change,
    }
    with pytest.raises(ValueError, match=words):
        requantize(**arguments)
