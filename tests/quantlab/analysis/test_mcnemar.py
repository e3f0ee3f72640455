"""McNemar's p-values against sums of exact fractions and worked examples."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.analysis import mcnemar


def answers(both, lost, won, neither):
    before = np.repeat([1, 1, 0, 0], [both, lost, won, neither])
    after = np.repeat([1, 0, 1, 0], [both, lost, won, neither])
    return before, after


def p_values(lost, won):
    """By the definition: the chance of every split at least as far from even, as fractions."""
    n = lost + won
    chance = [Fraction(comb(n, k), 2**n) for k in range(n + 1)]
    further = sum(p for k, p in enumerate(chance) if abs(2 * k - n) >= abs(lost - won))
    observed = sum(p for k, p in enumerate(chance) if abs(2 * k - n) == abs(lost - won))
    return further, further - observed / 2


@given(lost=st.integers(0, 60), won=st.integers(0, 60), both=st.integers(1, 5))
def test_p_values_equal_the_sums_of_fractions(lost, won, both):
    found = mcnemar(*answers(both, lost, won, 2))
    exact, mid = p_values(lost, won)
    # An even split's mid-p by this definition would be 1 - P / 2; the usual two-sided mid-p,
    # twice the smaller tail's mid-p, is 1.
    assert found.p_exact == float(exact)
    assert found.p_mid == (float(mid) if lost != won else 1.0)
    assert (found.both, found.only_before, found.only_after, found.neither) == (both, lost, won, 2)
    assert found.drop == (lost - won) / found.images


def test_thousands_of_disagreements_neither_overflow_nor_round_to_nothing():
    found = mcnemar(*answers(40_000, 1_070, 405, 8_525))
    exact, mid = p_values(1_070, 405)
    assert 0 < found.p_mid == float(mid) < found.p_exact == float(exact) < 1e-60


def test_nothing_changed():
    found = mcnemar([True, False], [True, False])
    assert (found.p_exact, found.p_mid, found.drop) == (1.0, 1.0, 0.0)


def test_the_order_of_the_models_turns_only_the_sign():
    one, other = mcnemar(*answers(5, 9, 2, 1)), mcnemar(*answers(5, 2, 9, 1))
    assert (one.p_exact, one.p_mid, one.drop) == (other.p_exact, other.p_mid, -other.drop)


def test_it_reads_as_a_table():
    text = str(mcnemar(*answers(480, 14, 4, 2)))
    assert text.splitlines()[2].split() == ["before", "right", "480", "14"]
    assert "Of 500 images 14 lost, 4 won" in text
    # 2 * sum C(18, 0..4) / 2^18 = 8096 / 262144
    assert mcnemar(*answers(480, 14, 4, 2)).to_dict()["p_exact"] == 8096 / 262144


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ([1, 0], [1], "before has 2 images and after 1"),
        ([], [], "empty"),
        ([1, 2], [1, 1], "right or wrong"),
        ([0.9, 0.1], [1, 1], "predictions == labels"),
        ([np.nan, 1], [1, 1], "right or wrong"),
        ([[1]], [[1]], "1-D"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(before, after, sentence):
    with pytest.raises(ValueError, match=sentence):
        mcnemar(before, after)
