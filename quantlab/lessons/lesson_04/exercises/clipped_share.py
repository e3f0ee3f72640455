"""4.7: the self-check that finds too little calibration data."""

import numpy as np

from quantlab.lessons.lesson_04.exercises.common import FROM_SCRATCH, number
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import ulps


@exercise("4.7", "Does the ruler fit new pictures?", points=2, difficulty=1, importance=5,
          minutes=5)  # fmt: skip
class ClippedShare:
    answer = "clipped_share"
    forbid = FROM_SCRATCH
    hints = (
        "A value is off the ruler on either side. A value exactly at an end is still on it.",
        "Count the values below lo and those above hi. Of how many?",
        "np.mean of a bool array is the share of True: (fresh < lo) | (fresh > ...).",
    )
    insight = (
        "Zero on the calibration pictures by construction, so ask it on pictures that were not "
        "used. It needs no label."
    )
    # A count over a count: one division, and the rounding of the truth itself.
    within = ulps(2)

    def cases(rng):
        fixed = np.array([[-2.5, -1.5, 0.0, 1.0], [2.0, 4.25, 4.5, 9.0], [3.0, 4.25, 0.5, 7.0]])
        fixed = fixed.astype(np.float32)
        low = np.array([-6.0, -1.75, -3.5, 0.25, 0.5, 0.75, 1.0], np.float32)
        many = rng.normal(0.5, 2.0, (3, 5, 7)).astype(np.float32)
        relu = np.maximum(many, 0.0)
        return [
            group(
                "both ends",
                1,
                "It is the share of all values that lie below lo or above hi.",
                [
                    (-1.75, 4.0, fixed),
                    (-1.75, 0.625, low),
                    (-2.0, 8.5, fixed),
                    (-1.5, 2.5, many),
                ],
            ),
            group(
                "at an end, on one side, or none",
                1,
                "A value at an end is on the ruler, and stays what it is.",
                [
                    (-1.5, 4.25, fixed),
                    (0.0, 4.25, fixed),
                    (0.0, 2.0, relu),
                    (-9.0, 9.0, fixed),
                    (-3.5, 1.0, low),
                ],
            ),
        ]

    def oracle(lo, hi, fresh):
        import torch

        x = torch.from_numpy(fresh)
        return int(torch.count_nonzero(x.clamp(lo, hi) != x)) / x.numel()

    def observe(args, got):
        lo, hi, fresh = args
        if not isinstance(got, int | float | np.number):
            return ""
        return (
            f"The ruler runs from {number(lo)} to {number(hi)}, the {fresh.size} values from "
            f"{number(float(fresh.min()))} to {number(float(fresh.max()))}. You say {number(got)}."
        )

    @misconception("That is how many they are. Of how many?")
    def counts_them(lo, hi, fresh):
        return int(((fresh < lo) | (fresh > hi)).sum())

    @misconception("That is in percent. Which number stands for all of the values as a share?")
    def says_percent(lo, hi, fresh):
        return float(100 * ((fresh < lo) | (fresh > hi)).mean())

    @misconception("That is the share which fits. Which one does not?")
    def says_what_fits(lo, hi, fresh):
        return float(((fresh >= lo) & (fresh <= hi)).mean())

    @misconception("A value exactly at an end has a tick of its own. Is it clipped?")
    def counts_the_ends_too(lo, hi, fresh):
        return float(((fresh <= lo) | (fresh >= hi)).mean())

    @misconception("You look above the ruler. And below it?")
    def looks_above_alone(lo, hi, fresh):
        return float((fresh > hi).mean())

    @misconception("You look below the ruler. And above it?")
    def looks_below_alone(lo, hi, fresh):
        return float((fresh < lo).mean())

    @misconception("Can one value be below lo *and* above hi?")
    def asks_for_both_at_once(lo, hi, fresh):
        return float(((fresh < lo) & (fresh > hi)).mean())

    @misconception("Do both ends of this ruler lie equally far from 0?")
    def goes_by_magnitude(lo, hi, fresh):
        return float((np.abs(fresh) > hi).mean())

    @misconception("Both sides are measured with the farther end. Where does the other one lie?")
    def goes_by_the_farther_end(lo, hi, fresh):
        return float((np.abs(fresh) > max(abs(lo), abs(hi))).mean())

    @misconception("`len` counts along the first axis. How many values are there in all?")
    def divides_by_the_first_axis(lo, hi, fresh):
        return int(((fresh < lo) | (fresh > hi)).sum()) / len(fresh)

    @misconception("One clipped value makes a whole picture count. What is to be counted?")
    def counts_pictures(lo, hi, fresh):
        rows = fresh.reshape(len(fresh), -1)
        return float(((rows < lo) | (rows > hi)).any(axis=1).mean())

    @misconception("You compare the widths of two ranges. How many *values* lie outside?")
    def compares_the_widths(lo, hi, fresh):
        width = float(fresh.max() - fresh.min())
        return max(0.0, 1 - (hi - lo) / width)
