"""3.2: one symmetric scale for each output channel."""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.numerics import MinMaxObserver
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import ulps


@exercise("3.2", "A ruler for each channel", points=4, difficulty=3, importance=5, minutes=8)
class ChannelScales:
    answer = "channel_scales"
    forbid = FROM_SCRATCH
    hints = (
        "How many scales come out for a weight of shape (8, 3, 3, 3)? Which axis has as many?",
        "Put each output channel into one row: w.reshape(len(w), -1). Every row is a tensor of its "
        "own, with a symmetric scale as in 1.6.",
        "farthest = np.abs(w.reshape(len(w), -1)).max(axis=1); a row of zeros gets 1, every other "
        "row farthest / 127.",
    )
    insight = (
        "ONNX Runtime's own tool finds the same scales. Exercise 3.3 puts the weights on these "
        "rulers."
    )
    # The farthest weight is exact, the division rounds once, the oracle's scale once to float32.
    within = ulps(2)

    def cases(rng):
        live = "One scale for each output channel; its farthest weight is 127 steps from 0."
        return [
            group(
                "convolutions",
                2,
                live,
                [
                    (_weight(np.random.default_rng(1), (4, 2, 3, 3)),),
                    (_weight(np.random.default_rng(2), (2, 5, 1, 3)),),
                    (_weight(rng, (3, 4, 2, 2)),),
                ],
            ),
            group(
                "depthwise and linear",
                1,
                live,
                [
                    (_weight(np.random.default_rng(3), (5, 1, 3, 3)),),
                    (_weight(np.random.default_rng(4), (3, 4)),),
                    (_weight(rng, (4, 3)),),
                ],
            ),
            group(
                "a dead channel",
                1,
                "A channel of zeros gets scale 1, the others keep their own.",
                [(_with_zeros(np.random.default_rng(5)),), (_with_zeros(rng),)],
            ),
        ]

    def oracle(w):
        observer = MinMaxObserver(dtype="int8", scheme="symmetric", narrow=True, axis=0)
        return observer.partial_fit(w).qparams().scale

    @misconception("Every channel got the same scale. Whose largest weight is it?")
    def one_ruler_for_all(w):
        return np.full(len(w), np.abs(w).max() / 127)

    @misconception("Axis 1 counts the input channels. How many output channels does w have?")
    def takes_the_input_channels(w):
        axes = tuple(axis for axis in range(w.ndim) if axis != 1)
        return _alive(np.abs(w).max(axis=axes) / 127)

    @misconception("One axis is gone, the others are left. How many numbers has a channel?")
    def reduces_one_axis(w):
        return _alive(np.abs(w).max(axis=-1) / 127)

    @misconception("What becomes of a large weight below 0, if only the maximum is looked at?")
    def forgets_the_negative_side(w):
        return _alive(_rows(w).max(axis=1) / 127)

    @misconception("128 ticks lie below 0. How many does the ruler have above it?")
    def divides_by_128(w):
        return _alive(np.abs(_rows(w)).max(axis=1) / 128)

    @misconception("255 steps span the whole ruler. How many lie on one side of 0?")
    def divides_by_255(w):
        return _alive(np.abs(_rows(w)).max(axis=1) / 255)

    @misconception("Width over 255 is an asymmetric scale. Does its ruler keep zero_point at 0?")
    def uses_the_width(w):
        return _alive((_rows(w).max(axis=1) - _rows(w).min(axis=1)) / 255)

    @misconception("What does the next line of a program do with a scale of 0?")
    def forgets_the_dead_channel(w):
        return np.abs(_rows(w)).max(axis=1) / 127

    @misconception("A dead channel's scale is 1 over 127 here. Which scale does the task give it?")
    def gives_a_dead_channel_the_range_1(w):
        return _alive(np.abs(_rows(w)).max(axis=1)) / 127

    @misconception(
        "You add a little to every channel. Which one alone needs help, and of how much?"
    )
    def adds_an_epsilon(w):
        return (np.abs(_rows(w)).max(axis=1) + 1e-8) / 127

    @misconception("That is the average weight. Which one must the ruler still reach?")
    def takes_the_mean(w):
        return _alive(np.abs(_rows(w)).mean(axis=1) / 127)

    @misconception("That is where the ruler ends. How many steps lie between 0 and there?")
    def forgets_to_divide(w):
        return _alive(np.abs(_rows(w)).max(axis=1))


def _rows(w):
    return w.reshape(len(w), -1)


def _alive(scales):
    """Scale 1 where a channel has none."""
    return np.where(scales == 0, 1.0, scales)


def _weight(rng, shape):
    """Channels of very different size; the first is farthest from 0 above, the second below it."""
    sizes = (10.0 ** -np.arange(shape[0])).reshape(-1, *[1] * (len(shape) - 1))
    w = rng.uniform(-0.8, 0.8, shape)
    w[(0, *[0] * (len(shape) - 1))], w[(1, *[-1] * (len(shape) - 1))] = 0.9, -0.95
    return np.asarray(w * sizes, dtype=np.float32)


def _with_zeros(rng):
    w = _weight(rng, (4, 2, 2, 3))
    w[2] = 0.0
    return w
