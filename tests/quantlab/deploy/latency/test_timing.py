"""Rounds in turn with a clock of our own, and the interval of a ratio on known samples."""

import numpy as np
import pytest

from quantlab.deploy.latency.timing import (
    MOST_ROUNDS,
    WARM_UPS,
    Timing,
    ratio_interval,
    rounds_in_turn,
)


class Clock:
    """A clock that only moves when it is told to, or by `step` at every look."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now

    def taking(self, seconds):
        """A call that lasts so long on this clock."""

        def call():
            self.now += seconds

        return call


def test_timing_holds_fastest_median_and_quartiles():
    timing = Timing.of([5.0, 1.0, 2.0, 3.0, 4.0])
    assert timing == Timing(fastest=1.0, median=3.0, low=2.0, high=4.0, runs=5)


def test_each_call_gets_its_own_seconds_whatever_the_order():
    clock = Clock()
    calls = [clock.taking(s) for s in (1.0, 2.0, 4.0)]
    for times in rounds_in_turn(calls, seconds=70.0, clock=clock):
        assert times == (1.0, 2.0, 4.0)


def test_no_round_begins_after_the_time_is_over():
    clock = Clock()
    # Warm-up lies before the measured time. Rounds of 2 s begin at 0, 2, 4, 6, 8 and 10 < 11.
    rounds = list(rounds_in_turn([clock.taking(1.0)] * 2, seconds=11.0, clock=clock))
    assert len(rounds) == 6
    assert clock.now == 2 * WARM_UPS + 12


def test_the_fewest_rounds_are_done_however_long_they_take():
    clock = Clock()
    assert len(list(rounds_in_turn([clock.taking(9.0)], 1.0, fewest=7, clock=clock))) == 7


def test_a_call_that_takes_no_time_ends_all_the_same():
    assert len(list(rounds_in_turn([lambda: None], 1.0, clock=Clock()))) == MOST_ROUNDS


@pytest.mark.parametrize("count", [2, 3])
def test_every_call_is_early_as_often_as_late(count):
    done = []
    calls = [lambda k=k: done.append(k) for k in range(count)]
    list(rounds_in_turn(calls, 0.0, fewest=40, clock=Clock()))
    rounds = [tuple(done[at : at + count]) for at in range(WARM_UPS * count, len(done), count)]
    places = np.array([[order.index(k) for order in rounds] for k in range(count)])
    assert (places.mean(axis=1) == (count - 1) / 2).all()
    assert len(set(rounds)) == (2 if count == 2 else 6)


def test_what_was_measured_before_an_interruption_is_kept():
    clock, rounds = Clock(), []

    def interrupted():
        if len(rounds) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rounds.extend(rounds_in_turn([clock.taking(1.0), interrupted], 100.0, clock=clock))
    assert rounds == [(1.0, 0.0)] * 3


def test_the_interval_is_the_same_for_the_same_seed():
    pairs = np.random.default_rng(1).lognormal(size=(30, 2))
    assert ratio_interval(pairs) == ratio_interval(pairs)
    assert ratio_interval(pairs) != ratio_interval(pairs, seed=1)


def test_two_calls_that_vary_together_have_a_narrow_interval():
    """The rounds are drawn whole: noise that meets both calls leaves the ratio alone."""
    noise = np.random.default_rng(2).lognormal(sigma=0.5, size=50)
    assert ratio_interval(np.stack([2 * noise, noise], axis=1)) == pytest.approx((2.0, 2.0))


def test_95_of_100_intervals_hold_the_true_ratio():
    """Timings with a long tail to the right, as real ones have; true ratio of medians 1.5."""
    rng = np.random.default_rng(4)
    trials = 200
    held = 0
    for _ in range(trials):
        pairs = np.exp(0.1 * np.abs(rng.standard_normal((25, 2)))) * (1.5, 1.0)
        low, high = ratio_interval(pairs)
        held += low <= 1.5 <= high
    # Binomial with p = 0.95 and 200 trials has a standard deviation of 1.54 %. The bootstrap of a
    # median is known to be a little conservative, so the lower bound alone is tested: 3 deviations.
    assert held / trials >= 0.95 - 3 * 0.0154
