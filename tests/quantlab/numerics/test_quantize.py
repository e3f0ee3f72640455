"""quantize and back: how much is lost, what is refused, what never happens."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from quantlab.numerics import (
    DTYPES,
    ROUNDINGS,
    MinMaxObserver,
    QParams,
    choose_qparams,
    dequantize,
    fake_quantize,
    quantize,
)

U = 2.0**-24  # half the relative spacing of float32: the error of one rounding

schemes = st.sampled_from(["asymmetric", "symmetric"])
tensors = hnp.arrays(
    np.float32, st.integers(1, 40), elements=st.floats(-(2.0**60), 2.0**60, width=32)
)


def allowed_error(qparams: QParams) -> float:
    """Half a step, and what float32 adds to it, for x in the range the ruler was laid over.

    N = qmax - qmin bounds every number of steps. In units of a step:
    x / scale is rounded once, up to N * U; rint is off by up to 1/2; (q - z) * scale is rounded
    once, up to N * U. At an end of the range x may lie up to half a step beyond the last tick,
    because zero_point was rounded: it saturates, the error is that half step, and scale's own
    rounding to float32 shifts the tick by up to N * U. Each case stays within 1/2 + 2 N U; 3 N U
    leaves room for products of these errors, which are U times smaller.
    """
    steps = qparams.qmax - qparams.qmin
    return float(qparams.scale) * (0.5 + 3 * steps * U)


@pytest.mark.parametrize("dtype", DTYPES)
@given(x=tensors, scheme=schemes, narrow=st.booleans())
@settings(max_examples=100)
def test_a_round_trip_loses_at_most_half_a_step(dtype, x, scheme, narrow):
    qparams = MinMaxObserver(dtype=dtype, scheme=scheme, narrow=narrow).fit(x).qparams()
    error = np.abs(fake_quantize(x, qparams).astype(np.float64) - x)
    assert error.max() <= allowed_error(qparams)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scheme", ["asymmetric", "symmetric"])
@given(c=st.floats(-(2.0**100), 2.0**100, width=32))
def test_a_constant_tensor_survives(dtype, scheme, c):
    """c is an end of its range and 0 the other, so it falls on the last tick.

    scale = c / steps is rounded once and steps * scale once: a relative error of 2 U, and 2.01 U
    covers their product. Only where scale would be below float32's smallest normal number does
    the ruler have scale 1 and the constant become 0.
    """
    qparams = choose_qparams(c, c, dtype=dtype, scheme=scheme)
    back = float(fake_quantize(np.full((2, 2), c, np.float32), qparams)[0, 0])
    steps = max(qparams.qmax - int(qparams.zero_point), int(qparams.zero_point) - qparams.qmin)
    if abs(c) < float(np.finfo(np.float32).tiny) * steps:
        assert back == 0
    else:
        assert abs(back - c) <= 2.01 * U * abs(c)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_integer_survives_the_way_there_and_back(dtype, rounding):
    # (q - z) * scale is rounded once and divided or multiplied back: within 3 * 2^16 * U < 0.02 of
    # the whole number it came from, far from any tie.
    kind = DTYPES[dtype]
    for z in (kind.qmin, min(3, kind.qmax), kind.qmax):
        qparams = QParams(0.1, z, dtype)
        q = np.arange(kind.qmin, kind.qmax + 1).astype(kind.storage)
        back = quantize(dequantize(q, qparams), qparams, rounding)
        assert back.dtype == kind.storage
        np.testing.assert_array_equal(back, q)


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_beyond_the_ends_saturate_and_never_wrap(dtype):
    kind = DTYPES[dtype]
    qparams = choose_qparams(-1.0, 1.0, dtype=dtype)
    q = quantize([-3e38, -1e6, -1.5, 1.5, 1e6, 3e38], qparams)
    assert q.tolist() == [kind.qmin] * 3 + [kind.qmax] * 3


def test_narrow_integers_leave_out_the_lowest():
    qparams = choose_qparams(-1.0, 1.0, dtype="int8", scheme="symmetric", narrow=True)
    assert quantize([-2.0, 2.0], qparams).tolist() == [-127, 127]
    # A reader still understands the integer that the writer left out.
    assert dequantize([-128], qparams)[0] == np.float32(-128) * qparams.scale


def test_denormals_are_numbers_like_any_other():
    smallest = np.float32(1e-45)
    assert quantize([smallest, -smallest], choose_qparams(-1.0, 1.0)).tolist() == [128, 128]
    assert fake_quantize(smallest, choose_qparams(0.0, smallest)) == 0
    qparams = QParams(np.finfo(np.float32).tiny, 0, "int8")
    # A tie among subnormals: half of the smallest normal number is exact in float32.
    assert quantize(np.float32([0.5, 1.5]) * qparams.scale, qparams).tolist() == [0, 2]


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (2, 0 + 1, 4)])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_shape_is_kept_and_dtypes_are_as_documented(shape, kind):
    x = np.ones(shape, kind)
    qparams = choose_qparams(-1.0, 1.0, dtype="int16")
    q = quantize(x, qparams)
    assert (type(q), q.shape, q.dtype) == (np.ndarray, shape, np.int16)
    for y in (dequantize(q, qparams), fake_quantize(x, qparams)):
        assert (type(y), y.shape, y.dtype) == (np.ndarray, shape, np.float32)


def test_the_argument_is_left_alone():
    x = np.array([-5.0, 0.3, 5.0], np.float32)
    before = x.copy()
    fake_quantize(x, choose_qparams(-1.0, 1.0))
    np.testing.assert_array_equal(x, before)


def test_per_channel_is_per_tensor_channel_by_channel():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3, 4, 5)).astype(np.float32)
    for axis in range(-3, 3):
        n = x.shape[axis]
        scale = rng.uniform(0.01, 0.1, n)
        together = QParams(scale, np.arange(n), "uint8", axis=axis)
        q = np.moveaxis(quantize(x, together), axis, 0)
        for i in range(n):
            alone = QParams(scale[i], i, "uint8")
            np.testing.assert_array_equal(q[i], quantize(np.moveaxis(x, axis, 0)[i], alone))


PLAIN = QParams(0.1, 0, "int8")
CHANNELS = QParams([0.1, 0.2], 0, "int8", axis=1)


@pytest.mark.parametrize(
    ("x", "qparams", "says"),
    [
        ([1.0, float("nan")], PLAIN, r"x holds nan at index \(1,\) \(1 such of 2 values\)"),
        ([[1.0], [float("inf")]], PLAIN, r"x holds inf at index \(1, 0\)"),
        (float("-inf"), PLAIN, r"x holds -inf \(1 such of 1 values\)"),
        (1e39, PLAIN, r"x holds 1e\+39"),
        ([], PLAIN, r"x is empty \(shape \(0,\)\)"),
        ([1, 2], PLAIN, "x has dtype int64, but quantization starts from floats"),
        (["a"], PLAIN, "quantization starts from floats"),
        (1.0, CHANNELS, "axis is 1, but x has 0 dimensions: use per-tensor qparams"),
        ([1.0], CHANNELS, "axis is 1, but x has 1 dimension: choose an axis from -1 to 0"),
        (np.ones((2, 3)), CHANNELS, "x has 3 channels along axis 1 .* qparams has 2 scales"),
    ],
)
def test_quantize_refuses_in_a_sentence(x, qparams, says):
    for function in (quantize, fake_quantize):
        with pytest.raises(ValueError, match=says):
            function(x, qparams)


@pytest.mark.parametrize(
    ("q", "qparams", "says"),
    [
        ([1.0], PLAIN, "q has dtype float64, but dequantize starts from integers"),
        (np.array([], np.int8), PLAIN, "q is empty"),
        ([128], PLAIN, "q runs from 128 to 128, but int8 holds -128 to 127"),
        ([8], QParams(0.1, 0, "int4"), "but int4 holds -8 to 7"),
        ([-1, 3], QParams(0.1, 0, "uint8"), "q runs from -1 to 3, but uint8 holds 0 to 255"),
        (np.ones((2, 3), np.int8), CHANNELS, "q has 3 channels along axis 1"),
    ],
)
def test_dequantize_refuses_in_a_sentence(q, qparams, says):
    with pytest.raises(ValueError, match=says):
        dequantize(q, qparams)
