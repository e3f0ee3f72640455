"""3.4: the channels of which one ruler for all leaves nothing."""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.numerics import choose_qparams, quantize
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("3.4", "Channels that vanish", points=4, difficulty=3, importance=4, minutes=8)
class VanishingChannels:
    answer = "vanishing_channels"
    forbid = FROM_SCRATCH
    hints = (
        "How far from 0 may a weight lie and still be rounded to 0?",
        "One step is the farthest weight of all over 2**(bits − 1) − 1. A channel vanishes when "
        "its farthest weight is at most half a step from 0, and it had one to lose.",
        "farthest = np.abs(w.reshape(len(w), -1)).max(axis=1); gone is where "
        "np.rint(farthest / step) is 0; leave out those where farthest is 0.",
    )
    insight = (
        "A vanished channel gives its bias everywhere and nothing else. The detector loses dozens "
        "of them at 8 bits; the explorer showed you some."
    )
    within = exact()

    def cases(rng):
        return [
            group(
                "8 bits",
                2,
                "Exactly those channels whose weights were not 0 and all become 0.",
                [
                    # With 127 steps to a side 0.498 vanishes and 0.502 stays. With 128 both would
                    # stay, with 126 both vanish.
                    (_weight([127.0, 0.498, 0.9, 40.0, -0.3, -0.7, 0.502], (2, 1, 2)), 8),
                    (_weight([0.02, -63.5, 0.3, 0.1, 1.0], (1, 3, 3)), 8),
                    (_drawn(rng, 8), 8),
                ],
            ),
            group(
                "4 bits",
                1,
                "Exactly those channels whose weights were not 0 and all become 0.",
                [
                    (_weight([7.0, 0.45, -0.47, -2.0, 0.2, 0.6], (2, 2, 1)), 4),
                    (CANCELLING, 4),
                    (_drawn(rng, 4), 4),
                ],
            ),
            group(
                "ties and dead channels",
                1,
                "A tie at half a step is rounded to 0. A channel of zeros has nothing to lose.",
                [
                    (_weight([127.0, 0.5, 0.0, -0.5, 1.5], (1, 2, 2)), 8),
                    (_weight([0.0, -7.0, 3.0, 1.0], (2, 1, 1)), 4),
                ],
            ),
        ]

    def oracle(w, bits):
        farthest = float(np.abs(w).max())
        ruler = choose_qparams(
            -farthest, farthest, dtype=f"int{bits}", scheme="symmetric", narrow=True
        )
        q = quantize(w, ruler).reshape(len(w), -1)
        return np.flatnonzero((q == 0).all(axis=1) & w.reshape(len(w), -1).any(axis=1))

    @misconception("Which tick is the nearest to 0.9 of a step? How small must a weight be for 0?")
    def within_a_whole_step(w, bits):
        return _gone(_far(w) < _step(w, bits), w)

    @misconception("Half a step lies as far from 0 as from 1. To which of them does rint go?")
    def lets_ties_live(w, bits):
        return _gone(_far(w) < _step(w, bits) / 2, w)

    @misconception("A channel of zeros was zero before. What has the ruler taken from it?")
    def counts_dead_channels(w, bits):
        return np.flatnonzero(np.rint(_far(w) / _step(w, bits)) == 0)

    @misconception("Does a channel whose weights all lie below 0 vanish, however large they are?")
    def looks_above_zero_only(w, bits):
        return _gone(w.reshape(len(w), -1).max(axis=1) <= _step(w, bits) / 2, w)

    @misconception("One weight became 0. What is left of the channel's other weights?")
    def one_zero_is_enough(w, bits):
        q = np.rint(w.reshape(len(w), -1) / _step(w, bits))
        return _gone((q == 0).any(axis=1), w)

    @misconception("One weight became 0 that was not. What is left of the channel's others?")
    def one_lost_weight_is_enough(w, bits):
        q = np.rint(w / _step(w, bits)).reshape(len(w), -1)
        return _gone(((q == 0) & (w.reshape(len(w), -1) != 0)).any(axis=1), w)

    @misconception("The ticks 2 and −2 add up to 0. Has their channel vanished?")
    def adds_the_ticks_up(w, bits):
        return _gone(np.rint(w / _step(w, bits)).reshape(len(w), -1).sum(axis=1) == 0, w)

    @misconception(
        "The average weight lies within half a step of 0. And the farthest of the channel?"
    )
    def judges_by_the_mean(w, bits):
        return _gone(np.abs(w.reshape(len(w), -1)).mean(axis=1) < _step(w, bits) / 2, w)

    @misconception("The largest weight may lie below 0. How far must the ruler reach then?")
    def ends_at_the_largest_above_0(w, bits):
        return _gone(np.rint(_far(w) / (w.max() / (2 ** (bits - 1) - 1))) == 0, w)

    @misconception("2**bits − 1 steps span both sides. How many of them lie on one side of 0?")
    def counts_the_steps_of_both_sides(w, bits):
        return _gone(np.rint(_far(w) / (np.abs(w).max() / (2**bits - 1))) == 0, w)

    @misconception("127 steps belong to 8 bits. How many lie on one side of 0 with 4?")
    def always_8_bits(w, bits):
        return _gone(np.rint(_far(w) / _step(w, 8)) == 0, w)

    @misconception("A symmetric ruler leaves the lowest tick out. How many steps reach its end?")
    def one_step_too_many(w, bits):
        return _gone(np.rint(_far(w) / (np.abs(w).max() / 2 ** (bits - 1))) == 0, w)

    @misconception("Each channel is on its own ruler here. What was asked about?")
    def on_their_own_rulers(w, bits):
        return np.array([], dtype=int)

    @misconception("Those are the channels that stay. Which ones were asked for?")
    def names_those_that_stay(w, bits):
        return np.flatnonzero(np.rint(_far(w) / _step(w, bits)) != 0)

    @misconception("That is how many they are. Which ones are they?")
    def counts_them(w, bits):
        return len(_gone(np.rint(_far(w) / _step(w, bits)) == 0, w))


#: With 7 steps to a side the ticks of channel 1 are 2 and -2, and channel 2 vanishes.
CANCELLING = np.array([[7.0, 1.0], [2.0, -2.0], [0.4, -0.3]], np.float32).reshape(3, 1, 1, 2)


def _far(w):
    return np.abs(w.reshape(len(w), -1)).max(axis=1)


def _step(w, bits):
    return np.abs(w).max() / (2 ** (bits - 1) - 1)


def _gone(condition, w):
    return np.flatnonzero(condition & (_far(w) > 0))


def _weight(farthest, shape):
    """One channel for each number, which is its farthest weight; the others are smaller, or 0."""
    w = np.zeros((len(farthest), *shape), dtype=np.float32)
    for channel, far in zip(w, farthest, strict=True):
        channel.flat[0] = far / 4
        channel.flat[channel.size - 1] = far
    return w


def _drawn(rng, bits):
    """Channels at a fifth to four fifths of half a step, and well above it, in another order."""
    steps = 2 ** (bits - 1) - 1
    quiet = rng.uniform(0.1, 0.4, 3) * rng.choice([-1.0, 1.0], 3)
    heard = rng.uniform(0.6, 0.9, 2) * rng.choice([-1.0, 1.0], 2)
    return _weight(rng.permutation([float(steps), *quiet, *heard]), (1, 2, 2))
