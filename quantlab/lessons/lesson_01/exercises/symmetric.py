"""1.6: the symmetric scale of a weight tensor, for INT8."""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH, as_numbers, number
from quantlab.numerics import choose_qparams
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import ulps


@exercise("1.6", "Symmetric, for weights", points=2, difficulty=2, importance=5, minutes=4)
class SymmetricScale:
    answer = "symmetric_scale"
    forbid = FROM_SCRATCH
    hints = (
        "zero_point is 0 here. How far from 0 does the ruler have to reach, and to which side?",
        "The weight farthest from 0, whatever its sign, must land on tick 127 or −127.",
        "np.max(np.abs(...)) / 127, as a float.",
    )
    insight = "With zero_point 0 the sums of a convolution stay simple. Lesson 05 shows how much."
    # The largest absolute weight is exact. Dividing rounds once, and the oracle's scale is rounded
    # to float32 once.
    within = ulps(2)

    def cases(rng):
        return [
            group(
                "farthest above zero",
                1,
                "The weight farthest from 0 lands on the last tick, and no weight saturates.",
                [
                    (np.array([[-0.5, 0.25], [2.0, -1.0]], dtype=np.float32),),
                    (np.array([0.25, 0.5, 1.5], dtype=np.float32),),
                    (_weights(rng, 1),),
                ],
            ),
            group(
                "farthest below zero",
                1,
                "The weight farthest from 0 lands on the last tick, and no weight saturates.",
                [
                    (np.array([0.3, -0.75, 0.1, 0.5], dtype=np.float32),),
                    (np.array([-0.25, -0.5, -1.5], dtype=np.float32),),
                    (_weights(rng, -1),),
                ],
            ),
        ]

    def oracle(w):
        qp = choose_qparams(float(w.min()), float(w.max()), dtype="int8", scheme="symmetric")
        return float(qp.scale)

    def observe(args, got):
        (w,) = args
        seen = as_numbers(got, 1)
        if seen is None or not seen[0] > 0:
            return ""
        farthest = float(w.flat[int(np.argmax(np.abs(w)))])
        return (
            f"Your scale is {number(seen[0])}. The weight {number(farthest)} is then "
            f"{number(abs(farthest) / seen[0])} steps from 0."
        )

    @misconception("What becomes of a large weight below 0, if only the maximum is looked at?")
    def forgets_the_negative_side(w):
        return float(w.max()) / 127

    @misconception("What becomes of a large weight above 0, if only the minimum is looked at?")
    def forgets_the_positive_side(w):
        return -float(w.min()) / 127

    @misconception("Width over 255 is the asymmetric scale. Does its ruler keep zero_point at 0?")
    def uses_the_width(w):
        return float(w.max() - w.min()) / 255

    @misconception("Half the width assumes that the range is centred. Is [−1, 2] centred on 0?")
    def uses_half_the_width(w):
        return float(w.max() - w.min()) / 2 / 127

    @misconception("The width reaches from end to end. How far is it from 0 to tick 127?")
    def the_width_on_one_side(w):
        return float(w.max() - w.min()) / 127

    @misconception("128 steps fit on the left. How many ticks does INT8 have to the right of 0?")
    def divides_by_128(w):
        return float(np.abs(w).max()) / 128

    @misconception("255 steps span the whole ruler. How many lie on one side of 0?")
    def divides_by_255(w):
        return float(np.abs(w).max()) / 255

    @misconception("INT8 has 127 ticks above 0, and no half one. How far is tick 127?")
    def divides_twice(w):
        return float(np.abs(w).max()) * 2 / 127

    @misconception("That counts steps to one unit. How long is one of the steps?")
    def upside_down(w):
        return 127 / float(np.abs(w).max())

    @misconception("That is the average weight. Which one must the ruler still reach?")
    def takes_the_mean(w):
        return float(np.abs(w).mean()) / 127

    @misconception("That is where the ruler ends. How many steps lie between 0 and there?")
    def forgets_to_divide(w):
        return float(np.abs(w).max())

    @misconception("With 127.5 steps to a side, which tick does the farthest weight fall on?")
    def divides_by_half_of_255(w):
        return float(np.abs(w).max()) / 127.5


def _weights(rng, side):
    """A small convolution's weights (out, in, 3, 3), farthest from 0 on the given side."""
    w = rng.normal(0.0, 0.1, (2, 2, 3, 3))
    w[0, 0, 1, 1] = side * rng.uniform(0.5, 0.9)
    w[1, 1, 0, 2] = -side * rng.uniform(0.35, 0.45)
    return np.clip(w, -0.9, 0.9).astype(np.float32)
