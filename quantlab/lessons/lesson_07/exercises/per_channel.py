"""7.7: is per-channel really on? The scales know."""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("7.7", "Is per-channel on?", points=3, difficulty=2, importance=5, minutes=7)
class PerChannelIsOn:
    answer = "per_channel_is_on"
    forbid = FROM_SCRATCH
    hints = (
        "Which axis of a weight counts its output channels? How many scales should there be?",
        "As many scales as output channels; and they must differ, unless there is one channel.",
        "scales.size == shape[0] and (shape[0] == 1 or len(np.unique(scales)) > 1)",
    )
    insight = (
        "A setting says what was asked for; the scales in the file say what was done. Read these."
    )
    within = exact()  # True or False

    def cases(rng):
        return [
            group(
                "how many scales",
                1,
                "True for a scale for each output channel; False for one scale, or another count.",
                [
                    ((128, 1, 3, 3), _scales(rng, 1)),
                    ((128, 1, 3, 3), _scales(rng, 128)),
                    ((10, 64), _scales(rng, 10)),
                    ((24, 3, 4, 4), np.array(0.02, np.float32)),
                ],
            ),
            group(
                "the wrong axis",
                1,
                "True for a scale for each output channel; False for one scale, or another count.",
                [
                    ((64, 32, 3, 3), _scales(rng, 32)),
                    ((32, 64, 1, 1), _scales(rng, 64)),
                    ((32, 32, 3, 3), _scales(rng, 32)),
                    ((16, 8, 3, 3), _scales(rng, 16 * 8 * 9)),
                ],
            ),
            group(
                "copies, and a single channel",
                1,
                "Copies of one scale are one ruler. A single channel needs one, and no second one.",
                [
                    ((96, 1, 3, 3), np.full(96, 0.013, np.float32)),
                    ((4, 8, 1, 1), np.full(4, 0.0625, np.float32)),
                    ((1, 64, 1, 1), _scales(rng, 1)),
                    ((1, 64, 3, 3), _scales(rng, 1)),
                    ((1, 16), np.array(0.25, np.float32)),
                    ((1, 64, 1, 1), _scales(rng, 64)),
                    ((4, 8, 1, 1), np.array([0.1, 0.2, 0.1, 0.1], np.float32)),
                    ((2, 8), np.array([0.25, 0.25], np.float32)),
                    ((4, 8, 1, 1), np.array([0.1, 0.1, 0.2, 0.1], np.float32)),
                    ((3, 8), np.array([2**-31, 2**-30, 2**-31], np.float32)),
                ],
            ),
        ]

    def oracle(shape, scales):
        # A set of Python's floats: one entry for each different scale.
        listed = [float(s) for s in np.ravel(scales)]
        copies = len(set(listed)) == 1 and shape[0] > 1
        return len(listed) == shape[0] and not copies

    @misconception("A file may repeat one scale for every channel. How would you notice?")
    def only_counts(shape, scales):
        return scales.size == shape[0]

    @misconception("Several scales are there. Along which axis, and how many should there be?")
    def more_than_one(shape, scales):
        return scales.size > 1

    @misconception("They differ. Are there as many of them as output channels?")
    def only_looks_whether_they_differ(shape, scales):
        return len(np.unique(scales)) > 1

    @misconception("They differ. Are there as many of them as output channels?")
    def only_looks_whether_several_differ(shape, scales):
        return shape[0] == 1 or len(np.unique(scales)) > 1

    @misconception("More scales than output channels: along which axis do they lie?")
    def more_than_enough(shape, scales):
        return scales.size >= shape[0] and (shape[0] == 1 or len(np.unique(scales)) > 1)

    @misconception("A single output channel, and many scales: along which axis do they lie?")
    def always_for_a_single_channel(shape, scales):
        return shape[0] == 1 or (scales.size == shape[0] and len(np.unique(scales)) > 1)

    @misconception("Axis 1 counts the input channels. Which one counts the outputs?")
    def counts_input_channels_one_included(shape, scales):
        return scales.size == shape[1] and (scales.size == 1 or len(np.unique(scales)) > 1)

    @misconception("The first two may be equal by chance. Does a later one differ?")
    def compares_the_first_two(shape, scales):
        listed = np.ravel(scales)
        several = shape[0] > 1 and listed.size == shape[0]
        return bool(listed[0] != listed[1]) if several else listed.size == shape[0]

    @misconception("Copies are equal to the last bit. From which difference on do you see one?")
    def takes_small_scales_for_copies(shape, scales):
        listed = np.ravel(scales)
        alike = shape[0] > 1 and np.allclose(listed, listed[0])
        return listed.size == shape[0] and not alike

    @misconception("`np.array(0.25)` has no axes. How many values does it hold?")
    def none_without_axes(shape, scales):
        if scales.ndim == 0:
            return False
        return scales.size == shape[0] and (shape[0] == 1 or len(np.unique(scales)) > 1)

    @misconception("Axis 1 counts the input channels. Which one counts the outputs?")
    def counts_input_channels(shape, scales):
        return scales.size == shape[1] and len(np.unique(scales)) > 1

    @misconception("Two channels may be equally large by chance. Is that one ruler for all?")
    def all_must_differ(shape, scales):
        return len(np.unique(scales)) == shape[0]

    @misconception("A layer with a single output channel has one scale. What is missing there?")
    def never_for_a_single_channel(shape, scales):
        return scales.size == shape[0] and len(np.unique(scales)) > 1

    @misconception(
        "A scale for each weight would be as large as the weights. For what is one kept?"
    )
    def counts_all_weights(shape, scales):
        return scales.size == int(np.prod(shape))

    @misconception("True when it is off: which question does the name ask?")
    def turned_round(shape, scales):
        return not (scales.size == shape[0] and (shape[0] == 1 or len(np.unique(scales)) > 1))


def _scales(rng, count):
    """Different scales: 1/128 and more, in another order."""
    return np.asarray(rng.permutation(np.arange(count) + 128.0) / 2**14, dtype=np.float32)
