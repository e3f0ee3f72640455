"""6.3: three weights on paper, and by how much rounding moves the mean of their sum."""

from fractions import Fraction

import numpy as np

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import absolute

#: The three weights on a ruler whose step is 1, and the mean of each of their inputs.
WEIGHTS, MEANS = ("0.4", "0.4", "-1.3"), ("3", "2", "1")
NAMES = ("mean_before", "mean_after", "bias_change")


@exercise("6.3", "A mean that moved", points=3, difficulty=1, importance=5, minutes=5)
class MeanThatMoved:
    values = dict.fromkeys(NAMES, 1.0)
    asks = {
        "mean_before": "The mean output of the float neuron.",
        "mean_after": "The mean output once every weight stands on its nearest tick.",
        "bias_change": "What to add to the bias so that the mean is the old one again.",
    }
    insight = (
        "Rounding errors that do not cancel are a constant, and a bias can hold a constant. "
        "Exercises 6.4 and 6.5 do this for whole layers."
    )
    hints = (
        "The mean of a sum is the sum of the means. Write weight × mean for each input.",
        "Round each weight first, then build the same sum. The bias must give back what is gone.",
        "mean_before = 0.4·3 + 0.4·2 − 1.3·1; after rounding the weights are 0, 0 and −1; "
        "bias_change = mean_before − mean_after.",
    )
    # One decimal on paper: half a unit of the second one covers any rounding of a float sum.
    within = absolute(0.005)

    def oracle(name):
        weights, means = (tuple(map(Fraction, part)) for part in (WEIGHTS, MEANS))
        before = sum(w * x for w, x in zip(weights, means, strict=True))
        after = sum(round(w) * x for w, x in zip(weights, means, strict=True))
        return float({"mean_before": before, "mean_after": after}.get(name, before - after))

    @misconception("The bias must undo what rounding did. In which direction did the mean move?")
    def sign_of_the_change(name):
        return _read(name, change=lambda before, after: after - before)

    @misconception("Every input has a mean of its own. Where do the means enter your sum?")
    def forgets_the_inputs(name):
        return _read(name, means=np.ones(3))

    @misconception("0.4 lies between the ticks 0 and 1. Which of the two is nearer?")
    def rounds_up(name):
        return _read(name, rounding=np.ceil)

    @misconception("−1.3 lies between the ticks −2 and −1. Which of the two is nearer?")
    def rounds_down(name):
        return _read(name, rounding=np.floor)

    @misconception("Does an error of +0.4 cancel one of −0.3, or do their sizes add up?")
    def adds_sizes(name):
        weights, means = _numbers()
        if name == "bias_change":
            return float(np.abs(weights - np.rint(weights)) @ means)
        return _read(name)

    @misconception("Each error meets an input. By which mean is it multiplied?")
    def adds_the_errors_alone(name):
        weights, _ = _numbers()
        return float((weights - np.rint(weights)).sum()) if name == "bias_change" else _read(name)

    @misconception("You round the output. What stands on a tick, the output or each weight?")
    def rounds_the_output(name):
        before = _read("mean_before")
        after = float(np.rint(before))
        return {"mean_before": before, "mean_after": after}.get(name, before - after)

    @misconception("The third weight lies below 0. What does it do to the sum?")
    def loses_the_minus(name):
        weights, means = _numbers()
        before, after = np.abs(weights) @ means, np.rint(np.abs(weights)) @ means
        return float({"mean_before": before, "mean_after": after}.get(name, before - after))

    @misconception("A neuron adds its products. Did you divide by the number of inputs?")
    def averages_the_products(name):
        return _read(name) / 3


def _numbers():
    return np.array(WEIGHTS, dtype=np.float64), np.array(MEANS, dtype=np.float64)


def _read(name, rounding=np.rint, means=None, change=lambda before, after: before - after):
    weights, given = _numbers()
    means = given if means is None else means
    before, after = float(weights @ means), float(rounding(weights) @ means)
    return {"mean_before": before, "mean_after": after}.get(name, change(before, after))
