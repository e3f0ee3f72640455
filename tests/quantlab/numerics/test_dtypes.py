"""The integer types against ml_dtypes' limits, and against two's complement counted by hand."""

import ml_dtypes
import numpy as np
import pytest

from quantlab.numerics import DTYPES, integer_type

# Bits -> the lowest and highest signed and the highest unsigned integer.
BY_HAND = {
    2: (-2, 1, 3),
    3: (-4, 3, 7),
    4: (-8, 7, 15),
    6: (-32, 31, 63),
    8: (-128, 127, 255),
    16: (-32768, 32767, 65535),
}


def test_every_width_is_there_signed_and_unsigned():
    assert len(DTYPES) == 2 * len(BY_HAND)
    for bits, (low, high, unsigned) in BY_HAND.items():
        assert DTYPES[f"int{bits}"].limits() == (low, high)
        assert DTYPES[f"int{bits}"].limits(narrow=True) == (low + 1, high)
        assert DTYPES[f"uint{bits}"].limits() == (0, unsigned)
        for name in (f"int{bits}", f"uint{bits}"):
            assert DTYPES[name].bits == bits
            assert DTYPES[name].storage.itemsize == max(1, bits // 8)


@pytest.mark.parametrize("name", [name for name in DTYPES if hasattr(ml_dtypes, name)])
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
    with pytest.raises(
        ValueError, match="one of int2, uint2, int3, uint3, int4, uint4, int6, uint6, int8"
    ):
        integer_type(name)
