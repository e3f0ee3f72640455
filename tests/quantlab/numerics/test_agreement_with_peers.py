"""The integers are the peers' integers: onnx.reference, ONNX Runtime, torch."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from quantlab.numerics import DTYPES, QParams, dequantize, fake_quantize, quantize
from tests.support import grids, peers


@st.composite
def tensors_with_rulers(draw, dtypes=tuple(peers.ONNX_TYPES)):
    """A small tensor of any float32 values and qparams along one of its axes, or per-tensor."""
    dtype = draw(st.sampled_from(dtypes))
    kind = DTYPES[dtype]
    x = draw(
        hnp.arrays(
            np.float32,
            hnp.array_shapes(min_dims=1, max_dims=4, max_side=4),
            elements=st.floats(-(2.0**100), 2.0**100, width=32),
        )
    )
    axis = draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    n = 1 if axis is None else x.shape[axis]
    # Up to 2^100: even 65,535 steps of it stay below float32's largest number, about 2^128.
    scale = draw(hnp.arrays(np.float32, n, elements=st.floats(2.0**-100, 2.0**100, width=32)))
    z = draw(hnp.arrays(np.int32, n, elements=st.integers(kind.qmin, kind.qmax)))
    if axis is None:
        return x, QParams(scale[0], z[0], dtype)
    return x, QParams(scale, z, dtype, axis=axis)


@given(tensors_with_rulers())
@settings(max_examples=120)
def test_any_tensor_and_any_ruler_agree_with_onnx_runtime(case):
    x, qparams = case
    q = quantize(x, qparams)
    np.testing.assert_array_equal(q, peers.ort_quantize(x, qparams))
    np.testing.assert_array_equal(dequantize(q, qparams), peers.ort_dequantize(q, qparams))


def steps_from_zero(x, qparams):
    aligned = [1] * x.ndim
    if qparams.axis is not None:
        aligned[qparams.axis] = -1
    return np.abs(x.astype(np.float64) / np.reshape(qparams.scale, aligned)).max()


@given(tensors_with_rulers())
@settings(max_examples=120)
def test_any_tensor_and_any_ruler_agree_with_onnx_reference(case):
    x, qparams = case
    # The reference casts to int32 before it adds at most 2^16 and clamps: beyond that it overflows.
    assume(steps_from_zero(x, qparams) < 2**31 - 2**17)
    q = quantize(x, qparams)
    np.testing.assert_array_equal(q, peers.reference_quantize(x, qparams))
    np.testing.assert_array_equal(dequantize(q, qparams), peers.reference_dequantize(q, qparams))


@given(tensors_with_rulers(tuple(DTYPES)))
@settings(max_examples=240)
def test_any_tensor_and_any_ruler_agree_with_torch(case):
    x, qparams = case
    # torch's per-channel kernel casts to int64 before it clamps.
    assume(steps_from_zero(x, qparams) < 2**62)
    ours = fake_quantize(x, qparams, rounding="torch")
    np.testing.assert_array_equal(ours, peers.torch_fake_quantize(x, qparams))


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_torch_legacy_is_quantize_per_tensor(dtype):
    """Fused or not: a CPU without fused multiply-add rounds the product before it adds.

    Both are the same formula, so every answer is one of two, and on a CPU with it always ours.
    """
    import torch

    rng = np.random.default_rng(3)
    for qparams in grids.fixed_rulers(dtype):
        x = grids.vectors(qparams, rng)
        theirs = peers.torch_quantize(x, qparams)
        fused = quantize(x, qparams, rounding="torch_legacy")
        product = x * (np.float32(1) / qparams.scale)
        unfused = np.clip(
            np.rint(product + np.float32(qparams.zero_point)), qparams.qmin, qparams.qmax
        )
        assert ((theirs == fused) | (theirs == unfused)).all()
        if torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512"):
            np.testing.assert_array_equal(theirs, fused)
