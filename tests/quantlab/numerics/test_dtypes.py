"""The six integer types against numpy's and onnx's own limits."""

import ml_dtypes
import numpy as np
import pytest

from quantlab.numerics import DTYPES, integer_type


@pytest.mark.parametrize("name", DTYPES)
def test_limits_are_the_types_own(name):
    kind = DTYPES[name]
    info = ml_dtypes.iinfo(name)
    assert (kind.qmin, kind.qmax, kind.bits) == (info.min, info.max, info.bits)
    assert kind.signed == (info.min < 0)
    assert kind.limits() == (info.min, info.max)
    assert kind.limits(narrow=True) == (info.min + 1, info.max)
    # The storage dtype is the smallest numpy integer that holds them all.
    assert kind.storage == np.result_type(np.min_scalar_type(info.min), kind.storage)
    assert np.iinfo(kind.storage).min <= info.min
    assert info.max <= np.iinfo(kind.storage).max


def test_a_type_is_found_by_its_name_and_prints_as_it():
    assert [str(integer_type(name)) for name in DTYPES] == list(DTYPES)
    assert integer_type(DTYPES["int4"]) is DTYPES["int4"]


@pytest.mark.parametrize("name", ["int32", "INT8", None, ["int8"], 8])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="one of int4, uint4, int8, uint8, int16, uint16"):
        integer_type(name)
