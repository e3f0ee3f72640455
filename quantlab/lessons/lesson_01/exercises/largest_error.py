"""1.5: the largest error of a round trip."""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import (
    FROM_SCRATCH,
    as_numbers,
    drawn_ruler,
    number,
    values_near_ticks,
)
from quantlab.numerics import QParams, dequantize, fake_quantize
from quantlab.numerics import quantize as to_ticks
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute


@exercise("1.5", "There and back", points=2, difficulty=2, importance=4, minutes=5)
class HalfAStep:
    answer = "largest_error"
    forbid = FROM_SCRATCH
    hints = (
        "Go there and back with one value first: 0.3 becomes a tick, the tick becomes a real "
        "number. How far is it from 0.3?",
        "Your quantize and dequantize of 1.3 and 1.4 do the trip. Compare its end with x, value by "
        "value, without the sign, and keep the largest.",
        "back = dequantize(quantize(x, scale, zero_point), scale, zero_point); then the max of "
        "np.abs of a difference, as a float.",
    )

    insight = (
        "Half a step at most, on the ruler; off its ends there is no bound. Keep both in mind."
    )

    def within(x, scale, zero_point):
        # Three float32 roundings (read-back value, difference, x itself), each at most 2^-24 of the
        # largest number in play. A tie may fall either way: both neighbours are half a step away.
        largest = max(float(np.max(np.abs(x))), 255 * scale)
        return absolute(4 * 2.0**-24 * largest)

    def cases(rng):
        scale, zero_point = drawn_ruler(rng)
        inside = values_near_ticks(rng, rng.integers(1, 255, 24), scale, zero_point)
        few = values_near_ticks(rng, rng.integers(1, 255, 6), scale, zero_point)
        beyond = np.array([300 - zero_point + 0.48, 263 - zero_point - 0.2]) * scale
        below = np.array([-30 - zero_point + 0.46]) * scale
        return [
            group(
                "on the ruler",
                1,
                "It is the largest distance of a value from what comes back, without its sign.",
                [
                    (np.array([0.25, 0.75, 1.1, -0.4], dtype=np.float32), 1.0, 7),
                    (np.array([0.4, 1.3, 2.1, -0.7], dtype=np.float32), 1.0, 7),
                    # The worst value comes back farther from 0 than it was.
                    (np.array([0.6, 1.2, -0.9, 2.1], dtype=np.float32), 1.0, 7),
                    (inside, scale, zero_point),
                ],
            ),
            group(
                "off the ruler",
                1,
                "A value that fell off the ruler comes back as the end of the ruler.",
                [
                    (np.array([0.2, 251.6, -9.4], dtype=np.float32), 1.0, 7),
                    (np.array([0.2, 249.3, -12.7], dtype=np.float32), 1.0, 7),
                    (np.append(few, beyond).astype(np.float32), scale, zero_point),
                    (np.append(few, below).astype(np.float32), scale, zero_point),
                ],
            ),
        ]

    def oracle(x, scale, zero_point):
        back = fake_quantize(x, QParams(scale, zero_point, "uint8"))
        return float(np.max(np.abs(back.astype(np.float64) - x.astype(np.float64))))

    def observe(args, got):
        x, scale, zero_point = args
        if (seen := as_numbers(got, 1)) is None:
            return ""
        lo, hi = scale * (0 - zero_point), scale * (255 - zero_point)
        return (
            f"Your largest error is {number(seen[0])}. Half a step of this ruler is "
            f"{number(scale / 2)}; it runs from {number(lo)} to {number(hi)}, the values from "
            f"{number(float(x.min()))} to {number(float(x.max()))}."
        )

    @misconception("Errors below 0 count too. What is the size of an error, without its sign?")
    def forgets_the_absolute_value(x, scale, zero_point):
        return float(np.max(_back(x, scale, zero_point) - x))

    @misconception("And an error the other way? What is the size of an error, without its sign?")
    def forgets_the_absolute_value_of_the_other_side(x, scale, zero_point):
        return float(np.max(x - _back(x, scale, zero_point)))

    @misconception("Is the distance of −0.4 from 0.4 zero? Where do you drop the sign?")
    def compares_the_sizes(x, scale, zero_point):
        return float(np.max(np.abs(x) - np.abs(_back(x, scale, zero_point))))

    @misconception("That is the value that fares best. Which value of x fares worst?")
    def takes_the_smallest(x, scale, zero_point):
        return float(np.min(np.abs(x - _back(x, scale, zero_point))))

    @misconception("Errors add up here. How far is the **one** worst value off?")
    def takes_the_sum(x, scale, zero_point):
        return float(np.sum(np.abs(x - _back(x, scale, zero_point))))

    @misconception("That is what happens on average. Which value of x fares worst?")
    def takes_the_mean(x, scale, zero_point):
        return float(np.mean(np.abs(x - _back(x, scale, zero_point))))

    @misconception("Squares and a mean smooth the worst case away. Which value of x fares worst?")
    def takes_the_root_mean_square(x, scale, zero_point):
        return float(np.sqrt(np.mean((x - _back(x, scale, zero_point)) ** 2)))

    @misconception("That counts in steps. In which unit is x?")
    def counts_in_steps(x, scale, zero_point):
        return float(np.max(np.abs(x - _back(x, scale, zero_point)))) / scale

    @misconception("Half a step is a bound. How large is the error of **these** values?")
    def states_the_bound(x, scale, zero_point):
        return scale / 2

    @misconception("A tick and a real number are compared here. What turns a tick back?")
    def compares_with_the_ticks(x, scale, zero_point):
        ticks = to_ticks(x, QParams(scale, zero_point, "uint8")).astype(np.float64)
        return float(np.max(np.abs(x - ticks)))

    @misconception("Where does a value beyond the last tick land? Does your trip clamp it?")
    def never_saturates(x, scale, zero_point):
        return float(np.max(np.abs(x - np.rint(x / np.float32(scale)) * np.float32(scale))))

    @misconception("Values off the ruler are left out here. Who loses most in a saturated tensor?")
    def leaves_out_what_saturates(x, scale, zero_point):
        lo, hi = scale * (0 - zero_point - 0.5), scale * (255 - zero_point + 0.5)
        kept = x[(x >= lo) & (x <= hi)]
        return float(np.max(np.abs(kept - _back(kept, scale, zero_point))))


def _back(x, scale, zero_point):
    qp = QParams(scale, zero_point, "uint8")
    return dequantize(to_ticks(x, qp), qp).astype(np.float64)
