"""1.4: UINT8 back to real numbers."""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH, drawn_ruler
from quantlab.numerics import QParams, dequantize
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute


@exercise("1.4", "Back to real numbers", points=2, difficulty=1, importance=5, minutes=3)
class BackToRealNumbers:
    answer = "dequantize"
    forbid = FROM_SCRATCH
    hints = (
        "Which real number does tick zero_point stand for, and which one the tick below it?",
        "real = scale × (q − zero_point). Ask yourself of which dtype the difference is.",
        "(q.astype(np.float32) - zero_point) * scale. Without the astype, 3 - 7 in uint8 is 252.",
    )

    insight = "Only this way back shows what quantizing lost. Exercise 1.5 measures it."

    def within(q, scale, zero_point):
        # The longest way round is scale * q - scale * zero_point in float32: three roundings of at
        # most 2^-24 of 255 * scale each, and one more in the oracle.
        return absolute(4 * 2.0**-24 * 255 * scale)

    def cases(rng):
        scale, zero_point = drawn_ruler(rng)
        above = rng.integers(zero_point, 256, (2, 3)).astype(np.uint8)
        below = rng.integers(0, zero_point, 5).astype(np.uint8)
        return [
            group(
                "ticks at and above zero_point",
                1,
                "Tick zero_point stands for 0.0, and each tick above it for one scale more.",
                [(np.array([7, 8, 100, 255], dtype=np.uint8), 0.5, 7), (above, scale, zero_point)],
            ),
            group(
                "ticks below zero_point",
                1,
                "Ticks below zero_point stand for negative numbers.",
                [(np.array([0, 3, 6], dtype=np.uint8), 0.5, 7), (below, scale, zero_point)],
            ),
        ]

    def oracle(q, scale, zero_point):
        return dequantize(q, QParams(scale, zero_point, "uint8"))

    @misconception("3 − 7 in UINT8 is not −4. What is it, and in which dtype should you subtract?")
    def subtracts_in_uint8(q, scale, zero_point):
        return (q - np.uint8(zero_point)) * np.float32(scale)

    @misconception("Which real number does tick zero_point stand for? And in your formula?")
    def adds_zero_point(q, scale, zero_point):
        return (q.astype(np.float32) + zero_point) * np.float32(scale)

    @misconception("Which real number does tick 0 stand for? Does this ruler begin at 0.0?")
    def forgets_zero_point(q, scale, zero_point):
        return q.astype(np.float32) * np.float32(scale)

    @misconception("Quantizing divided by scale. What undoes a division?")
    def divides_by_scale(q, scale, zero_point):
        return (q.astype(np.float32) - zero_point) / np.float32(scale)

    @misconception("zero_point is a tick, not a real number. Before which operation is it a tick?")
    def subtracts_after_scaling(q, scale, zero_point):
        return q.astype(np.float32) * np.float32(scale) - zero_point

    @misconception("Does a higher tick stand for a larger real number on your ruler?")
    def mirrors_the_ruler(q, scale, zero_point):
        return (zero_point - q.astype(np.float32)) * np.float32(scale)

    @misconception("Ticks above 127 become negative in INT8. Which type holds every q?")
    def casts_to_int8(q, scale, zero_point):
        return (q.astype(np.int8).astype(np.float32) - zero_point) * np.float32(scale)

    @misconception("Ticks below zero_point: on which side of 0.0 do they stand?")
    def drops_the_sign(q, scale, zero_point):
        return np.abs(q.astype(np.float32) - zero_point) * np.float32(scale)

    @misconception("Below zero_point you stop at 0. Which real numbers stand there?")
    def stops_at_zero(q, scale, zero_point):
        return np.maximum(q.astype(np.float32) - zero_point, 0) * np.float32(scale)

    @misconception("Is 128 the tick of 0.0 on every ruler? Which argument says it?")
    def always_128(q, scale, zero_point):
        return (q.astype(np.float32) - 128) * np.float32(scale)

    @misconception("Which real numbers lie between 0 and 1 on this ruler? Why round them away?")
    def rounds_the_result(q, scale, zero_point):
        return np.rint((q.astype(np.float32) - zero_point) * np.float32(scale))
