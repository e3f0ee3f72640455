"""10.1: the mini challenge on paper: what is left of two targets?"""

from fractions import Fraction

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import absolute

#: mAP in points, the speed-up on a CPU, and what was asked for.
FP32, INT8, SPEED_UP = 34.0, 33.4, 2.1
MOST_LOST, LEAST_SPEED_UP = 0.7, 2.0


@exercise("10.1", "The mini challenge on paper", points=3, difficulty=1, importance=4, minutes=5)
class OnPaper:
    values = {"lost": 1.0, "left": 1.0, "time_percent": 1.0}
    asks = {
        "lost": "Points of mAP that INT8 loses: mAP is in points of 100 already.",
        "left": "Points that a plan could still lose before the target is missed.",
        "time_percent": "INT8's time in per cent of FP32's.",
    }
    hints = (
        "mAP is in points, so a loss is a difference, and no share of 34.",
        "What may be lost, less what is lost, is left. A model that is 2.1 times as fast needs "
        "1 / 2.1 of the time.",
        "lost = 34.0 - 33.4; left = 0.7 - lost; time_percent = 100 / 2.1.",
    )
    insight = (
        "Both are met, and both only just: a tenth of a point and a twentieth of the speed. "
        "Whether that is sure, only an interval could say, and none was given."
    )

    def oracle(name):
        fp32, int8, most = (Fraction(str(v)) for v in (FP32, INT8, MOST_LOST))
        lost = fp32 - int8
        return _answers(lost, most - lost, 100 / Fraction(str(SPEED_UP)))[name]

    def within(name):
        # A share may be rounded to one decimal; the others are differences of decimals, off by a
        # few roundings of 34.
        return absolute(0.05 if name == "time_percent" else 1e-6)

    @misconception("mAP is a percentage already. Is a share of 34 asked for, or points?")
    def relative_loss(name):
        lost = 100 * (FP32 - INT8) / FP32
        return _answers(lost, MOST_LOST - lost, 100 / SPEED_UP)[name]

    @misconception("Above 0 is a loss. Which of the two mAPs is the larger one?")
    def the_other_way_round(name):
        lost = INT8 - FP32
        return _answers(lost, MOST_LOST - lost, 100 / SPEED_UP)[name]

    @misconception("0.6 are spent already. What is left of 0.7?")
    def adds_what_is_spent(name):
        lost = FP32 - INT8
        return _answers(lost, MOST_LOST + lost, 100 / SPEED_UP)[name]

    @misconception("That is the time that is saved. How much is still needed?")
    def the_time_saved(name):
        lost = FP32 - INT8
        return _answers(lost, MOST_LOST - lost, 100 - 100 / SPEED_UP)[name]

    @misconception("Per cent: of a hundred. What is one half in per cent?")
    def a_share_of_one(name):
        lost = FP32 - INT8
        return _answers(lost, MOST_LOST - lost, 1 / SPEED_UP)[name]

    @misconception("Twice as fast, and more than twice the time? Which is divided by which?")
    def times_the_speed(name):
        lost = FP32 - INT8
        return _answers(lost, MOST_LOST - lost, 100 * SPEED_UP)[name]

    @misconception("That is what the target allows, whole. How much of it has INT8 used?")
    def the_whole_allowance(name):
        return _answers(FP32 - INT8, MOST_LOST, 100 / SPEED_UP)[name]


def _answers(lost, left, percent):
    return {"lost": float(lost), "left": float(left), "time_percent": float(percent)}
