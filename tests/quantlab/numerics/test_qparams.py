"""QParams: a value that compares, hashes, travels and cannot be changed."""

import copy
import json
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.numerics import DTYPES, QParams, dequantize


def per_channel():
    return QParams(np.array([0.5, 0.25]), np.array([3, 4]), "uint8", axis=0)


def test_parts_have_the_documented_types():
    qparams = QParams(0.1, 7, "uint8")
    assert isinstance(qparams.scale, np.float32)
    assert isinstance(qparams.zero_point, np.int32)
    assert (qparams.bits, qparams.qmin, qparams.qmax) == (8, 0, 255)
    assert per_channel().scale.dtype == np.float32
    assert per_channel().zero_point.dtype == np.int32


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("narrow", [False, True])
def test_lo_and_hi_are_the_dequantized_ends(dtype, narrow):
    kind = DTYPES[dtype]
    qparams = QParams(0.1, (kind.qmin + kind.qmax) // 2 + 1, dtype, narrow=narrow)
    assert qparams.qmin == kind.qmin + narrow
    assert qparams.lo == dequantize(qparams.qmin, qparams)
    assert qparams.hi == dequantize(qparams.qmax, qparams)


def test_one_zero_point_serves_all_channels():
    assert QParams([0.5, 0.25], 3, "int8", axis=1).zero_point.tolist() == [3, 3]


def test_equal_values_are_equal_and_hash_alike():
    assert per_channel() == per_channel()
    assert hash(per_channel()) == hash(per_channel())
    assert QParams(0.1, 7, "uint8") == QParams(np.float32(0.1), np.int64(7), DTYPES["uint8"])
    others = [
        QParams([0.5, 0.25], [3, 5], "uint8", axis=0),
        QParams([0.5, 0.125], [3, 4], "uint8", axis=0),
        QParams([0.5, 0.25], [3, 4], "int8", axis=0),
        QParams([0.5, 0.25], [3, 4], "uint8", axis=1),
        QParams([0.5, 0.25], [3, 4], "uint8", axis=0, narrow=True),
        "not qparams",
    ]
    assert all(per_channel() != other for other in others)


def test_nothing_can_be_changed():
    qparams = per_channel()
    with pytest.raises(FrozenInstanceError):
        qparams.axis = 1
    for twin in (qparams, pickle.loads(pickle.dumps(qparams)), copy.deepcopy(qparams)):
        assert twin == qparams
        with pytest.raises(ValueError, match="read-only"):
            twin.scale[0] = 1.0
        with pytest.raises(ValueError, match="read-only"):
            twin.zero_point[0] = 1


def test_the_array_it_was_made_from_stays_free():
    scale = np.array([0.5, 0.25], dtype=np.float32)
    qparams = QParams(scale, 0, "int8", axis=0)
    scale[0] = 9.0
    assert qparams.scale[0] == 0.5


@given(
    st.floats(2.0**-126, 2.0**100, width=32), st.integers(-128, 127), st.booleans(), st.booleans()
)
def test_json_brings_back_the_same_value(scale, z, channels, narrow):
    z = max(z, -127)
    if channels:
        qparams = QParams([scale, 1.0], [z, 0], "int8", axis=-1, narrow=narrow)
    else:
        qparams = QParams(scale, z, "int8", narrow=narrow)
    assert QParams.from_dict(json.loads(json.dumps(qparams.to_dict()))) == qparams


def test_it_prints_what_it_is():
    assert repr(QParams(0.5, 7, "uint8")) == "QParams(scale=0.5, zero_point=7, dtype='uint8')"
    shown = repr(QParams([0.5, 0.25], [3, 4], "int4", axis=0, narrow=True))
    assert shown == (
        "QParams(scale=[0.5 , 0.25], zero_point=[3, 4], dtype='int4', axis=0, narrow=True)"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((0.0, 0, "int8"), "scale is 0.0, but the distance between two ticks"),
        ((-0.1, 0, "int8"), "scale is -0.1"),
        ((float("nan"), 0, "int8"), "scale is nan"),
        ((float("inf"), 0, "int8"), "scale is inf"),
        ((1e-39, 0, "int8"), "at least 1.18e-38"),
        (([], [], "int8", 0), "scale is empty"),
        ((1e37, 0, "int8"), "scale is 1e.37, but then an end of the int8 range is beyond"),
        ((0.1, 300, "uint8"), "zero_point is 300, but uint8 holds 0 to 255"),
        ((0.1, -129, "int8"), "zero_point is -129, but int8 holds -128 to 127"),
        ((0.1, 2**40, "int8"), "but int8 holds -128 to 127"),
        ((0.1, -128, "int8", None, True), "zero_point is -128, but int8 narrow holds -127"),
        ((0.1, 3.0, "int8"), "zero_point has dtype float64"),
        ((0.1, 0, "int5"), "dtype is 'int5'"),
        (([0.1, 0.2], 0, "int8"), "axis=None means one of each for the whole tensor"),
        ((0.1, [0, 0], "int8"), "axis=None means one of each for the whole tensor"),
        ((0.1, 0, "int8", 0), "axis=0 means one entry a channel"),
        (([0.1, 0.2], [0, 0, 0], "int8", 0), "axis=0 means one entry a channel"),
        (([0.1], [0], "int8", True), "axis is True, but a channel axis is a whole number"),
    ],
)
def test_parts_that_do_not_fit_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        QParams(*arguments)
