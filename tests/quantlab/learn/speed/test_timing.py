"""Timing arithmetic on known times, and that pairs are really run in turn."""

import numpy as np
import pytest

from quantlab.learn.speed.timing import WARM_UPS, Timing, compare, measure, side_by_side


def test_timing_holds_fastest_median_and_quartiles():
    timing = Timing.of(np.array([5.0, 1.0, 2.0, 3.0, 4.0]))
    assert timing == Timing(fastest=1.0, median=3.0, low=2.0, high=4.0, runs=5)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(2.0, "faster"), (0.5, "slower"), (1.0, "inconclusive")]
)
def test_a_known_ratio_lies_in_its_interval(factor, verdict):
    rng = np.random.default_rng(3)
    second = 1.0 + 0.05 * rng.standard_normal(41)
    first = factor * (1.0 + 0.05 * rng.standard_normal(41))
    result = compare(np.stack([first, second], axis=1))
    assert result.ratio == np.median(first) / np.median(second)
    # A median of 41 runs with 5 % noise has a standard error of 1.25 * 5 % / sqrt(41), about 1 %;
    # a ratio of two about 1.4 %. 95 % reach twice that, the tolerance four times: 6 %.
    assert result.low == pytest.approx(factor, rel=0.06)
    assert result.high == pytest.approx(factor, rel=0.06)
    assert result.low <= result.ratio <= result.high
    assert result.verdict == verdict


def test_two_calls_are_run_in_turn_with_changing_order():
    calls = []
    result = side_by_side(lambda: calls.append("a"), lambda: calls.append("b"), seconds=0.001)
    timed = calls[2 * WARM_UPS :]
    pairs = list(zip(timed[::2], timed[1::2], strict=True))
    assert pairs[:4] == [("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")]
    assert result.first.runs == result.second.runs == len(pairs)


def test_measure_warms_up_and_runs_at_least_five_times():
    calls = []
    assert measure(lambda: calls.append(1), seconds=0.0).runs == 5
    assert len(calls) == 5 + WARM_UPS
