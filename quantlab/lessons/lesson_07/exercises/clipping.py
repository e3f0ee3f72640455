"""7.6: which share of a tensor's integers stands at an end of its ruler?"""

from fractions import Fraction

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import ulps


@exercise("7.6", "At the end of the ruler", points=3, difficulty=2, importance=5, minutes=7)
class ClippedShare:
    answer = "clipped_share"
    forbid = FROM_SCRATCH
    hints = (
        "Behind a ReLU half of all integers may be 0. Is any of them clipped? Which tick is that?",
        "An end counts unless zero_point stands on it: there the value is 0.0, and fits.",
        "ends = [t for t in (0, 255) if t != zero_point]; then np.isin(q, ends).mean()",
    )
    insight = (
        "A sound tensor has a few values at an end, the largest ones. Percents of them mean that "
        "calibration saw other numbers than inference does, or too few."
    )
    # A count over a count: one division, rounded once, to float32 at worst.
    within = ulps(2)

    def cases(rng):
        return [
            group(
                "both ends",
                1,
                "Integers at 0 and at 255 count, and no others.",
                [
                    (np.array([0, 3, 128, 255, 255, 7, 90, 200], np.uint8), 128),
                    (_q(rng, (1, 2, 4, 5), 5, 3), 100),
                ],
            ),
            group(
                "behind a ReLU",
                1,
                "At zero_point a value is 0.0: it fits, however many there are.",
                [
                    (np.array([[0, 0, 0, 12], [0, 255, 99, 0]], np.uint8), 0),
                    (_q(rng, (2, 3, 4), 11, 2), 0),
                    (np.array([255, 255, 0, 9, 30], np.uint8), 255),
                ],
            ),
            group(
                "nothing clipped",
                1,
                "A tensor that does not reach its ends has a share of 0.",
                [
                    (np.array([1, 254, 60, 128], np.uint8), 128),
                    (np.array([0, 0, 17, 254], np.uint8), 0),
                ],
            ),
        ]

    def oracle(q, zero_point):
        # Counted one by one.
        at_an_end = sum(v in (0, 255) and v != zero_point for v in q.ravel().tolist())
        return float(Fraction(at_an_end, q.size))

    @misconception("Behind a ReLU many values are 0.0. Are they clipped, or do they fit exactly?")
    def counts_zeros(q, zero_point):
        return float(((q == 0) | (q == 255)).mean())

    @misconception("A ruler has two ends. What of values below its lower one?")
    def the_upper_end_alone(q, zero_point):
        return float((q == 255).mean())

    @misconception("A ruler has two ends. What of values above its upper one?")
    def the_lower_end_alone(q, zero_point):
        return float(((q == 0) & (zero_point != 0)).mean())

    @misconception("Those are the ends of INT8. Which are those of UINT8?")
    def ends_of_int8(q, zero_point):
        return float(np.isin(q.astype(int), [t for t in (-128, 127) if t != zero_point]).mean())

    @misconception("That is how many they are. Of how many?")
    def counts_them(q, zero_point):
        return float(_clipped(q, zero_point).sum())

    @misconception("A share lies between 0 and 1. Which unit has yours?")
    def in_percent(q, zero_point):
        return 100 * float(_clipped(q, zero_point).mean())

    @misconception("A tensor's largest value need not reach the end. Which tick is the last one?")
    def at_its_own_largest_and_smallest(q, zero_point):
        ends = [t for t in (int(q.min()), int(q.max())) if t != zero_point]
        return float(np.isin(q, ends).mean())

    @misconception("Those are the values that fit. Which ones were asked for?")
    def the_share_that_fits(q, zero_point):
        return 1.0 - float(_clipped(q, zero_point).mean())

    @misconception("You leave the zeros out of the whole as well. Are they no values?")
    def of_those_that_are_not_zero(q, zero_point):
        rest = q[q != zero_point]
        return float(_clipped(rest, zero_point).mean())


def _clipped(q, zero_point):
    return ((q == 0) | (q == 255)) & (q != zero_point)


def _q(rng, shape, zeros, tops):
    """Integers away from the ends, but for so many at each end, at drawn places."""
    q = rng.integers(2, 254, shape).astype(np.uint8)
    places = rng.permutation(q.size)
    q.flat[places[:zeros]] = 0
    q.flat[places[zeros : zeros + tops]] = 255
    return q
