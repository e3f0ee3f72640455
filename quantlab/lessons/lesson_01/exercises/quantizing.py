"""1.3: real numbers to UINT8."""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import (
    FROM_SCRATCH,
    drawn_ruler,
    float32,
    number,
    values_near_ticks,
)
from quantlab.numerics import QParams, quantize
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("1.3", "To the nearest tick", points=4, difficulty=2, importance=5, minutes=8)
class NearestTick:
    answer = "quantize"
    forbid = FROM_SCRATCH
    hints = (
        "Take one value from the card and do it by hand: count its steps, round, add zero_point. "
        "In which order does your code do these?",
        "Divide by scale, round, add zero_point, clamp to 0 and 255, and only then cast to uint8.",
        "q = np.rint(x / scale) + zero_point, then np.clip(q, ..., ...), then .astype(np.uint8).",
    )
    insight = (
        "These are the integers that ONNX Runtime computes, bit for bit. Exercise 1.5 and lesson "
        "05 call your function."
    )
    # Integers on a grid, so exact. The cases of the first and third group stay 0.03 of a step away
    # from ties, a thousand times what a float32 division may be off; the ties of the second stand
    # on scales of few bits, where every division is exact.
    within = exact("uint8")

    def cases(rng):
        scale, zero_point = drawn_ruler(rng)
        q = rng.integers(1, 255, (2, 4))
        odd, even = int(rng.integers(10, 60)) * 2 + 1, int(rng.integers(10, 60)) * 2
        far = np.array([-70, -40, 290, 330, 620])
        worked = np.array([-0.9, 0.0, 0.3, 5.0], dtype=np.float32)
        # A hair beside a tie, after many steps: float16 has too few digits for x, and for scale.
        fine = np.array([0.425, 7.663, 4.877, 3.545, 6.439, 3.137], dtype=np.float32)
        # 0.4375 is 7/16: dividing by it is exact, multiplying by a float32 of 16/7 is not.
        sevenths = np.asarray(np.array([-6.5, 0.5, 6.5, 12.5]) * 0.4375, dtype=np.float32)
        # 230.2 steps are off the ruler once zero_point is added; 3.2e12 steps fit into no int32.
        beyond = np.array([-4e11, -100.0, -4.0, 28.775, 40.0, 4e11], dtype=np.float32)
        return [
            group(
                "the nearest tick",
                2,
                "Each value goes to the tick nearest to it, and 0.0 goes to zero_point.",
                [
                    (worked, float32(5.9 / 255), 39),
                    (fine, float32(0.0371), 39),
                    (values_near_ticks(rng, q, scale, zero_point), scale, zero_point),
                ],
            ),
            group(
                "ties",
                1,
                "Half-way between two ticks, the even number of steps wins, before zero_point.",
                [
                    (sevenths, 0.4375, 31),
                    (_ties(rng, 0.5), 0.5, odd),
                    (_ties(rng, 0.125), 0.125, even),
                ],
            ),
            group(
                "off the ruler",
                1,
                "A value beyond the ruler goes to the end it fell off.",
                [
                    (beyond, 0.125, 30),
                    (values_near_ticks(rng, far, scale, zero_point), scale, zero_point),
                ],
            ),
        ]

    def oracle(x, scale, zero_point):
        return quantize(x, QParams(scale, zero_point, "uint8"))

    def observe(args, got):
        x, scale, zero_point = args
        if type(got) is not np.ndarray or got.dtype != np.uint8 or got.shape != x.shape:
            return ""
        off = np.argwhere(got != quantize(x, QParams(scale, zero_point, "uint8")))
        if not len(off):
            return ""
        at = tuple(off[0])
        steps = float(x[at]) / scale
        return (
            f"{len(off)} of {x.size} values are off. With scale {number(scale)} and zero_point "
            f"{zero_point}, x = {number(float(x[at]))} is {number(steps)} steps from 0, and your "
            f"answer is tick {got[at]}."
        )

    @misconception("With an odd zero_point added first, which neighbour of a tie is even?")
    def adds_zero_point_before_rounding(x, scale, zero_point):
        return _to_uint8(np.rint(x / scale + zero_point))

    @misconception("A UINT8 holds 0 to 255. What has a cast made of 300 before a clamp can see it?")
    def casts_before_clamp(x, scale, zero_point):
        steps = np.rint(x / np.float32(scale)) + zero_point
        return np.clip(_wrap(steps), 0, 255)

    @misconception("The clamp keeps 0 to 255. What can the addition after it still do?")
    def clamps_before_adding_zero_point(x, scale, zero_point):
        return _wrap(np.clip(np.rint(x / np.float32(scale)), 0, 255) + zero_point)

    @misconception("Cutting the decimals goes towards 0. Which tick is nearest to 2.9 steps?")
    def truncates(x, scale, zero_point):
        return _to_uint8(np.trunc(x / np.float32(scale)) + zero_point)

    @misconception(
        "Rounding down, or leaving the decimals to the cast, always errs to one side. Which tick "
        "is nearest to 2.9 steps?"
    )
    def rounds_down(x, scale, zero_point):
        return _to_uint8(np.floor(x / np.float32(scale)) + zero_point)

    @misconception("On a tie you go away from 0. Which neighbour does np.rint(2.5) choose?")
    def rounds_half_away_from_zero(x, scale, zero_point):
        steps = x.astype(np.float64) / scale
        return _to_uint8(np.copysign(np.floor(np.abs(steps) + 0.5), steps) + zero_point)

    @misconception("On a tie you always go up. Which neighbour does np.rint(2.5) choose?")
    def rounds_half_up(x, scale, zero_point):
        return _to_uint8(np.floor(x.astype(np.float64) / scale + 0.5) + zero_point)

    @misconception("x × (1 / scale) rounds twice. Which one operation does the contract name?")
    def multiplies_by_the_reciprocal(x, scale, zero_point):
        steps = np.rint(x * (np.float32(1) / np.float32(scale)))
        return _to_uint8(steps.astype(np.float64) + zero_point)

    @misconception("−128 to 127 are the ticks of INT8. Which ticks does UINT8 have?")
    def clamps_as_int8(x, scale, zero_point):
        steps = np.rint(x / np.float32(scale)) + zero_point
        return _wrap(np.clip(steps, -128, 127))

    @misconception("Is 128 the tick of 0.0 on every ruler? Which argument says it?")
    def always_128(x, scale, zero_point):
        return _to_uint8(np.rint(x / np.float32(scale)) + 128)

    @misconception("How many steps of 0.5 fit into 2.0? Which operation counts them?")
    def multiplies_by_scale(x, scale, zero_point):
        return _to_uint8(np.rint(x * np.float32(scale)) + zero_point)

    @misconception("Where must x = 0.0 land? Where does your formula put it?")
    def subtracts_zero_point(x, scale, zero_point):
        return _to_uint8(np.rint(x / np.float32(scale)) - zero_point)

    @misconception("Where must x = 0.0 land? Where does your formula put it?")
    def forgets_zero_point(x, scale, zero_point):
        return _to_uint8(np.rint(x / np.float32(scale)))

    @misconception("127 is the last tick of INT8. Which is the last tick of UINT8?")
    def clamps_at_127(x, scale, zero_point):
        steps = np.rint(x / np.float32(scale)) + zero_point
        return np.clip(steps, 0, 127).astype(np.uint8)


def _ties(rng, scale):
    """Eight exact ties on both sides of 0: n + 1/2 steps for odd and for even n."""
    n = np.concatenate([[-3, -2, -1, 0, 1, 2], rng.integers(3, 9, 2)])
    return np.asarray((n + 0.5) * scale, dtype=np.float32)


def _to_uint8(steps):
    return np.clip(steps, 0, 255).astype(np.uint8)


def _wrap(steps):
    """Cast integers, so by the remainder of 256: a float's own cast differs between machines."""
    return steps.astype(np.int64).astype(np.uint8)
