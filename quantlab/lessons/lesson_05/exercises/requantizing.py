"""5.5: from int32 sums to the 8 bits of the output."""

from fractions import Fraction

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("5.5", "Requantization", points=4, difficulty=3, importance=5, minutes=10)
class Requantization:
    answer = "requantize"
    hints = (
        "One step of the sum is x_scale × w_scale long, one step of y is y_scale long. How many "
        "steps of y is one step of the sum?",
        "multiplier = x_scale × w_scale / y_scale, one for each row. Multiply, round half to even, "
        "add zero_point, clamp, cast: in this order.",
        "m = (x_scale * w_scale / y_scale)[:, None]; then "
        "np.clip(np.rint(acc * m) + ..., 0, 255).astype(np.uint8)",
    )
    insight = "This line stands at the end of every integer layer, and contracts differ in it."
    # Whole numbers. Drawn cases stay 0.05 of a step away from ties, far more than the 4 float32
    # roundings of 2^-24 each on at most 600 steps; ties stand on powers of two, exact in float32.
    within = exact("uint8")

    def cases(rng):
        scales = np.array([0.004, 0.011, 0.0075], np.float32)
        square = _near(rng, rng.integers(20, 100, (3, 3)), 0.031, scales, 0.09)
        steps = rng.integers(-30, 180, (3, 4))
        steps[:, 0] = -20  # below zero_point, whatever was drawn
        steps[:, 1] = 150  # beyond the last tick of an INT8
        wide = _near(rng, steps, 0.05, scales, 0.06)
        four = np.array([2.0**-3, 2.0**-4, 2.0**-3, 2.0**-2], np.float32)
        fifths = np.array([[101], [101]], np.int32)  # 40.4 and 20.2 steps: no whole number divides
        odd = np.arange(-5, 7, 2, dtype=np.int32)  # half steps at a multiplier of 1/2
        ties = odd[None, :] * np.array([[1], [2], [1], [1]], np.int32)
        ends = np.array([[-9000, -61, 40, 9000], [2**30, -(2**30), 700, -700]], np.int32)
        return [
            group(
                "the nearest tick",
                1,
                "A sum goes to the tick of y that is nearest to it, and a sum of 0 to zero_point.",
                [
                    (np.array([[0, 40, -12]], np.int32), 0.5, np.array([0.25], np.float32), 0.5, 9),
                    (wide[:1], 0.05, scales[:1], 0.06, 33),
                ],
            ),
            group(
                "a ruler for each channel",
                1,
                "Each row is read with the scale of its own channel.",
                [
                    (square, 0.031, scales, 0.09, 20),
                    (wide, 0.05, scales, 0.06, 41),
                    (fifths, 0.5, four[[3, 0]], 0.3125, 10),
                ],
            ),
            group(
                "ties",
                1,
                "Half-way between two ticks, the even number of steps wins, before zero_point.",
                [(ties, 0.5, four, 0.125, 31), (ties[:2] + 8, 0.5, four[:2], 0.125, 30)],
            ),
            group(
                "off the ruler",
                1,
                "A sum beyond the ruler of y goes to the end it fell off.",
                [(ends, 0.5, four[:2], 0.25, 20), (ends * 2 - 1, 0.25, four[1:3], 0.125, 130)],
            ),
        ]

    def oracle(acc, x_scale, w_scale, y_scale, y_zero_point):
        # Exact fractions of the float32 numbers; Python rounds a half to even.
        multiplier = [Fraction(x_scale) * Fraction(float(w)) / Fraction(y_scale) for w in w_scale]
        ticks = [
            [min(max(round(int(a) * m) + y_zero_point, 0), 255) for a in row]
            for row, m in zip(acc, multiplier, strict=True)
        ]
        return np.array(ticks, np.uint8)

    @misconception("With an odd zero_point added first, which neighbour of a tie is even?")
    def adds_zero_point_before_rounding(acc, x_scale, w_scale, y_scale, y_zero_point):
        return _clamped(np.rint(_steps(acc, x_scale, w_scale, y_scale) + y_zero_point))

    @misconception("On a tie you always go up. Which neighbour does np.rint(2.5) choose?")
    def rounds_half_up(acc, x_scale, w_scale, y_scale, y_zero_point):
        steps = np.floor(_steps(acc, x_scale, w_scale, y_scale) + 0.5)
        return _clamped(steps + y_zero_point)

    @misconception("On a tie you go away from 0. Which neighbour does np.rint(2.5) choose?")
    def rounds_half_away_from_zero(acc, x_scale, w_scale, y_scale, y_zero_point):
        steps = _steps(acc, x_scale, w_scale, y_scale)
        return _clamped(np.copysign(np.floor(np.abs(steps) + 0.5), steps) + y_zero_point)

    @misconception("Rounding down always errs to one side. Which tick is nearest to 2.9 steps?")
    def rounds_down(acc, x_scale, w_scale, y_scale, y_zero_point):
        steps = np.floor(_steps(acc, x_scale, w_scale, y_scale))
        return _clamped(steps + y_zero_point)

    @misconception("Cutting the decimals goes towards 0. Which tick is nearest to 2.9 steps?")
    def truncates(acc, x_scale, w_scale, y_scale, y_zero_point):
        steps = np.trunc(_steps(acc, x_scale, w_scale, y_scale))
        return _clamped(steps + y_zero_point)

    @misconception("That is the real number. How many steps of y is it?")
    def forgets_the_scale_of_y(acc, x_scale, w_scale, y_scale, y_zero_point):
        return _clamped(np.rint(_steps(acc, x_scale, w_scale, 1.0)) + y_zero_point)

    @misconception("Twice as long a step of y: does the number of steps grow or shrink?")
    def multiplies_by_the_scale_of_y(acc, x_scale, w_scale, y_scale, y_zero_point):
        return _clamped(np.rint(_steps(acc, x_scale, w_scale, 1 / y_scale)) + y_zero_point)

    @misconception("All sums below 0 end on zero_point. Who asked for a ReLU?")
    def clamps_at_zero_point(acc, x_scale, w_scale, y_scale, y_zero_point):
        ticks = np.rint(_steps(acc, x_scale, w_scale, y_scale)) + y_zero_point
        return _clamped(np.maximum(ticks, y_zero_point))

    @misconception("A step of y is longer than one of the sum. Do fewer of them fit, or more?")
    def turns_the_multiplier_over(acc, x_scale, w_scale, y_scale, y_zero_point):
        turned = acc / (x_scale * w_scale.astype(np.float64) / y_scale)[:, None]
        return _clamped(np.rint(turned) + y_zero_point)

    @misconception("Two rows, two filters. Does each row get the scale of its own filter?")
    def one_scale_for_all_channels(acc, x_scale, w_scale, y_scale, y_zero_point):
        steps = np.rint(_steps(acc, x_scale, w_scale[:1], y_scale))
        return _clamped(steps + y_zero_point)

    @misconception("Which axis of acc counts the channels? Along which one does w_scale lie?")
    def scales_along_the_columns(acc, x_scale, w_scale, y_scale, y_zero_point):
        steps = acc * (x_scale * w_scale.astype(np.float64) / y_scale)
        return _clamped(np.rint(steps) + y_zero_point)

    @misconception("A UINT8 holds 0 to 255. What has a cast made of 300 before a clamp can see it?")
    def casts_before_clamp(acc, x_scale, w_scale, y_scale, y_zero_point):
        ticks = np.rint(_steps(acc, x_scale, w_scale, y_scale)) + y_zero_point
        return ticks.astype(np.int64).astype(np.uint8)

    @misconception("Where must a sum of 0 land? Where does your formula put it?")
    def forgets_zero_point(acc, x_scale, w_scale, y_scale, y_zero_point):
        return _clamped(np.rint(_steps(acc, x_scale, w_scale, y_scale)))

    @misconception("On which side of 0.0 does a positive sum lie? Where does your formula put 0?")
    def subtracts_zero_point(acc, x_scale, w_scale, y_scale, y_zero_point):
        return _clamped(np.rint(_steps(acc, x_scale, w_scale, y_scale)) - y_zero_point)

    @misconception("−128 to 127 are the ticks of INT8. Which ticks does UINT8 have?")
    def clamps_as_int8(acc, x_scale, w_scale, y_scale, y_zero_point):
        ticks = np.rint(_steps(acc, x_scale, w_scale, y_scale)) + y_zero_point
        return np.clip(ticks, -128, 127).astype(np.int64).astype(np.uint8)


def _steps(acc, x_scale, w_scale, y_scale):
    return acc * (x_scale * w_scale.astype(np.float64) / y_scale)[:, None]


def _clamped(ticks):
    return np.clip(ticks, 0, 255).astype(np.uint8)


def _near(rng, steps, x_scale, w_scale, y_scale):
    """int32 sums beside these steps of y, to both sides, 0.05 or more away from a tie."""
    multiplier = (x_scale * w_scale.astype(np.float64) / y_scale)[:, None]
    beside = rng.uniform(0.1, 0.4, steps.shape) * np.resize([1, -1], steps.shape[1])
    acc = np.rint((steps + beside) / multiplier).astype(np.int32)
    while (tied := np.abs(np.abs(acc * multiplier) % 1 - 0.5) < 0.05).any():
        acc = acc + tied  # one step of the sum further
    return acc.astype(np.int32)
