"""9.4: how sure is a speed-up?"""

from statistics import median, quantiles

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import each, ulps

ENDS = (0.025, 0.975)


@exercise("9.4", "A ratio with its interval", points=4, difficulty=3, importance=5, minutes=7)
class RatioInterval:
    answer = "ratio_interval"
    forbid = FROM_SCRATCH
    hints = (
        "One row of `picks` is one imagined measurement: which rounds does it consist of?",
        "fp32[picks] has a row for each imagined measurement. Take medians along axis 1, divide, "
        "and you have one ratio a row.",
        "ratios = np.median(fp32[picks], axis=1) / np.median(int8[picks], axis=1); then "
        "np.quantile(ratios, ...) at 2.5 % and at 97.5 %.",
    )
    insight = (
        "`measure_latency` computes exactly this. An interval on both sides of the target means: "
        "measure longer, and claim nothing yet."
    )
    # In float32 a median of two, a division and an interpolation are rounded: 2^-24 each, on both
    # sides of the division. A spacing is at least that much of a value.
    within = each(low=ulps(6), high=ulps(6))

    def cases(rng):
        fixed = np.random.default_rng(9)
        spread = _rounds(fixed, 9, apart=True)
        alike = _rounds(fixed, 9, apart=False)
        return [
            group(
                "a spread",
                2,
                "Low and high are the 2.5 % and the 97.5 % quantile of the drawn ratios.",
                [
                    (*spread, _picks(fixed, 60, 9)),
                    (np.array([20.0, 30.0, 26.0]), np.array([8.0, 10.0, 20.0]), np.array(
                        [[0, 1, 2], [0, 0, 1], [2, 2, 1], [1, 1, 1], [0, 2, 2]])),
                    (*_rounds(rng, 11, apart=True), _picks(rng, 80, 11)),
                ],
            ),
            group(
                "an even number of rounds",
                1,
                "A median of an even number of rounds lies between the middle two.",
                [
                    (*_rounds(fixed, 6, apart=True), _picks(fixed, 50, 6)),
                    (*_rounds(rng, 8, apart=True), _picks(rng, 50, 8)),
                ],
            ),
            group(
                "disturbed together",
                1,
                "A round that was slow for both stays one round: both are drawn with one pick.",
                [(*alike, _picks(fixed, 40, 9)), (*_rounds(rng, 7, apart=False),
                                                  _picks(rng, 40, 7))],
            ),
        ]  # fmt: skip

    def oracle(fp32, int8, picks):
        # Round by round in Python, with the standard library's median and quantiles.
        ratios = []
        for row in picks.tolist():
            above, below = ([float(times[k]) for k in row] for times in (fp32, int8))
            ratios.append(median(above) / median(below))
        cuts = quantiles(ratios, n=40, method="inclusive")
        return cuts[0], cuts[-1]

    @misconception("Above 1 it is a speed-up. Which of the two times is then divided?")
    def upside_down(fp32, int8, picks):
        return _ends(_medians(int8, picks) / _medians(fp32, picks))

    @misconception("What does one disturbed round do to a mean, and what to a median?")
    def takes_means(fp32, int8, picks):
        return _ends(fp32[picks].mean(axis=1) / int8[picks].mean(axis=1))

    @misconception("You divided round by round. Which two numbers does a speed-up divide?")
    def ratio_of_each_round(fp32, int8, picks):
        return _ends(np.median(fp32[picks] / int8[picks], axis=1))

    @misconception("A row of `picks` is one imagined measurement. Along which axis is its median?")
    def medians_down_the_columns(fp32, int8, picks):
        return _ends(np.median(fp32[picks], axis=0) / np.median(int8[picks], axis=0))

    @misconception("`np.percentile` counts to 100. Which share is 0.025 there?")
    def shares_for_per_cent(fp32, int8, picks):
        ratios = _medians(fp32, picks) / _medians(int8, picks)
        return _ends(ratios, (0.00025, 0.00975))

    @misconception("Each draw has a ratio of its own. Did you divide before you took quantiles?")
    def quantiles_before_the_ratio(fp32, int8, picks):
        above, below = _ends(_medians(fp32, picks)), _ends(_medians(int8, picks))
        return above[0] / below[1], above[1] / below[0]

    @misconception("A quantile may lie between two draws. What does `np.quantile` do there?")
    def takes_one_of_the_draws(fp32, int8, picks):
        ratios = np.sort(_medians(fp32, picks) / _medians(int8, picks))
        return tuple(float(ratios[int(share * len(ratios))]) for share in ENDS)

    @misconception("How far do single rounds spread, and how far does their median?")
    def spread_of_the_rounds(fp32, int8, picks):
        return _ends(fp32 / int8)

    @misconception("How much lies outside on each side, if 95 % lie inside?")
    def five_per_cent_on_each_side(fp32, int8, picks):
        return _ends(_medians(fp32, picks) / _medians(int8, picks), (0.05, 0.95))

    @misconception("The farthest two grow with every further draw. Which share should be inside?")
    def smallest_and_largest(fp32, int8, picks):
        return _ends(_medians(fp32, picks) / _medians(int8, picks), (0.0, 1.0))

    @misconception("One round measured both. Did you draw it for both at once?")
    def draws_them_apart(fp32, int8, picks):
        return _ends(_medians(fp32, picks) / _medians(int8, np.roll(picks, 1, axis=0)))

    @misconception("You drew FP32's rounds. Which rounds of INT8 belong to them?")
    def draws_one_of_them(fp32, int8, picks):
        return _ends(_medians(fp32, picks) / np.median(int8))

    @misconception("Half of the draws lie between the quartiles. How many should?")
    def quartiles(fp32, int8, picks):
        return _ends(_medians(fp32, picks) / _medians(int8, picks), (0.25, 0.75))

    @misconception("Must an interval be as long above as below? Which draws did you look at?")
    def two_standard_deviations(fp32, int8, picks):
        ratios = _medians(fp32, picks) / _medians(int8, picks)
        return float(ratios.mean() - 1.96 * ratios.std()), float(
            ratios.mean() + 1.96 * ratios.std()
        )


def _medians(times, picks):
    return np.median(times[picks], axis=1)


def _ends(ratios, at=ENDS):
    low, high = np.quantile(ratios, at)
    return float(low), float(high)


def _rounds(rng, count, *, apart):
    """Times of FP32 and of INT8; every fourth round is disturbed, both of it or one at a time."""
    int8 = rng.uniform(8.0, 12.0, count).round(2)
    fp32 = 2 * int8
    if apart:
        fp32 = fp32 * rng.uniform(0.8, 1.4, count).round(2)
        int8[::4] *= 3
        fp32[1::4] *= 4
        return fp32, int8
    int8[::3] *= 5
    fp32[::3] *= 5
    return fp32, int8


def _picks(rng, resamples, rounds):
    return rng.integers(0, rounds, size=(resamples, rounds))
