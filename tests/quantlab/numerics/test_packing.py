"""Two integers a byte, in onnx's order."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization.quant_utils import pack_bytes_to_4bit

from quantlab.numerics import DTYPES, pack_int4, unpack_int4

ONNX = {
    "int4": (TensorProto.INT4, ml_dtypes.int4),
    "uint4": (TensorProto.UINT4, ml_dtypes.uint4),
}


@st.composite
def four_bit_arrays(draw):
    kind = DTYPES[draw(st.sampled_from(["int4", "uint4"]))]
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=5))
    elements = st.integers(kind.qmin, kind.qmax)
    return kind.name, draw(hnp.arrays(kind.storage, shape, elements=elements))


@given(four_bit_arrays())
def test_bytes_are_onnx_bytes_and_come_back(case):
    dtype, q = case
    number, array_type = ONNX[dtype]
    packed = pack_int4(q)
    assert packed.tobytes() == numpy_helper.from_array(q.astype(array_type)).raw_data
    assert packed.tobytes() == bytes(pack_bytes_to_4bit(q.tobytes()))
    read = numpy_helper.to_array(helper.make_tensor("q", number, q.shape, packed.tobytes(), True))
    back = unpack_int4(packed, q.shape, dtype)
    np.testing.assert_array_equal(back, read.astype(q.dtype))
    np.testing.assert_array_equal(back, q)
    assert (back.shape, back.dtype) == (q.shape, q.dtype)


def test_every_byte():
    every = np.arange(256, dtype=np.uint8)
    for dtype in ONNX:
        np.testing.assert_array_equal(pack_int4(unpack_int4(every, 512, dtype)), every)


def test_first_integer_in_the_low_half_and_an_odd_one_padded():
    assert pack_int4(np.array([1, 2, 3], np.uint8)).tolist() == [0x21, 0x03]
    assert unpack_int4(np.array([0x21, 0xF3], np.uint8), 3, "uint4").tolist() == [1, 2, 3]
    assert pack_int4(np.array([], np.int8)).tolist() == []


@pytest.mark.parametrize(
    ("q", "says"),
    [
        ([0.5], "q has dtype float64, but only integers can be packed"),
        ([0, 16], "q runs from 0 to 16, but 4 bits hold"),
        ([-1, 8], "q runs from -1 to 8, but 4 bits hold"),
        ([-9], "q runs from -9 to -9"),
    ],
)
def test_what_cannot_be_packed(q, says):
    with pytest.raises(ValueError, match=says):
        pack_int4(q)


@pytest.mark.parametrize(
    ("packed", "shape", "dtype", "says"),
    [
        (np.zeros(2, np.uint8), 4, "int8", "dtype is int8, but only int4 and uint4 are packed"),
        (np.zeros(2, np.int8), 4, "int4", "packed has dtype int8, but it is a row of bytes"),
        (np.zeros(2, np.uint8), (1, 5), "int4", "packed has 2 bytes, but 5 integers of 4 bits"),
    ],
)
def test_what_cannot_be_unpacked(packed, shape, dtype, says):
    with pytest.raises(ValueError, match=says):
        unpack_int4(packed, shape, dtype)
