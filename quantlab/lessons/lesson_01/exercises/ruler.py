"""1.2: scale and zero_point of a range, for UINT8."""

import math

from quantlab.lessons.lesson_01.exercises.common import (
    FROM_SCRATCH,
    as_numbers,
    drawn_range,
    number,
)
from quantlab.numerics import choose_qparams
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import each, exact, ulps
from quantlab.teach.pictures.number_line import number_line


@exercise("1.2", "The ruler of a range", points=3, difficulty=2, importance=5, minutes=8)
class RulerOfARange:
    answer = "scale_zero_point"
    forbid = FROM_SCRATCH
    hints = (
        "Look at what happens to 0.0 itself on your ruler. Then try the range [2, 6].",
        "The ruler must cover lo, hi and 0. One scale is the width of that range over the number "
        "of steps; zero_point is how many steps lie between its lower end and 0, rounded.",
        "First lo = min(lo, 0.0) and hi = max(hi, 0.0). Then scale = (hi - lo) / 255, and "
        "zero_point = round(... / scale).",
    )
    insight = "This is what an observer does with the range that it saw. Lesson 04 builds on it."
    # scale: in float32 lo, hi, their difference and the quotient are rounded, and so is the
    # oracle's result: 4 roundings of at most 2^-24 of the value, which is at most 1 spacing each.
    # zero_point: an integer; the cases stay clear of ties (see common.drawn_range).
    within = each(scale=ulps(4), zero_point=exact())

    def cases(rng):
        drawn = [drawn_range(rng, 0.3, 9.0, below=True) for _ in range(3)]
        _, top = drawn_range(rng, 0.5, 9.0)
        _, depth = drawn_range(rng, 0.5, 9.0)
        return [
            group(
                "both signs",
                1,
                "The lowest tick lies at lo, the highest at hi (to half a step), and 0 on a tick.",
                # Zero lies 38.9, 63.75, 44.3 and 193.4 steps above the lower end: both ways to
                # round wrongly show.
                [(-0.9, 5.0), (-1.0, 3.0), (-0.4, 1.9), (-2.2, 0.7), *drawn],
            ),
            group(
                "nothing below zero",
                1,
                "zero_point is an integer from 0 to 255, so that 0.0 has a tick of its own.",
                [
                    (2.0, 6.0),
                    (0.0, 6.0),
                    (3.0, 3.0),
                    (0.0, 1e-12),
                    (round(top / 2, 2), top),
                ],
            ),
            group(
                "nothing above zero",
                1,
                "zero_point is an integer from 0 to 255, so that 0.0 has a tick of its own.",
                # In floats −lo / scale comes out a hair above 255 for −0.7, below it for −0.34.
                [
                    (-4.0, -1.0),
                    (-2.5, 0.0),
                    (-0.7, -0.7),
                    (-0.34, -0.1),
                    (-depth, -round(depth / 3, 2)),
                ],
            ),
        ]

    def oracle(lo, hi):
        qp = choose_qparams(lo, hi, dtype="uint8", scheme="asymmetric")
        return float(qp.scale), int(qp.zero_point)

    def observe(args, got):
        lo, hi = args
        if (ruler := _drawable(got)) is None:
            return ""
        scale, zero_point = ruler
        seen = (
            f"For the range [{number(lo)}, {number(hi)}] your scale is {number(scale)} and your "
            f"zero_point {number(zero_point)}"
        )
        if not 0 <= zero_point <= 255:
            return f"{seen}, which no UINT8 can hold."
        if zero_point != int(zero_point):
            return f"{seen}, which is no integer: 0.0 falls between two ticks."
        first, last = scale * (0 - zero_point), scale * (255 - zero_point)
        return f"{seen}: this ruler runs from {number(first)} to {number(last)}."

    def picture(args, got):
        if (ruler := _drawable(got)) is None:
            return None
        return number_line([*args, 0.0], (*ruler, "uint8"))

    @misconception("There are 255 steps between 256 levels. Which of the two does a scale measure?")
    def counts_levels(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale = (hi - lo) / 256
        return scale, round(-lo / scale)

    @misconception("Put lo into real = scale × (q − zero_point) with q = 0. Which sign comes out?")
    def zero_point_has_wrong_sign(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale = (hi - lo) / 255
        return scale, round(lo / scale)

    @misconception("Is 0.0 inside your range? Which range should the ruler cover, so that it is?")
    def range_without_zero(lo, hi):
        scale = (hi - lo) / 255
        return scale, round(-lo / scale)

    @misconception(
        "The zero_point now fits, but which real numbers can the ruler say? Is 6 among them when "
        "the range is [2, 6]? What could you move instead of the zero_point?"
    )
    def zero_point_clamped(lo, hi):
        scale = (hi - lo) / 255
        return scale, min(max(round(-lo / scale), 0), 255)

    @misconception("For [2, 6] you move one end. And for [−4, −1]? Is 0.0 inside then?")
    def moves_the_lower_end_alone(lo, hi):
        lo = min(lo, 0.0)
        scale = (hi - lo) / 255
        return scale, min(max(round(-lo / scale), 0), 255)

    @misconception("For [−4, −1] you move one end. And for [2, 6]? Is 0.0 inside then?")
    def moves_the_upper_end_alone(lo, hi):
        hi = max(hi, 0.0)
        scale = (hi - lo) / 255
        return scale, min(max(round(-lo / scale), 0), 255)

    @misconception("The whole range slides here until it touches 0. Which values fall off it?")
    def slides_the_range(lo, hi):
        if lo > 0:
            lo, hi = 0.0, hi - lo
        if hi < 0:
            lo, hi = lo - hi, 0.0
        scale = (hi - lo) / 255 or 1.0
        return scale, round(-lo / scale)

    @misconception("Cutting the decimals is not rounding: which tick is nearer to 38.9 steps?")
    def truncates_zero_point(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale = (hi - lo) / 255
        return scale, int(-lo / scale)

    @misconception("Always up is not rounding: which tick is nearer to 44.3 steps?")
    def rounds_zero_point_up(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale = (hi - lo) / 255
        return scale, math.ceil(-lo / scale)

    @misconception("Is 128 the tick of 0.0 for every range? From where do you count it?")
    def always_128(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        return (hi - lo) / 255, 128

    @misconception("That counts steps to one unit of the range. How long is one of the steps?")
    def scale_upside_down(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        steps = 255 / (hi - lo)
        return steps, round(-lo * steps)

    @misconception("Can 0.0 stand on a tick when the zero_point is no integer?")
    def leaves_zero_point_unrounded(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale = (hi - lo) / 255
        return scale, -lo / scale

    @misconception("Tick 0 stands at the lower end. From which end do you count up to 0.0?")
    def counts_from_hi(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale = (hi - lo) / 255
        return scale, round(hi / scale)

    @misconception("The ruler begins at 0. What becomes of the values between lo and 0?")
    def drops_the_negative_part(lo, hi):
        return max(hi, 0.0) / 255, 0

    @misconception("A symmetric ruler is as long to the left as to the right. What does that cost?")
    def symmetric_ruler(lo, hi):
        return max(abs(lo), abs(hi)) / 127, 128

    @misconception("The lowest INT8 is −128. Which is the lowest UINT8?")
    def counts_from_minus_128(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale = (hi - lo) / 255
        return scale, round(-128 - lo / scale)

    @misconception("Which of the two values that you return is the scale?")
    def returns_zero_point_first(lo, hi):
        lo, hi = min(lo, 0.0), max(hi, 0.0)
        scale = (hi - lo) / 255
        return round(-lo / scale), scale


def _drawable(got):
    """scale and zero_point as floats, or None where they make no ruler."""
    ruler = as_numbers(got, 2)
    if ruler is None or not 0 < ruler[0] < float("inf") or not abs(ruler[1]) < 1e9:
        return None
    return ruler
