"""7.1: a tensor's SQNR on paper."""

from math import log, log10, sqrt

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import absolute, ulps

#: What FP32 has, and what came back from the integers.
FP32 = (6.0, -8.0, 0.0)
BACK = (6.0, -6.0, 0.0)


@exercise("7.1", "Decibels on paper", points=2, difficulty=1, importance=5, minutes=5)
class DecibelsOnPaper:
    values = {"my_db": 1.0, "my_percent": 1.0}
    asks = {
        "my_db": "Ten times the logarithm of signal over noise, both as sums of squares.",
        "my_percent": "The error's root mean square in percent of the values' root mean square.",
    }
    hints = (
        "Write two sums of squares: one of the FP32 values, one of the errors.",
        "my_db = 10 · log10(signal / noise). The percentage compares the roots of the two sums.",
        "The signal is 6² + 8², the noise 2²; so 10 · log10(100 / 4), and 100 · √4 / √100.",
    )
    insight = "20 dB are an error of 10 %, 40 dB one of 1 %: 20 dB are a factor of ten."

    def oracle(name):
        percent = 100 * sqrt(_squares(_errors())) / sqrt(_squares(FP32))
        return _said(20 * log10(100 / percent), percent)[name]

    def within(name):
        # Two decimals of the decibels are asked for. The percent are a quotient and a root, each
        # rounded once, to float32 at worst.
        return absolute(0.005) if name == "my_db" else ulps(4)

    @misconception("Those are sums of squares already. Which factor stands before log10 of them?")
    def twenty_times_the_logarithm(name):
        return _said(20 * log10(25), 20.0)[name]

    @misconception("Decibels count powers of ten. Which logarithm does that?")
    def natural_logarithm(name):
        return _said(10 * log(25), 20.0)[name]

    @misconception("A better tensor should have more decibels. Which of the two sums is on top?")
    def upside_down(name):
        return _said(10 * log10(1 / 25), 500.0)[name]

    @misconception("A better tensor should have more decibels. Which of the two sums is on top?")
    def noise_on_top(name):
        return _said(10 * log10(1 / 25), 20.0)[name]

    @misconception("What is the signal, the values of FP32 or those that came back?")
    def signal_of_the_integers(name):
        return _said(10 * log10(72 / 4), 200 / sqrt(72))[name]

    @misconception("You added sizes. Which power of each value belongs into a sum of energies?")
    def sums_of_sizes(name):
        return _said(10 * log10(14 / 2), 100 * 2 / 14)[name]

    @misconception("Only one value has an error. Does the signal of the others count less?")
    def signal_of_the_wrong_value_alone(name):
        return _said(10 * log10(64 / 4), 100 * 2 / 8)[name]

    @misconception("That compares sums of squares. Which step leads back to sizes?")
    def percent_without_the_root(name):
        return _said(10 * log10(25), 4.0)[name]

    @misconception("That is a share of 1. How many percent is it?")
    def a_share_for_percent(name):
        return _said(10 * log10(25), 0.2)[name]

    @misconception("Those are the example's numbers. What do these three values give?")
    def numbers_of_the_example(name):
        return _said(20.0, 10.0)[name]


def _said(db, percent):
    return {"my_db": db, "my_percent": percent}


def _errors():
    return tuple(back - real for back, real in zip(BACK, FP32, strict=True))


def _squares(values):
    return sum(value * value for value in values)
