"""10.3: a guardrail: was the model judged by a picture that calibrated it?"""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("10.3", "Held out, or not?", points=3, difficulty=2, importance=5, minutes=6)
class HeldOut:
    answer = "seen_before"
    hints = (
        "For each picture that judges: is there one with the same pixels among those that "
        "calibrated?",
        "np.array_equal(a, b) says whether two pictures are the same, and is False for other "
        "shapes. Or put picture.tobytes() and picture.shape into a set.",
        "[k for k, p in enumerate(judging) if any(np.array_equal(p, c) for c in calibrating)]",
    )
    insight = (
        "Two lines that refuse the most flattering of all mistakes. In this course a split's type "
        "refuses it too; other people's folders have no types."
    )
    within = exact()

    def cases(rng):
        a, b, c, d = (rng.integers(0, 256, (3, 4, 3)).astype(np.uint8) for _ in range(4))
        turned = a[:, ::-1].copy()
        nearly = a.copy()
        nearly[2, 3, 1] ^= 1
        # The same bytes, the same sums, other pictures.
        reshaped = b.reshape(4, 3, 3)
        swapped = c[..., ::-1].copy()
        return [
            group(
                "some were seen",
                1,
                "The places, in the judging pictures, of those that calibrated too.",
                [
                    ([a, b], [c, a, d]),
                    ([a, b, c], [c, a, b, d]),
                    ([d], [a, b, c, d.copy()]),
                ],
            ),
            group(
                "none, or all",
                1,
                "Where no picture was seen before, the list is empty.",
                [([a, b], [c, d]), ([a, b], [a, b]), ([], [a, b]), ([a, b], [])],
            ),
            group(
                "alike is not the same",
                1,
                "A picture was seen before when every pixel is the same, in the same place.",
                [
                    ([a], [turned, a, nearly]),
                    ([a, b], [nearly, c, b]),
                    ([b, c], [reshaped, swapped, c, b]),
                ],
            ),
        ]

    def oracle(calibrating, judging):
        # By value: shapes and bytes in a set.
        known = {(picture.shape, picture.tobytes()) for picture in calibrating}
        return [k for k, p in enumerate(judging) if (p.shape, p.tobytes()) in known]

    @misconception("Those are places among the pictures that calibrate. Whose places are asked?")
    def places_of_the_others(calibrating, judging):
        return _same(judging, calibrating)

    @misconception("How many they are is known then. Which ones are they?")
    def how_many(calibrating, judging):
        return len(_same(calibrating, judging))

    @misconception("The first picture may stand in the third place over there. What is compared?")
    def place_by_place(calibrating, judging):
        pairs = enumerate(zip(calibrating, judging, strict=False))
        return [k for k, (a, b) in pairs if np.array_equal(a, b)]

    @misconception("Two pictures may have the same mean. Are they the same?")
    def same_mean(calibrating, judging):
        means = [picture.mean() for picture in calibrating]
        return [k for k, p in enumerate(judging) if any(p.mean() == m for m in means)]

    @misconception("Those were not seen before. Which ones were?")
    def those_that_were_not(calibrating, judging):
        seen = _same(calibrating, judging)
        return [k for k in range(len(judging)) if k not in seen]

    @misconception("The same bytes in another shape: is that the same picture?")
    def bytes_without_shape(calibrating, judging):
        known = {picture.tobytes() for picture in calibrating}
        return [k for k, p in enumerate(judging) if p.tobytes() in known]

    @misconception("The first picture in a list is number 0. With which number did you begin?")
    def counts_from_one(calibrating, judging):
        return [k + 1 for k in _same(calibrating, judging)]

    @misconception("One was seen. Which others were, too?")
    def the_first_alone(calibrating, judging):
        return _same(calibrating, judging)[:1]


def _same(calibrating, judging):
    return [k for k, p in enumerate(judging) if any(np.array_equal(p, c) for c in calibrating)]
