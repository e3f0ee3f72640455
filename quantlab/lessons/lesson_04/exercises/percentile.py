"""4.3: leave out the rarest values at both ends."""

import numpy as np

from quantlab.lessons.lesson_04.exercises.common import FROM_SCRATCH, after_relu, number
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute, each


@exercise("4.3", "The middle 99 percent", points=3, difficulty=2, importance=5, minutes=8)
class MiddlePercent:
    answer = "percentile_range"
    forbid = FROM_SCRATCH
    hints = (
        "Take percentile = 90. How many percent are left out in all, and how many at each end?",
        "Half of what is left out lies below the range, half above. numpy can say below which "
        "value a given percent of all values lie.",
        "cut = (100 - percentile) / 2, and then np.percentile(x, [cut, ...]).",
    )
    insight = (
        "One parameter decides how many values saturate on purpose. It looks at how *many* they "
        "are, not at how far out: exercise 4.5 asks for both."
    )

    def within(x, percentile):
        # An end is a + (b - a) * t between two neighbours. In float32 its two values and the
        # result are rounded, 3 roundings of 2^-24 of the largest value. The place of the end among
        # n values, percent / 100 * (n - 1), is off by 4 roundings in float32 and moves the end by
        # that share of the widest gap between neighbours.
        largest = float(np.abs(x).max())
        gap = float(np.diff(np.sort(x, axis=None)).max())
        end = absolute(2.0**-24 * (4 * largest + 4 * x.size * gap))
        return each(lo=end, hi=end)

    def cases(rng):
        bell = rng.normal(1.5, 2.0, 201).astype(np.float32)
        hundred = np.arange(101, dtype=np.float32) ** 2 / 64 - 30
        relu = after_relu(rng, (3, 4, 10), 11.5)
        fixed = np.array([[0, 0, 1.25, 4.5], [0, 0.75, 2.25, 0], [1.5, 8.75, 0, 3.5]], np.float32)
        high = np.linspace(2.125, 6.875, 40, dtype=np.float32).reshape(5, 8)
        return [
            group(
                "both signs",
                1,
                "As many percent of the values lie below the range as above it.",
                [(hundred, 90.0), (hundred, 97.0), (bell, 99.0), (bell, 80.0)],
            ),
            group(
                "nothing below zero",
                1,
                "It is a share of the values, whatever side of 0 they are on.",
                [(fixed, 80.0), (high, 90.0), (relu, 95.0)],
            ),
            group(
                "the ends",
                1,
                "100 percent leave nothing out, and 50 percent half of all values.",
                [(hundred, 100.0), (fixed, 50.0), (fixed, 100.0), (relu, 100.0)],
            ),
        ]

    def oracle(x, percentile):
        import torch

        cut = (1 - percentile / 100) / 2
        places = torch.tensor([cut, 1 - cut], dtype=torch.float64)
        ends = torch.quantile(torch.from_numpy(x).double().reshape(-1), places)
        return ends[0].item(), ends[1].item()

    def observe(args, got):
        x, percentile = args
        try:
            lo, hi = (float(end) for end in got)
        except (TypeError, ValueError):
            return ""
        inside = 100 * float(np.mean((x >= lo) & (x <= hi)))
        below, above = 100 * float(np.mean(x < lo)), 100 * float(np.mean(x > hi))
        return (
            f"Asked for the middle {number(percentile)} %, you give [{number(lo)}, {number(hi)}]: "
            f"{inside:.1f} % of the values lie in it, {below:.1f} % below and {above:.1f} % above."
        )

    @misconception("All of the rest is cut off at the upper end here. And at the lower one?")
    def cuts_the_upper_end_alone(x, percentile):
        return float(x.min()), float(np.percentile(x, percentile))

    @misconception("How many percent are left out in all, when you leave out that many at each "
                   "end?")  # fmt: skip
    def cuts_the_whole_rest_at_each_end(x, percentile):
        return tuple(float(end) for end in np.percentile(x, [100 - percentile, percentile]))

    @misconception("That is a percentile of the sizes. Do the values spread equally to both sides?")
    def goes_by_magnitude(x, percentile):
        size = float(np.percentile(np.abs(x), percentile))
        return -size, size

    @misconception("You cut a share of the *range*. Which share of the *values* lies in it?")
    def cuts_a_share_of_the_range(x, percentile):
        lo, hi = float(x.min()), float(x.max())
        cut = (100 - percentile) / 200 * (hi - lo)
        return lo + cut, hi - cut

    @misconception("A mean and a spread tell how a bell curve lies. Is this tensor one?")
    def takes_three_standard_deviations(x, percentile):
        mean, spread = float(x.mean()), float(x.std())
        return mean - 3 * spread, mean + 3 * spread

    @misconception("That is the whole range. How many values does it leave out?")
    def leaves_nothing_out(x, percentile):
        return float(x.min()), float(x.max())

    @misconception("Zeros are values too. Are they counted here?")
    def leaves_out_zeros(x, percentile):
        cut = (100 - percentile) / 2
        return tuple(float(end) for end in np.percentile(x[x != 0], [cut, 100 - cut]))

    @misconception("You return a value of the data. What does numpy do between two of them?")
    def goes_to_the_value_below(x, percentile):
        cut = (100 - percentile) / 2
        ends = np.percentile(x, [cut, 100 - cut], method="lower")
        return tuple(float(end) for end in ends)

    @misconception("You count off whole values. What lies between two of them?")
    def counts_off_whole_values(x, percentile):
        ordered = np.sort(x, axis=None)
        count = int(x.size * (100 - percentile) / 200)
        return float(ordered[count]), float(ordered[-1 - count])

    @misconception("Half of 3 percent is 1.5 percent. What has `//` made of it?")
    def cuts_whole_percents(x, percentile):
        cut = (100 - percentile) // 2
        return tuple(float(end) for end in np.percentile(x, [cut, 100 - cut]))

    @misconception("np.percentile counts from 0 to 100. In which unit is what you cut off?")
    def takes_a_share_for_percent(x, percentile):
        cut = (1 - percentile / 100) / 2
        return tuple(float(end) for end in np.percentile(x, [cut, 100 - cut]))

    @misconception("Each column was cut for itself. Over how many of the axes does one range go?")
    def widest_of_the_columns(x, percentile):
        cut = (100 - percentile) / 2
        lo, hi = np.percentile(x, [cut, 100 - cut], axis=0)
        return float(np.min(lo)), float(np.max(hi))

    @misconception("One axis was left over. Over how many of the axes does one range go?")
    def one_range_a_column(x, percentile):
        cut = (100 - percentile) / 2
        lo, hi = np.percentile(x, [cut, 100 - cut], axis=0)
        return lo, hi

    @misconception("Everything at the lower end is cut. What about values far above all others?")
    def cuts_the_lower_end_alone(x, percentile):
        return float(np.percentile(x, 100 - percentile)), float(x.max())
