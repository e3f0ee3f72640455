"""10.6: boxes and scores in one tensor, on one ruler."""

from fractions import Fraction

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import absolute, exact

#: Boxes of a picture of 320 pixels, scores from 0 to 1, one UINT8 ruler with zero_point 0.
LARGEST, SCORE, SURE = 320, 0.6, 0.9


@exercise("10.6", "One ruler for boxes and scores", points=3, difficulty=2, importance=5, minutes=6)
class OneRuler:
    values = {"step": 1.0, "back": 1.0, "sure_back": 1.0}
    asks = {
        "step": "The scale of a UINT8 ruler from 0 to 320.",
        "back": "What comes back for the score 0.6 from that ruler.",
        "sure_back": "What comes back for the score 0.9.",
    }
    hints = (
        "UINT8 has 256 ticks. How many steps lie between the first and the last?",
        "A value goes to the nearest tick: divide by the step and round. Then multiply by the step "
        "again.",
        "step = 320 / 255; back = round(0.6 / step) * step; the other one in the same way.",
    )
    insight = (
        "Every score is 0 or 1.25 then: who is surer than whom is gone. On a larger picture even a "
        "sure score becomes 0, and nothing is found, while each layer looks fine."
    )

    def oracle(name):
        step = Fraction(LARGEST, 255)
        # Half a step is the border between tick 0 and tick 1.
        ticks = [int(Fraction(str(score)) > step / 2) for score in (SCORE, SURE)]
        return _answers(step, *(tick * step for tick in ticks))[name]

    def within(name):
        # Half of the last digit of 1.255, for who rounds; 0 is 0.
        return exact() if name == "back" else absolute(0.0005)

    @misconception("256 ticks stand there. How many steps lie between them?")
    def counts_ticks(name):
        step = LARGEST / 256
        return _answers(step, 0, step)[name]

    @misconception("The larger values decide. Up to which one does the ruler have to reach?")
    def a_ruler_for_scores(name):
        step = 1 / 255
        return _answers(step, round(SCORE / step) * step, round(SURE / step) * step)[name]

    @misconception("UINT8 has no sign. Do its ticks end at 127?")
    def ends_at_127(name):
        step = LARGEST / 127
        return _answers(step, 0, 0)[name]

    @misconception("0.9 lies between two ticks. Is the one below the nearest?")
    def rounds_down(name):
        return _answers(LARGEST / 255, 0, 0)[name]

    @misconception("0.6 lies between two ticks. Is the one above the nearest?")
    def rounds_up(name):
        step = LARGEST / 255
        return _answers(step, step, step)[name]

    @misconception("Those are ticks. What are they in real numbers?")
    def stops_at_ticks(name):
        return _answers(LARGEST / 255, 0, 1)[name]

    @misconception("Between ticks nothing can come back. Which tick is the nearest?")
    def does_not_round(name):
        return _answers(LARGEST / 255, SCORE, SURE)[name]


def _answers(step, back, sure):
    return {"step": float(step), "back": float(back), "sure_back": float(sure)}
