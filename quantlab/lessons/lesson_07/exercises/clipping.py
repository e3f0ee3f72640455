"""7.6: which share of a tensor's values lies beyond the ends of its ruler?"""

from fractions import Fraction

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import ulps


@exercise("7.6", "Beyond the ruler", points=3, difficulty=2, importance=5, minutes=7)
class ClippedShare:
    answer = "clipped_share"
    forbid = FROM_SCRATCH
    hints = (
        "How many steps from 0.0 is a value, and on which tick would it stand if there were no "
        "ends?",
        "Its place is x / scale + zero_point. The ruler can say it, within half a step, from -0.5 "
        "to 255.5.",
        "place = x / scale + zero_point; then ((place < -0.5) | (place > 255.5)).mean()",
    )
    insight = (
        "A sound tensor has next to nothing beyond its ruler. Percents of it mean that calibration "
        "saw other numbers than inference does, or too few."
    )
    # A count over a count: one division, rounded once, to float32 at worst.
    within = ulps(2)

    def cases(rng):
        beyond = "Exactly the values that no tick says within half a step."
        return [
            group(
                "both ends",
                1,
                beyond,
                [
                    # With scale 0.5 and zero_point 128 the ruler goes from -64 to 63.5.
                    (
                        _x(
                            *(-64, -65, -64.5, -64.375, -64.25, -64.125),
                            *(63.5, 63.625, 63.75, 63.875, 64, 70, 1),
                        ),
                        0.5,
                        128,
                    ),
                    (_x(-90, -70, 0, 3, 12, 66, -3, 99.5, 100), 0.5, 128),
                    (_values(rng, 0.25, 100, 4, 7), 0.25, 100),
                ],
            ),
            group(
                "a ruler from 0 on",
                1,
                "Zeros fit, however many there are; values below 0 do not.",
                [
                    (_x([0, 0, 0, 1, -0.125], [0, 31.875, 9, 0, 32]), 0.125, 0),
                    (_x(-1.5, -0.7, 0, 0.25, 0.6, 0.75, -2, 1.2, -0.1), 1 / 256, 0),
                    (_values(rng, 0.125, 0, 9, 3), 0.125, 0),
                ],
            ),
            group(
                "a ruler up to 0, and nothing beyond",
                1,
                beyond,
                [
                    (_x(-31.875, 0, 0.125, 0.5, -40, -32, -7, 1), 0.125, 255),
                    (_x(-5, 0.25, 7, 20), 0.25, 60),
                ],
            ),
        ]

    def oracle(x, scale, zero_point):
        # In exact fractions, one by one: how far is the value from the nearest tick there is?
        step, first = Fraction(scale), Fraction(-zero_point) * Fraction(scale)
        last = first + 255 * step
        values = [Fraction(float(v)) for v in np.ravel(x)]
        beyond = sum(max(first - v, v - last) > step / 2 for v in values)
        return float(Fraction(beyond, len(values)))

    @misconception("Behind a ReLU many values are 0.0 and stand on the first tick. Do they fit?")
    def counts_what_stands_at_an_end(x, scale, zero_point):
        q = np.clip(np.rint(_place(x, scale, zero_point)), 0, 255)
        return float(((q == 0) | (q == 255)).mean())

    @misconception("A value a tenth of a step beyond the last tick: how large is its error?")
    def forgives_nothing_beyond_the_end(x, scale, zero_point):
        place = _place(x, scale, zero_point)
        return float(((place < 0) | (place > 255)).mean())

    @misconception("Exactly half a step beyond the last tick: is that more than half a step?")
    def rounds_before_it_asks(x, scale, zero_point):
        q = np.rint(x.astype(np.float64) / scale) + zero_point
        return float(((q < 0) | (q > 255)).mean())

    @misconception("0.75 steps beyond the last tick: is that within half a step of it?")
    def forgives_a_whole_step(x, scale, zero_point):
        place = _place(x, scale, zero_point)
        return float(((place < -1) | (place > 256)).mean())

    @misconception("Half a step, or 0.5 itself: how long is a step of this ruler?")
    def half_a_unit_for_half_a_step(x, scale, zero_point):
        lo, hi = -zero_point * scale - 0.5, (255 - zero_point) * scale + 0.5
        return float(((x < lo) | (x > hi)).mean())

    @misconception("The first of 256 ticks is 0. Which is the last?")
    def one_tick_too_many(x, scale, zero_point):
        place = _place(x, scale, zero_point)
        return float(((place < -0.5) | (place > 256.5)).mean())

    @misconception("A ruler has two ends. What of values below its lower one?")
    def the_upper_end_alone(x, scale, zero_point):
        return float((_place(x, scale, zero_point) > 255.5).mean())

    @misconception("A ruler has two ends. What of values above its upper one?")
    def the_lower_end_alone(x, scale, zero_point):
        return float((_place(x, scale, zero_point) < -0.5).mean())

    @misconception("Which tick stands for 0.0? Does the ruler begin there?")
    def forgets_zero_point(x, scale, zero_point):
        return _share(x, scale, 0)

    @misconception("Real = scale × (q − zero_point). On which side of the equals sign is q?")
    def zero_point_with_the_wrong_sign(x, scale, zero_point):
        return _share(x, scale, -zero_point)

    @misconception("Those are the ends of INT8. Which are those of UINT8?")
    def ends_of_int8(x, scale, zero_point):
        place = _place(x, scale, zero_point)
        return float(((place < -128.5) | (place > 127.5)).mean())

    @misconception("How many steps of 0.5 fit into 2.0? Which operation counts them?")
    def multiplies_by_the_scale(x, scale, zero_point):
        return _share(x, 1 / scale, zero_point)

    @misconception("That is how many they are. Of how many?")
    def counts_them(x, scale, zero_point):
        return _share(x, scale, zero_point) * x.size

    @misconception("A share lies between 0 and 1. Which unit has yours?")
    def in_percent(x, scale, zero_point):
        return 100 * _share(x, scale, zero_point)

    @misconception("Those are the values that fit. Which ones were asked for?")
    def the_share_that_fits(x, scale, zero_point):
        return 1.0 - _share(x, scale, zero_point)


def _place(x, scale, zero_point):
    return x.astype(np.float64) / scale + zero_point


def _share(x, scale, zero_point):
    place = _place(x, scale, zero_point)
    return float(((place < -0.5) | (place > 255.5)).mean())


def _x(*values):
    return np.array(values, dtype=np.float32)


#: With scale 0.5 and zero_point 128 the ruler goes from -64 to 63.5.
AROUND_THE_ENDS = _x(-64, -65, -64.5, -64.25, -64.125, 63.5, 63.625, 63.75, 64, 70, 1)


def _values(rng, scale, zero_point, below, above):
    """40 values, so many of them beyond each end by one to 60 steps, at drawn places."""
    inside = rng.uniform(1, 254, 40 - below - above)
    places = np.concatenate([inside, -rng.uniform(1, 60, below), 255 + rng.uniform(1, 60, above)])
    return ((rng.permutation(places) - zero_point) * scale).astype(np.float32).reshape(2, 4, 5)
