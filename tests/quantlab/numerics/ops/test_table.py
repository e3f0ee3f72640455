"""A table gives what the function gives, however many values there are."""

import numpy as np
import pytest

from quantlab.numerics import QParams
from quantlab.numerics.ops import add
from quantlab.numerics.ops.table import by_pairs, by_table
from tests.support.operator_cases import random_integers, random_ruler


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_many_sums_are_those_of_few_at_a_time(dtype):
    # 90,000 outputs are looked up in a table of 65,536 pairs, 300 of them are not.
    rng = np.random.default_rng(61)
    a, b = random_integers(rng, (300, 300), dtype), random_integers(rng, (300,), dtype)
    rulers = random_ruler(rng, dtype), random_ruler(rng, dtype)
    y = random_ruler(rng, dtype, 0.2)
    whole = add(a, rulers[0], b, rulers[1], y)
    rows = [add(row, rulers[0], b, rulers[1], y) for row in a]
    np.testing.assert_array_equal(whole, rows)
    assert whole.dtype == rows[0].dtype


def test_pairs_of_narrow_integers_start_at_the_types_own_end():
    ruler = QParams(1.0, 0, "int4", narrow=True)
    every = np.arange(-8, 8)
    a, b = np.repeat(every, 160), np.tile(every, 160)
    looked_up = by_pairs(lambda p, q: 100 * p + q, a, ruler, b, ruler)
    np.testing.assert_array_equal(looked_up, 100 * a + b)


def test_a_table_of_sixteen_bits():
    x, y = QParams(1.0, -5, "int16"), QParams(2.0, 7, "uint8")
    np.testing.assert_array_equal(by_table([-5, -3, 1, 32767], x, y, np.abs), [7, 8, 10, 255])
