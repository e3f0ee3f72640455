"""4.1: two ranges for one small tensor, and the squared error of each, on paper."""

import numpy as np

from quantlab.lessons.lesson_04.exercises.common import round_trip
from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import absolute

#: Ten ones, six twos, three threes, and one value far out.
VALUES = np.array([1.0] * 10 + [2.0] * 6 + [3.0] * 3 + [9.0])
FAR, CLIP = 9.0, 3.0


@exercise("4.1", "The same trade, one value farther out", points=2, difficulty=2, importance=4,
          minutes=6)  # fmt: skip
class ByHand:
    values = {"minmax_error": 1.0, "clipped_error": 1.0}
    asks = {
        "minmax_error": "The mean of 20 squared round-trip errors, on four ticks from 0 to 9.",
        "clipped_error": "The mean of 20 squared round-trip errors, on four ticks from 0 to 3.",
    }
    hints = (
        "Write the four ticks of each ruler down first. Where do 1, 2, 3 and 9 land?",
        "An error is the distance from where the value lands. Square it, add up all 20 values, "
        "divide by 20.",
        "From 0 to 9 the ticks are 0, 3, 6, 9: ten ones and six twos are 1 off. From 0 to 3 only "
        "the last value is off: (9 − 3)² / 20.",
    )
    insight = (
        "Here the far value decides, and clipping it costs more than it saves. Which of the two "
        "wins is a question about the data, not a rule."
    )
    # The sums are of whole numbers; half a unit of the fourth decimal is room for a rounded answer.
    within = absolute(0.00005)

    def oracle(name):
        from fractions import Fraction

        hi = Fraction(9) if name == "minmax_error" else Fraction(3)
        ticks = [hi * n / 3 for n in range(4)]
        squares = [min((Fraction(v) - tick) ** 2 for tick in ticks) for v in VALUES]
        return float(sum(squares) / len(VALUES))

    @misconception("How many values were added up, and how many times was it divided by that?")
    def takes_the_sum(name):
        return 20 * _error(name, 3)

    @misconception("That is the mean distance. What is done to each distance before the mean?")
    def takes_the_distances(name):
        return float(np.abs(VALUES - _back(name, 3)).mean())

    @misconception("A root is taken at the end here. Does the text ask for one?")
    def takes_the_root(name):
        return _error(name, 3) ** 0.5

    @misconception("Four ticks have how many gaps between them?")
    def counts_ticks_for_steps(name):
        hi = FAR if name == "minmax_error" else CLIP
        scale = hi / 4
        return float(np.square(VALUES - np.clip(np.rint(VALUES / scale), 0, 3) * scale).mean())

    @misconception("The ruler to 9 has four ticks. How many gaps lie between them?")
    def counts_ticks_for_steps_up_to_9(name):
        back = np.clip(np.rint(VALUES / (FAR / 4)), 0, 3) * FAR / 4
        return float(np.square(VALUES - back).mean()) if name == "minmax_error" else _error(name, 3)

    @misconception("The far value is added up, too. By how many values is the sum divided then?")
    def divides_by_19(name):
        return _error(name, 3) * (20 / 19 if name == "clipped_error" else 1)

    @misconception("Those are the numbers of the example above. How far out is the far one now?")
    def answers_the_example(name):
        values = np.where(VALUES == FAR, 4.5, VALUES)
        hi = 4.5 if name == "minmax_error" else CLIP
        return float(np.square(values - round_trip(values, hi, 3)).mean())

    @misconception("The 9 lies beyond the ruler that ends at 3. Where does it come back, and how "
                   "far off is that?")  # fmt: skip
    def leaves_out_the_clipped_value(name):
        kept = VALUES[VALUES <= CLIP] if name == "clipped_error" else VALUES
        hi = FAR if name == "minmax_error" else CLIP
        return float(np.square(kept - round_trip(kept, hi, 3)).mean())

    @misconception("A value goes to the nearest tick. Is 0 the nearest one to 2 on 0, 3, 6, 9?")
    def cuts_instead_of_rounding(name):
        scale = (FAR if name == "minmax_error" else CLIP) / 3
        return float(np.square(VALUES - np.clip(VALUES // scale, 0, 3) * scale).mean())

    @misconception(
        "Which of the two rulers reaches the far value, the min-max one or the clipped one?"
    )
    def swaps_the_two(name):
        return _error("clipped_error" if name == "minmax_error" else "minmax_error", 3)


def _back(name, steps):
    return round_trip(VALUES, FAR if name == "minmax_error" else CLIP, steps)


def _error(name, steps):
    return float(np.square(VALUES - _back(name, steps)).mean())
