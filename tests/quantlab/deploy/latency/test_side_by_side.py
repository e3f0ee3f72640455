"""Lesson 2's two ways to time, on known times and on calls that are counted."""

import numpy as np
import pytest

from quantlab.deploy.latency.side_by_side import compare, measure, side_by_side
from quantlab.deploy.latency.timing import FEWEST_ROUNDS, WARM_UPS


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


def test_two_calls_are_run_equally_often():
    calls = []
    result = side_by_side(lambda: calls.append("a"), lambda: calls.append("b"), seconds=0.001)
    assert result.first.runs == result.second.runs
    assert calls.count("a") == calls.count("b") == result.first.runs + WARM_UPS


def test_measure_warms_up_and_runs_at_least_five_times():
    calls = []
    assert measure(lambda: calls.append(1), seconds=0.0).runs == FEWEST_ROUNDS == 5
    assert len(calls) == 5 + WARM_UPS
