"""The two contracts without a Python peer, against exact arithmetic and numbers worked by hand."""

from fractions import Fraction

import numpy as np
import pytest

from quantlab.numerics import ROUNDINGS, QParams, quantize
from tests.support import grids


def half_away_from_zero(value: Fraction) -> int:
    """C's round(), in exact arithmetic."""
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def gemmlowp_example(x: np.float32, scale: np.float32, z: int, qmin: int, qmax: int) -> int:
    """Quantize() in gemmlowp's doc/quantization_example.cc, statement by statement."""
    transformed = np.float32(np.float32(z) + np.float32(x / scale))
    clamped = max(float(qmin), min(float(qmax), float(transformed)))
    return half_away_from_zero(Fraction(clamped))


def tflite_affine_quantize(x: np.float32, scale: np.float32, z: int, qmin: int, qmax: int) -> int:
    """AffineQuantize() in TensorFlow Lite's reference/quantize.h, the same way."""
    unclamped = half_away_from_zero(Fraction(float(np.float32(x / scale)))) + z
    return min(max(unclamped, qmin), qmax)


@pytest.mark.parametrize("dtype", ["uint4", "int4", "uint8", "int8"])
@pytest.mark.parametrize(
    ("name", "transcribed"),
    [("gemmlowp", gemmlowp_example), ("tflite", tflite_affine_quantize)],
)
def test_against_a_transcription_in_exact_arithmetic(name, transcribed, dtype):
    rng = np.random.default_rng(4)
    for qparams in grids.fixed_rulers(dtype)[::3]:
        x = grids.vectors(qparams, rng, extra=50)
        expected = [
            transcribed(v, qparams.scale, int(qparams.zero_point), qparams.qmin, qparams.qmax)
            for v in x
        ]
        np.testing.assert_array_equal(quantize(x, qparams, rounding=name), expected)


# Worked by hand, scale 1, zero_point 7, uint8. With scale 1 division is exact, so only the order
# of adding and the direction of a half are left:
#   onnx, onnxruntime, torch
#                 x → even neighbour, then + 7:  -2.5 → -2 → 5;  -1.5 → -2 → 5;  0.5 → 0 → 7
#   torch_legacy  x + 7, then even:              -2.5 → 4.5 → 4; -1.5 → 5.5 → 6; 0.5 → 7.5 → 8
#   gemmlowp      x + 7, then away from 0:       -2.5 → 4.5 → 5; -1.5 → 5.5 → 6; 0.5 → 7.5 → 8
#   tflite        x away from 0, then + 7:       -2.5 → -3 → 4;  -1.5 → -2 → 5;  0.5 → 1 → 8
BY_HAND = {
    "onnx": [5, 5, 7],
    "onnxruntime": [5, 5, 7],
    "torch": [5, 5, 7],
    "torch_legacy": [4, 6, 8],
    "gemmlowp": [5, 6, 8],
    "tflite": [4, 5, 8],
    "tflite_single": [4, 5, 8],
}


@pytest.mark.parametrize("name", ROUNDINGS)
def test_ties_by_hand(name):
    ruler = QParams(1.0, 7, "uint8")
    assert quantize([-2.5, -1.5, 0.5], ruler, rounding=name).tolist() == BY_HAND[name]


def test_reciprocal_example_of_fbgemm():
    # fbgemm's own comment: 0.273939937 / 0.00214854861 is 127.499992, times the reciprocal 127.5.
    ruler = QParams(0.00214854861, 0, "uint8")
    assert quantize(0.273939937, ruler, rounding="onnx") == 127
    assert quantize(0.273939937, ruler, rounding="torch") == 128


@pytest.mark.parametrize("name", ["gemmlowp", "tflite"])
def test_just_below_a_half_is_not_a_half(name):
    # The largest float32 below 0.5; floor(x + 0.5) would give 1, because the sum rounds to 1.
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert quantize([below, -below], QParams(1.0, 0, "int8"), rounding=name).tolist() == [0, 0]


@pytest.mark.parametrize("name", ROUNDINGS)
def test_numbers_off_the_ruler_saturate(name):
    # 3e38 / 1e-30 overflows float32; the quotient is infinite and still belongs to an end.
    ruler = QParams(1e-30, 3, "int8")
    assert quantize([-3e38, -1.0, 1.0, 3e38], ruler, name).tolist() == [-128, -128, 127, 127]


def test_an_unknown_contract_is_named():
    with pytest.raises(ValueError, match="rounding is 'banker', but the contracts are onnx, onnx"):
        quantize(0.5, QParams(1.0, 0, "int8"), rounding="banker")
