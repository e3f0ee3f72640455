"""9.6: the cheapest monitor: how much of a picture lies at the ends of the ruler?"""

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import ulps


@exercise("9.6", "At the ends of the ruler", points=3, difficulty=2, importance=4, minutes=5)
class EndsByPicture:
    answer = "ends_by_picture"
    forbid = FROM_SCRATCH
    hints = (
        "Which two integers of UINT8 can hide a value that was farther out?",
        "Ask of every integer whether it is one of the two. Then take the share for each picture, "
        "over all axes but the first.",
        "at_end = (q == 0) | (q == 255); reshape it to (len(q), -1) and take the mean along axis "
        "1.",
    )
    insight = (
        "It needs no label, no float and no second model: the integers are there anyway. What is "
        "usual, the calibration scenes tell."
    )
    # A count over a count: one division, and the rounding of the truth.
    within = ulps(2)

    def cases(rng):
        fixed = np.array(
            [
                [[[0, 1, 2, 3], [254, 7, 9, 128]]],
                [[[255, 255, 0, 3], [127, 7, 0, 128]]],
                [[[10, 20, 30, 40], [50, 60, 70, 80]]],
            ],
            np.uint8,
        )
        wide = rng.integers(0, 256, (4, 3, 5, 7)).astype(np.uint8)
        wide[0, :, 0], wide[1, 1] = 0, 255
        wide[2] = 100
        long = np.full((2, 1, 20, 20), 9, np.uint8)
        long[0, 0, :15], long[0, 0, 15:17] = 0, 255
        return [
            group(
                "a few pictures",
                2,
                "One share for each picture: its integers at 0 or at 255 over all its integers.",
                [(fixed,), (wide,), (np.stack([fixed[1], fixed[0]]),)],
            ),
            group(
                "all, none, or one picture",
                1,
                "The share runs from 0 to 1, however many integers a picture holds.",
                [
                    (np.full((2, 1, 2, 2), 7, np.uint8),),
                    (np.array([0, 255, 0, 0, 9, 9], np.uint8).reshape(3, 2, 1, 1),),
                    # 340 of 400 integers at the ends, and none: more than 8 bits count.
                    (long,),
                    (np.array([[[[127, 129]], [[128, 0]]]], np.uint8),),
                ],
            ),
        ]

    def oracle(q):
        # Counted by value: how often does each of the 256 integers occur?
        counts = [np.bincount(picture.ravel(), minlength=256) for picture in q]
        return np.array([(c[0] + c[255]) / c.sum() for c in counts])

    @misconception("How many pictures are in the batch, and how many shares did you give?")
    def one_for_all(q):
        return float(((q == 0) | (q == 255)).mean())

    @misconception("Every picture got the same share. Of which pictures is it one?")
    def the_same_for_every_picture(q):
        return np.full(len(q), ((q == 0) | (q == 255)).mean())

    @misconception("One channel at an end, and you counted the whole place. A share of what is it?")
    def any_channel_counts(q):
        return ((q == 0) | (q == 255)).any(axis=1).mean(axis=(1, 2))

    @misconception("A picture has channels × height × width integers. By how many did you divide?")
    def divides_by_the_places(q):
        return _share((q == 0) | (q == 255)) * q.shape[1]

    @misconception("Is 127 the end of UINT8, or of INT8?")
    def from_the_end_of_int8_on(q):
        return _share((q == 0) | (q >= 127))

    @misconception("How far does a uint8 count?")
    def counts_in_8_bits(q):
        at_end = (q == 0) | (q == 255)
        return np.array([p.sum(dtype=np.uint8) / p.size for p in at_end])

    @misconception("At the dark end a ruler stops too. Which integer stands there?")
    def upper_end_alone(q):
        return _share(q == 255)

    @misconception("At the bright end a ruler stops too. Which integer stands there?")
    def lower_end_alone(q):
        return _share(q == 0)

    @misconception("Those are the picture's own ends. Where does the ruler end?")
    def ends_of_the_picture(q):
        rows = q.reshape(len(q), -1)
        low, high = rows.min(axis=1, keepdims=True), rows.max(axis=1, keepdims=True)
        return ((rows == low) | (rows == high)).mean(axis=1)

    @misconception("Is 128 the end of UINT8, or of INT8?")
    def ends_of_int8(q):
        return _share((q == 127) | (q == 128))

    @misconception("How many they are depends on the picture's size. What does not?")
    def counts_them(q):
        return ((q == 0) | (q == 255)).reshape(len(q), -1).sum(axis=1)

    @misconception("Those lie safely inside. Which share was asked for?")
    def share_inside(q):
        return 1 - _share((q == 0) | (q == 255))

    @misconception("One number is one picture's. Over which axes did you take the mean?")
    def by_channel(q):
        return ((q == 0) | (q == 255)).mean(axis=(0, 2, 3))

    @misconception("A share of 1 is everything. What did you multiply it by?")
    def in_per_cent(q):
        return 100 * _share((q == 0) | (q == 255))

    @misconception("254 stands for a value that the ruler holds. Which integers may not?")
    def next_to_the_ends(q):
        return _share((q <= 1) | (q >= 254))


def _share(at_end):
    return at_end.reshape(len(at_end), -1).mean(axis=1)
