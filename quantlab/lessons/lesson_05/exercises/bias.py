"""5.4: a float bias on the ruler of the accumulator."""

from fractions import Fraction

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("5.4", "The bias in int32", points=3, difficulty=2, importance=4, minutes=6)
class BiasInSteps:
    answer = "quantize_bias"
    hints = (
        "One step of x is x_scale, one step of w is w_scale. How long is one step of their "
        "product?",
        "A bias of 1.0 is 1.0 / (x_scale × w_scale) steps, channel by channel, rounded half to "
        "even.",
        "np.rint(bias / (x_scale * w_scale)).astype(np.int32)",
    )
    insight = "No ruler is stored for a bias: it has the one that the two operands make together."
    # Whole numbers. Drawn cases stay 0.1 of a step away from ties, a hundred times what two float32
    # roundings may be off at 2^13 steps; ties stand on scales that are powers of two.
    within = exact("int32")

    def cases(rng):
        scales = np.sort(rng.uniform(0.004, 0.02, 5)).astype(np.float32)  # the last is largest
        x_scale = float(np.float32(rng.uniform(0.02, 0.06)))
        near = np.array([-7000, -310, 12, 205, 6100]) + rng.uniform(0.1, 0.4, 5) * [1, -1, 1, -1, 1]
        halves = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5]) * 2.0**-7
        six = np.full(6, 2.0**-4, np.float32)
        mixed = np.array([2.0**-4, 2.0**-6, 2.0**-5], np.float32)
        return [
            group(
                "a ruler for each channel",
                1,
                "Each bias is the nearest number of steps of its own channel.",
                [
                    (np.array([1.0, 1.0, -0.7], np.float32), 0.5, mixed),
                    (
                        (near * x_scale * scales.astype(np.float64)).astype(np.float32),
                        x_scale,
                        scales,
                    ),
                ],
            ),
            group(
                "ties",
                1,
                "Half-way between two whole numbers, the even one wins.",
                [
                    (halves.astype(np.float32), 0.125, six),
                    ((halves[:3] + 2.0**-3).astype(np.float32), 0.125, six[:3]),
                ],
            ),
            group(
                "more than 16 bits",
                1,
                "A large bias keeps all of its steps.",
                [
                    (np.array([700.0, -900.0], np.float32), 0.0625, mixed[:2]),
                    (np.array([-8000.0, 12.0, 4096.5], np.float32), 0.25, mixed),
                ],
            ),
        ]

    def oracle(bias, x_scale, w_scale):
        # Exact fractions of the float32 numbers; Python rounds a half to even.
        return np.array(
            [
                round(Fraction(float(b)) / (Fraction(x_scale) * Fraction(float(w))))
                for b, w in zip(bias, w_scale, strict=True)
            ],
            np.int32,
        )

    @misconception("A product of x and w has steps of which length? Which scale is missing?")
    def takes_the_scale_of_x_alone(bias, x_scale, w_scale):
        return _whole(bias.astype(np.float64) / x_scale)

    @misconception("A product of x and w has steps of which length? Is w's alone enough?")
    def takes_the_scale_of_w_alone(bias, x_scale, w_scale):
        return _whole(bias.astype(np.float64) / w_scale)

    @misconception("How many steps of 0.01 fit into 1.0? Which operation counts them?")
    def multiplies_by_the_scale(bias, x_scale, w_scale):
        return _whole(bias.astype(np.float64) * x_scale * w_scale)

    @misconception("A step of x times a step of w: is that their sum?")
    def adds_the_scales(bias, x_scale, w_scale):
        return _whole(bias.astype(np.float64) / (x_scale + w_scale.astype(np.float64)))

    @misconception("Two channels with different scales: do they get the same ruler?")
    def one_scale_for_all_channels(bias, x_scale, w_scale):
        return _whole(bias.astype(np.float64) / (x_scale * float(w_scale[0])))

    @misconception("Two channels with different scales: does the largest one fit both?")
    def the_largest_scale_for_all_channels(bias, x_scale, w_scale):
        return _whole(bias.astype(np.float64) / (x_scale * float(w_scale.max())))

    @misconception("Python goes from left to right. By which of the two does a / b * c divide?")
    def divides_by_the_scale_of_x_alone(bias, x_scale, w_scale):
        return _whole(bias.astype(np.float64) / x_scale * w_scale.astype(np.float64))

    @misconception("You round twice. What has the first rounding made of 0.4 steps of x?")
    def rounds_in_between(bias, x_scale, w_scale):
        return _whole(np.rint(bias.astype(np.float64) / x_scale) / w_scale.astype(np.float64))

    @misconception("Leaving the decimals to the cast goes towards 0. Which integer is nearest?")
    def truncates(bias, x_scale, w_scale):
        return _steps(bias, x_scale, w_scale).astype(np.int32)

    @misconception("Rounding down always errs to one side. Which integer is nearest?")
    def rounds_down(bias, x_scale, w_scale):
        return np.floor(_steps(bias, x_scale, w_scale)).astype(np.int32)

    @misconception("On a tie you always go up. Which neighbour of 2.5 does np.rint choose?")
    def rounds_half_up(bias, x_scale, w_scale):
        return np.floor(_steps(bias, x_scale, w_scale) + 0.5).astype(np.int32)

    @misconception("On a tie you go away from 0. Which neighbour of 2.5 does np.rint choose?")
    def rounds_half_away_from_zero(bias, x_scale, w_scale):
        s = _steps(bias, x_scale, w_scale)
        return np.copysign(np.floor(np.abs(s) + 0.5), s).astype(np.int32)

    @misconception("The weights have 8 bits. Into which sum does the bias go, and how wide is it?")
    def clamps_to_8_bits(bias, x_scale, w_scale):
        return np.clip(_whole(_steps(bias, x_scale, w_scale)), -128, 127)


def _steps(bias, x_scale, w_scale):
    return bias.astype(np.float64) / (x_scale * w_scale.astype(np.float64))


def _whole(steps):
    return np.rint(steps).astype(np.int32)
