"""3.3: every channel on its own ruler."""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.numerics import QParams, quantize
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("3.3", "Every channel on its ruler", points=4, difficulty=3, importance=5, minutes=8)
class OnItsRuler:
    answer = "quantize_channels"
    forbid = FROM_SCRATCH
    hints = (
        "numpy lines shapes up from the right. With which axis of w does a plain `scales` meet?",
        "The scales belong to axis 0. Give them three more axes of length 1 behind it, then divide "
        "as in 1.3: round half to even, clamp to −127 and 127, cast.",
        "np.clip(np.rint(w / scales.reshape(-1, 1, 1, 1)), -127, 127).astype(np.int8)",
    )
    insight = (
        "A square weight would have hidden a scale on the wrong axis: no error, only wrong "
        "integers. Exercise 3.4 asks what one ruler for all does to the quiet channels."
    )
    within = exact("int8")

    def cases(rng):
        own = "Every weight is on the tick of its own channel that is nearest to it."
        return [
            group(
                "shapes that differ",
                2,
                own,
                [
                    _case(np.random.default_rng(1), (3, 2, 1, 2)),
                    _case(np.random.default_rng(2), (4, 1, 3, 2)),
                    _case(rng, (2, 3, 1, 4)),
                ],
            ),
            group(
                "every axis as long",
                1,
                own,
                [_case(np.random.default_rng(3), (3, 3, 3, 3)), _case(rng, (2, 2, 2, 2))],
            ),
            group(
                "ties and ends",
                1,
                "A tie goes to the even tick; a weight off its ruler becomes −127 or 127.",
                [(TIES, SIZES)],
            ),
        ]

    def oracle(w, scales):
        zeros = np.zeros(len(scales), np.int32)
        return quantize(w, QParams(scales, zeros, "int8", axis=0, narrow=True))

    @misconception("numpy lines shapes up from the right. Which axis of w met the scales?")
    def along_the_last_axis(w, scales):
        return _ticks(w / scales)

    @misconception("Axis 1 counts the input channels. To which axis do the scales belong?")
    def along_the_input_channels(w, scales):
        return _ticks(w / scales.reshape(1, -1, 1, 1))

    @misconception("One scale served all channels. How many of them were given?")
    def the_largest_scale_for_all(w, scales):
        return _ticks(w / scales.max())

    @misconception("How many steps of 0.5 fit into 2.0? Which operation counts them?")
    def multiplies(w, scales):
        return _ticks(w * _column(scales))

    @misconception("A tick is the nearest one. Did you round, or only cut the decimals?")
    def truncates(w, scales):
        return _ticks(np.trunc(w / _column(scales)))

    @misconception("On a tie you always go up. Which neighbour does np.rint(2.5) choose?")
    def rounds_half_up(w, scales):
        return _ticks(np.floor(w / _column(scales) + 0.5))

    @misconception("300 steps do not fit into 8 bits. What does the cast leave of them?")
    def forgets_to_clamp(w, scales):
        return np.rint(w / _column(scales)).astype(np.int64).astype(np.int8)

    @misconception("The clamp stands behind the cast. What has the cast made of 300 by then?")
    def clamps_after_the_cast(w, scales):
        return np.maximum(np.rint(w / _column(scales)).astype(np.int64).astype(np.int8), -127)

    @misconception("On a tie you go away from 0. Which neighbour does np.rint(2.5) choose?")
    def rounds_half_away_from_zero(w, scales):
        steps = w / _column(scales)
        return _ticks(np.copysign(np.floor(np.abs(steps) + 0.5), steps))

    @misconception("−128 has no partner above 0. Which ticks does a symmetric ruler use?")
    def clamps_at_minus_128(w, scales):
        return np.clip(np.rint(w / _column(scales)), -128, 127).astype(np.int8)

    @misconception("A ruler from 0 to 127 is half a ruler. Where do the weights below 0 go?")
    def cuts_off_below_zero(w, scales):
        return np.clip(np.rint(w / _column(scales)), 0, 127).astype(np.int8)

    @misconception("Every channel has the ruler of the first one. How many scales were given?")
    def the_first_scale_for_all(w, scales):
        return _ticks(w / scales[0])


SIZES = np.array([0.5, 0.25, 0.125], dtype=np.float32)
#: In steps of the channel's own ruler: exact, because each scale is a power of 2.
TIES = np.asarray(
    np.array(
        [[0.5, 1.5, -2.5, -0.5], [126.5, 300.0, -128.0, 2.5], [-1.5, 3.5, -400.0, 127.5]]
    ).reshape(3, 2, 1, 2)
    * SIZES.reshape(-1, 1, 1, 1),
    dtype=np.float32,
)


def _column(scales):
    return scales.reshape(-1, 1, 1, 1)


def _ticks(steps):
    return np.clip(np.rint(steps), -127, 127).astype(np.int8)


def _case(rng, shape):
    """Weights 0.1 to 0.4 of a step beside a tick: no float32 division reaches the next one."""
    scales = np.asarray(np.roll(0.37 * 7.0 ** -np.arange(shape[0]), 1), dtype=np.float32)
    ticks = rng.integers(-120, 121, shape)
    beside = rng.uniform(0.1, 0.4, shape) * rng.choice([-1.0, 1.0], shape)
    return np.asarray((ticks + beside) * _column(scales), dtype=np.float32), scales
