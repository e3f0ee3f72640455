"""4.4: what a range costs, rounding and clipping in one number."""

import numpy as np

from quantlab.lessons.lesson_04.exercises.common import (
    FROM_SCRATCH,
    after_relu,
    number,
    round_trip,
)
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute


@exercise("4.4", "What a range costs", points=3, difficulty=2, importance=4, minutes=7)
class SquaredError:
    answer = "squared_error"
    forbid = FROM_SCRATCH
    hints = (
        "First the ruler: how many steps lie between 0 and hi when there are 2**bits ticks?",
        "Round x / scale, clip it to the ticks, multiply back. The error is a difference, squared, "
        "and then a mean over all values.",
        "scale = hi / (2**bits - 1); q = np.clip(np.rint(x / scale), 0, ...); then the mean of "
        "(q * scale - x) ** 2.",
    )
    insight = "Two losses in one number, in one unit: now two ranges can be compared."

    def within(x, hi, bits):
        # The value that comes back, the scale and the difference are float32: 4 roundings of 2^-24
        # of the largest number in play move an error e by at most d, and its square by 2*e*d + d*d.
        # Squares and their mean: 12 more roundings of a mean that is at most worst**2. A tie may
        # fall either way: both neighbours are equally far.
        error = x.astype(np.float64) - round_trip(x, hi, 2**bits - 1)
        moved = 4 * 2.0**-24 * max(float(x.max()), hi)
        mean = float(np.mean(np.abs(error)))
        return absolute(2 * mean * moved + moved**2 + 12 * 2.0**-24 * float(np.mean(error**2)))

    def cases(rng):
        paper = np.array([1] * 10 + [2] * 6 + [3] * 3 + [9], np.float32)
        wide = np.array([[0.0, 0.3, 1.45, 2.2], [4.35, 0.9, 0.0, 5.7]], np.float32)
        return [
            group(
                "on the ruler",
                1,
                "It is the mean over all values of (what comes back − what went in)².",
                [
                    (paper, 9.0, 2),
                    (wide, 6.0, 4),
                    (wide, 5.75, 3),
                    (after_relu(rng, (2, 3, 5), 4.5), 4.5, 4),
                ],
            ),
            group(
                "off the ruler",
                1,
                "A value beyond the last tick comes back as the last tick, and counts.",
                [
                    (paper, 3.0, 2),
                    (wide, 2.0, 4),
                    (wide, 1.25, 8),
                    (after_relu(rng, (4, 7), 9.25), 3.5, 3),
                ],
            ),
            group(
                "more bits",
                1,
                "2**bits ticks lie between 0 and hi, both ends included.",
                [(wide, 6.0, 8), (wide, 7.3, 6), (after_relu(rng, (3, 11), 5.25), 6.0, 8)],
            ),
        ]

    def oracle(x, hi, bits):
        import torch

        last = 2**bits - 1
        x = torch.from_numpy(x).double()
        back = torch.fake_quantize_per_tensor_affine(x.float(), hi / last, 0, 0, last).double()
        return torch.nn.functional.mse_loss(back, x).item()

    def observe(args, got):
        x, hi, bits = args
        if not isinstance(got, int | float | np.number):
            return ""
        beyond = int((x > hi).sum())
        return (
            f"The ruler ends at {number(hi)}, {beyond} of {x.size} values lie beyond, half a step "
            f"is {number(hi / (2**bits - 1) / 2)}. Your mean squared error is {number(got)}."
        )

    @misconception("Four ticks have how many gaps between them? And 2**bits ticks?")
    def counts_ticks_for_steps(x, hi, bits):
        scale = hi / 2**bits
        return _mean_square(x, np.clip(np.rint(x / scale), 0, 2**bits - 1) * scale)

    @misconception("That is the mean distance. What is done to each distance before the mean?")
    def takes_the_distances(x, hi, bits):
        return float(np.mean(np.abs(x - round_trip(x, hi, 2**bits - 1))))

    @misconception("A root is taken at the end. Does `squared_error` ask for one?")
    def takes_the_root(x, hi, bits):
        return _mean_square(x, round_trip(x, hi, 2**bits - 1)) ** 0.5

    @misconception("The sum grows with the tensor. Which number does not?")
    def takes_the_sum(x, hi, bits):
        return x.size * _mean_square(x, round_trip(x, hi, 2**bits - 1))

    @misconception("That is the worst value. What do all of them cost, on average?")
    def takes_the_worst(x, hi, bits):
        return float(np.max(np.square(x - round_trip(x, hi, 2**bits - 1))))

    @misconception("Nothing is clipped here. Is there a tick beyond hi?")
    def never_clips(x, hi, bits):
        scale = hi / (2**bits - 1)
        return _mean_square(x, np.rint(x / scale) * scale)

    @misconception("The clipped values are left out. Who pays for them?")
    def leaves_out_what_clips(x, hi, bits):
        kept = x[x <= hi]
        return _mean_square(kept, round_trip(kept, hi, 2**bits - 1))

    @misconception("What clips costs nothing here. How far is its last tick from such a value?")
    def forgives_what_clips(x, hi, bits):
        back = round_trip(x, hi, 2**bits - 1)
        return _mean_square(x, np.where(x <= hi, back, x))

    @misconception("With 2 bits, 2 * bits and 2**bits are both 4. And with 8 bits?")
    def doubles_the_bits(x, hi, bits):
        return _mean_square(x, round_trip(x, hi, 2 * bits - 1))

    @misconception("Only the clipped values count here. What did rounding do to the others?")
    def counts_clipping_alone(x, hi, bits):
        return _mean_square(x, np.minimum(x, hi))

    @misconception("To the nearest tick: is that always the one below?")
    def cuts_instead_of_rounding(x, hi, bits):
        scale = hi / (2**bits - 1)
        return _mean_square(x, np.clip(np.floor(x / scale), 0, 2**bits - 1) * scale)

    @misconception("That error is in steps, squared. In which unit is x?")
    def counts_in_steps(x, hi, bits):
        steps = 2**bits - 1
        return _mean_square(x, round_trip(x, hi, steps)) / (hi / steps) ** 2

    @misconception("That ruler has as many ticks left of 0 as right of it. Is any value there?")
    def uses_half_of_the_ticks(x, hi, bits):
        return _mean_square(x, round_trip(x, hi, 2 ** (bits - 1) - 1))

    @misconception("Eight bits, whatever was asked for? What does `bits` change?")
    def always_eight_bits(x, hi, bits):
        return _mean_square(x, round_trip(x, hi, 255))

    @misconception("The ruler reaches to the largest value here. Where was it asked to end?")
    def ignores_the_range(x, hi, bits):
        return _mean_square(x, round_trip(x, float(x.max()), 2**bits - 1))


def _mean_square(x, back):
    return float(np.mean(np.square(x.astype(np.float64) - back)))
