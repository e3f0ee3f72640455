"""3.1: two channels on paper, on one ruler and on their own."""

import numpy as np

from quantlab.numerics import choose_qparams, quantize
from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import exact, ulps

LOUD = (12.7, -6.4, 3.1)
QUIET = (0.254, -0.0312, 0.1)
WEIGHT = QUIET[1]


@exercise("3.1", "Two channels on paper", points=2, difficulty=1, importance=5, minutes=5)
class TwoChannels:
    values = {"one_scale": 0.5, "one_q": 0.5, "own_scale": 0.5, "own_q": 0.5}
    asks = {
        "one_scale": "127 steps of it reach to the largest weight of both channels.",
        "one_q": "The whole number of the tick nearest to −0.0312 on that ruler.",
        "own_scale": "127 steps of it reach to the largest weight of the quiet channel.",
        "own_q": "The whole number of the tick nearest to −0.0312 on the quiet channel's ruler.",
    }
    hints = (
        "Which of the six weights is farthest from 0? And which of the three quiet ones?",
        "scale = farthest weight / 127. A tick is weight / scale, rounded.",
        "one_scale = 12.7 / 127 and own_scale = 0.254 / 127; each q is round(−0.0312 / scale).",
    )
    insight = (
        "Same weight, same 8 bits: nothing is left of it on one ruler, sixteen ticks on its own. "
        "Exercise 3.2 finds such rulers for every channel at once."
    )

    def oracle(name):
        farthest = max(map(abs, QUIET if name.startswith("own") else LOUD + QUIET))
        qp = choose_qparams(-farthest, farthest, dtype="int8", scheme="symmetric", narrow=True)
        return float(qp.scale) if name.endswith("scale") else int(quantize(WEIGHT, qp))

    def within(name):
        # A scale is one division, rounded once, and the oracle's is rounded to float32 once.
        return ulps(2) if name.endswith("scale") else exact()

    @misconception("128 ticks lie below 0. How many lie above it, where the largest weight is?")
    def divides_by_128(name):
        return _read_off(name, 12.7 / 128, 0.254 / 128)

    @misconception("255 steps span both sides. How many of them lie on one side of 0?")
    def divides_by_255(name):
        return _read_off(name, 12.7 / 255, 0.254 / 255)

    @misconception(
        "The width of the range gives an asymmetric ruler. Where is 0 on a symmetric one?"
    )
    def uses_the_width(name):
        return _read_off(name, (12.7 + 6.4) / 255, (0.254 + 0.0312) / 255)

    @misconception(
        "That is the width of the range over both sides' steps. Which weight must be reached?"
    )
    def halves_the_width(name):
        return _read_off(name, (12.7 + 6.4) / 254, (0.254 + 0.0312) / 254)

    @misconception(
        "That ruler ends at −0.0312 itself. Which of the three quiet weights is farthest from 0?"
    )
    def ends_at_the_weight_itself(name):
        return _read_off(name, 12.7 / 127, 0.0312 / 127)

    @misconception("That counts the steps to one unit. How long is one of the steps?")
    def upside_down(name):
        return _read_off(name, 127 / 12.7, 127 / 0.254)

    @misconception("Which of the two rulers must reach to 12.7? Did they change places?")
    def swaps_the_rulers(name):
        return _read_off(name, 0.254 / 127, 12.7 / 127)

    @misconception("A tick is the nearest one. Did you round, or only cut the decimals?")
    def truncates(name):
        return _read_off(name, 12.7 / 127, 0.254 / 127, int)

    @misconception("On which side of 0 does −0.0312 lie, and on which side is its tick?")
    def loses_the_sign(name):
        return _read_off(name, 12.7 / 127, 0.254 / 127, lambda steps: abs(round(steps)))

    @misconception("128 is the tick of 0.0 in UINT8. Which one is it on a symmetric INT8 ruler?")
    def counts_from_128(name):
        return _read_off(name, 12.7 / 127, 0.254 / 127, lambda steps: round(steps) + 128)

    @misconception("Weights come back from their ticks. Which whole number is the tick itself?")
    def reads_it_back(name):
        scale = 0.254 / 127 if name.startswith("own") else 12.7 / 127
        return scale if name.endswith("scale") else float(np.rint(WEIGHT / scale) * scale) + 0.0


def _read_off(name, one, own, whole=round):
    """The value that follows from these two scales."""
    scale = own if name.startswith("own") else one
    return scale if name.endswith("scale") else whole(WEIGHT / scale)
