"""choose_qparams: the peers' numbers, the seed example, ranges at the edge of what is possible."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx.reference.ops.op_dynamic_quantize_linear import DynamicQuantizeLinear
from onnxruntime.quantization.quant_utils import compute_scale_zp

from quantlab.numerics import DTYPES, choose_qparams, quantize

TINY = float(np.finfo(np.float32).tiny)
# 2^126: twice it, the widest range, still leaves every end below float32's largest number 2^128.
float32s = st.floats(-(2.0**126), 2.0**126, width=32)
ranges = st.tuples(float32s, float32s).map(sorted)


def runtime_answer(lo, hi, qmin, qmax, symmetric):
    """ONNX Runtime's quantization tool, given the arrays that it gives itself."""
    wide = np.int64
    z, scale = compute_scale_zp(
        np.array(lo, np.float32),
        np.array(hi, np.float32),
        np.array(qmin, wide),
        np.array(qmax, wide),
        symmetric=symmetric,
    )
    return np.float32(scale), int(z)


@pytest.mark.parametrize("dtype", DTYPES)
@given(ends=ranges, narrow=st.booleans())
def test_asymmetric_is_onnx_runtime_exactly(dtype, ends, narrow):
    lo, hi = ends
    qparams = choose_qparams(lo, hi, dtype=dtype, narrow=narrow)
    assume(qparams.qmin <= 0)  # the tool refuses narrow unsigned types, which cannot hold 0
    scale, z = runtime_answer(lo, hi, qparams.qmin, qparams.qmax, symmetric=False)
    assert (qparams.scale, qparams.zero_point) == (scale, z)


@pytest.mark.parametrize("dtype", ["int2", "int3", "int4", "int6", "int8", "int16"])
@given(ends=ranges)
def test_symmetric_signed_is_onnx_runtime_exactly(dtype, ends):
    # The tool narrows symmetric integers to [-qmax, qmax]; both ways divide by the same qmax.
    qmax = DTYPES[dtype].qmax
    expected = runtime_answer(*ends, -qmax, qmax, symmetric=True)
    for narrow in (False, True):
        qparams = choose_qparams(*ends, dtype=dtype, scheme="symmetric", narrow=narrow)
        assert (qparams.scale, qparams.zero_point) == expected


@given(ends=ranges)
def test_uint8_is_dynamic_quantize_linear_up_to_its_float32_arithmetic(ends):
    """onnx.reference computes (max - min) / 255 and 0 - min / scale in float32.

    u = 2^-24 is half the relative spacing of float32. Their scale carries two roundings and ours
    one: they differ by at most 3u, and 4u of the smaller one covers the products of errors. Their
    zero_point before rounding is at most 255 long and carries three roundings: 3u * 255, and 4u
    covers the rest. So the integers differ only where the exact zero_point is that near to a tie.
    """
    lo, hi = ends
    assume(hi > 0 or lo < 0)
    scale64 = (max(hi, 0.0) - min(lo, 0.0)) / 255
    assume(scale64 > 2 * TINY)  # below, their float32 quotient loses bits as a subnormal
    qparams = choose_qparams(lo, hi)
    x = np.array([lo, hi], np.float32)
    _, scale, z = DynamicQuantizeLinear._run(None, x)
    u = 2.0**-24
    assert abs(float(scale) - float(qparams.scale)) <= 4 * u * scale64
    exact = -min(lo, 0.0) / scale64
    from_tie = abs(exact - np.floor(exact) - 0.5)
    assert int(z) == qparams.zero_point or (
        from_tie <= 4 * u * 255 and abs(int(z) - qparams.zero_point) == 1
    )


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int4", "uint16"])
def test_a_tied_zero_point_goes_to_the_even_integer(dtype):
    # A range as wide as there are steps has scale 1, and lo = -(k + 0.5) puts 0 half way.
    kind = DTYPES[dtype]
    steps = kind.qmax - kind.qmin
    for k in range(min(steps, 300)):
        lo = -(k + 0.5)
        qparams = choose_qparams(lo, steps + lo, dtype=dtype)
        expected = runtime_answer(lo, steps + lo, kind.qmin, kind.qmax, symmetric=False)
        assert (qparams.scale, qparams.zero_point) == expected
        assert qparams.scale == 1
        assert qparams.zero_point % 2 == 0


def test_the_example_of_the_first_lesson():
    qparams = choose_qparams(-0.9, 5.0, dtype="uint8", scheme="asymmetric")
    assert f"{qparams.scale:.4f}" == "0.0231"
    assert qparams.zero_point == 39
    assert quantize(0.3, qparams) == 52


@pytest.mark.parametrize(
    ("dtype", "narrow", "steps", "zero_point"),
    [
        # steps from the zero_point to the nearer end of the integers
        ("int8", False, 127, 0),
        ("int8", True, 127, 0),
        ("uint8", False, 127, 128),
        ("uint8", True, 127, 128),
        ("int4", False, 7, 0),
        ("uint4", False, 7, 8),
        ("int16", False, 32767, 0),
        ("uint16", False, 32767, 32768),
    ],
)
def test_symmetric_has_both_ends_on_ticks(dtype, narrow, steps, zero_point):
    qparams = choose_qparams(-steps, steps / 2, dtype=dtype, scheme="symmetric", narrow=narrow)
    assert (qparams.scale, qparams.zero_point) == (1.0, zero_point)
    # Neither end saturates: one step further in is another integer.
    ends = quantize([-steps, 1.0 - steps, steps - 1.0, steps], qparams).astype(int) - zero_point
    assert ends.tolist() == [-steps, 1 - steps, steps - 1, steps]


