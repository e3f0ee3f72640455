"""1.9: a small activation set in asymmetric UINT8, from range to ticks."""

import numpy as np

from quantlab.numerics import choose_qparams, quantize
from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import exact, ulps

#: The values that the lesson prints; float32, as a layer would hand them on.
ACTIVATIONS = np.array([-0.2, 0.0, 0.474, 1.116, 2.35], dtype=np.float32)
LO, HI = -0.2, 2.35
POINTS = {"act_scale": 1.0, "act_zero_point": 1.0, "act_q": 1.0}


@exercise("1.9", "A small activation set", points=3, difficulty=2, importance=5, minutes=4)
class SmallActivationSet:
    values = POINTS
    asks = {
        "act_scale": "255 steps of it reach from the lowest value to the highest.",
        "act_zero_point": "The whole number of the tick at which 0.0 stands.",
        "act_q": "The tick of each value, in the order of the values.",
    }
    insight = "Range, ruler, ticks: this is how every activation of a quantized network is made."
    hints = (
        "Everything is already there: three functions of yours, one after the other.",
        "The range is that of the values themselves: their minimum and their maximum.",
        "act_scale, act_zero_point = scale_zero_point(activations.min(), ...), then "
        "act_q = quantize(...).",
    )

    def oracle(name):
        qp = choose_qparams(LO, HI, dtype="uint8")
        truth = {
            "act_scale": float(qp.scale),
            "act_zero_point": int(qp.zero_point),
            "act_q": quantize(ACTIVATIONS, qp),
        }
        return truth[name]

    def within(name):
        # Scale as in 1.2: 4 roundings. zero_point and ticks are integers, clear of ties.
        return ulps(4) if name == "act_scale" else exact()

    @misconception("256 levels have how many gaps between them? Which of the two does a step fill?")
    def counts_levels(name):
        scale = (HI - LO) / 256
        return _answers(scale, round(-LO / scale))[name]

    @misconception("Where does the lowest value land? Can a UINT8 say that?")
    def zero_point_has_wrong_sign(name):
        scale = (HI - LO) / 255
        answers = _answers(scale, round(-LO / scale))
        answers["act_zero_point"] = -answers["act_zero_point"]
        answers["act_q"] = _ticks(scale, answers["act_zero_point"])
        return answers[name]

    @misconception("Did you use the largest value alone? How wide is the range with its lower end?")
    def range_starts_at_zero(name):
        return _answers(HI / 255, 0)[name]

    @misconception("A symmetric ruler reaches as far down as up. Do these values?")
    def symmetric_ruler(name):
        return _answers(HI / 127, 128)[name]

    @misconception("Which tick is nearest to 111.6 steps? Did you round, or only cut the decimals?")
    def truncates(name):
        scale = (HI - LO) / 255
        answers = _answers(scale, 20)
        # A hair is added before the cut: −0.2 / 0.01 is 20 steps, not 19.99999.
        steps = ACTIVATIONS.astype(np.float64) / scale
        answers["act_q"] = np.trunc(steps + np.copysign(1e-3, steps)).astype(np.int64) + 20
        return answers[name]

    @misconception("The decimals are still there. Which whole number is the tick?")
    def never_rounds(name):
        scale = (HI - LO) / 255
        answers = _answers(scale, -LO / scale)
        answers["act_q"] = ACTIVATIONS.astype(np.float64) / scale - LO / scale
        return answers[name]

    @misconception("Is 0.0 on tick 128 of this ruler? How many steps is it above the lower end?")
    def always_128(name):
        return _answers((HI - LO) / 255, 128)[name]

    @misconception("zero_point comes off on the way back. What happens to it on the way there?")
    def subtracts_zero_point(name):
        scale = (HI - LO) / 255
        answers = _answers(scale, 20)
        answers["act_q"] = _ticks(scale, -20)
        return answers[name]

    @misconception("These are steps counted from 0. On which tick does 0 stand?")
    def forgets_zero_point(name):
        scale = (HI - LO) / 255
        answers = _answers(scale, 20)
        answers["act_q"] = _ticks(scale, 0)
        return answers[name]


def _ticks(scale, zero_point):
    steps = np.rint(ACTIVATIONS.astype(np.float64) / scale) + zero_point
    return np.clip(steps, 0, 255).astype(np.int64)


def _answers(scale, zero_point):
    """The three values that follow from this scale and zero_point."""
    return {
        "act_scale": scale,
        "act_zero_point": zero_point,
        "act_q": _ticks(scale, zero_point),
    }