@given(ends=ranges, dtype=st.sampled_from(list(DTYPES)), scheme=st.sampled_from(["a", "s"]))
@settings(max_examples=300)
def test_zero_is_always_on_a_tick(ends, dtype, scheme):
    scheme = {"a": "asymmetric", "s": "symmetric"}[scheme]
    qparams = choose_qparams(*ends, dtype=dtype, scheme=scheme)
    assert qparams.qmin <= qparams.zero_point <= qparams.qmax
    assert quantize(0.0, qparams) == qparams.zero_point
    assert qparams.lo <= 0 <= qparams.hi


def test_one_sided_ranges_are_moved_to_zero():
    assert choose_qparams(2.0, 6.0) == choose_qparams(0.0, 6.0)
    assert choose_qparams(-6.0, -2.0) == choose_qparams(-6.0, 0.0)
    assert choose_qparams(2.0, 6.0).zero_point == 0
    assert choose_qparams(-6.0, -2.0).zero_point == 255


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_seen_but_zeros(dtype):
    kind = DTYPES[dtype]
    asymmetric = choose_qparams(0.0, 0.0, dtype=dtype)
    assert (asymmetric.scale, asymmetric.zero_point) == (1.0, 0)
    symmetric = choose_qparams(0.0, 0.0, dtype=dtype, scheme="symmetric")
    middle = 0 if kind.signed else 2 ** (kind.bits - 1)
    assert (symmetric.scale, symmetric.zero_point) == (1.0, middle)


def test_zeros_of_a_narrow_unsigned_type_stand_on_its_lowest_integer():
    qparams = choose_qparams(0.0, 0.0, dtype="uint8", narrow=True)
    assert (qparams.scale, qparams.zero_point) == (1.0, 1)


def test_scales_below_the_smallest_normal_float32():
    edge = 255 * TINY  # exact in float64: 8 bits times a power of two
    assert choose_qparams(0.0, edge).scale == np.float32(TINY)
    assert choose_qparams(0.0, np.nextafter(edge, 0)).scale == 1
    assert choose_qparams(0.0, 5e-324) == choose_qparams(-1e-44, 0.0) == choose_qparams(0.0, 0.0)


def test_the_widest_range():
    largest = float(np.finfo(np.float32).max)
    assert choose_qparams(0.0, largest / 2).hi <= largest
    for lo, hi in ((-largest, largest), (0.0, 1e39), (-1e308, 1e308)):
        with pytest.raises(ValueError, match=r"range .*(too wide|beyond) .*float32"):
            choose_qparams(lo, hi)


def test_symmetric_counts_the_far_end_too():
    # int8 symmetric reaches down to -128 steps: 3.4e38 * 128 / 127 is no float32.
    with pytest.raises(ValueError, match=r"\[0, 3.4e\+38\] is too wide: int8"):
        choose_qparams(0.0, 3.4e38, dtype="int8", scheme="symmetric")
    assert np.isfinite(
        choose_qparams(0.0, 3.4e38, dtype="int8", scheme="symmetric", narrow=True).lo
    )


def test_per_channel_is_per_tensor_channel_by_channel():
    lo, hi = np.array([-1.0, 0.0, 0.5, -3.0]), np.array([1.0, 0.0, 4.0, -1.0])
    for scheme in ("asymmetric", "symmetric"):
        together = choose_qparams(lo, hi, dtype="int8", scheme=scheme, axis=1)
        assert together.axis == 1
        for i in range(4):
            alone = choose_qparams(lo[i], hi[i], dtype="int8", scheme=scheme)
            assert (together.scale[i], together.zero_point[i]) == (alone.scale, alone.zero_point)


@pytest.mark.parametrize(
    ("lo", "hi", "options", "says"),
    [
        (2.0, 1.0, {}, "lo is 2 and hi is 1, but a range runs upwards"),
        ([0.0, 2.0], [1.0, 1.0], {"axis": 0}, "lo is 2 and hi is 1"),
        (float("nan"), 1.0, {}, "lo is nan, but the ends of a range are finite"),
        (0.0, float("inf"), {}, "hi is inf, but the ends of a range are finite"),
        ([], [], {"axis": 0}, "lo is empty"),
        ([0.0], [1.0], {}, r"lo has shape \(1,\), but axis=None needs a single number"),
        (0.0, 1.0, {"axis": 0}, r"lo has shape \(\), but axis=0 needs a 1-D array"),
        ([0.0, 0.0], [1.0], {"axis": 0}, r"lo has shape \(2,\) and hi \(1,\)"),
        ("0", 1.0, {}, "lo has dtype <U1, but an end of a range is a number"),
        (0.0, 1.0, {"dtype": "int7"}, "dtype is 'int7', but quantized integers are one of int2"),
        (0.0, 1.0, {"dtype": np.int8}, "quantized integers are one of int2"),
        (0.0, 1.0, {"scheme": "affine"}, "scheme is 'affine', but a ruler is asymmetric or"),
        ([0.0], [1.0], {"axis": 1.5}, "axis is 1.5, but a channel axis is a whole number"),
    ],
)
def test_what_is_refused_is_said_in_a_sentence(lo, hi, options, says):
    with pytest.raises(ValueError, match=says):
        choose_qparams(lo, hi, **options)
