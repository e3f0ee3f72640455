"""6.6: up or down, for each weight; the best of all choices for one neuron."""

from itertools import product

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact

#: The best choice beats the second by at least this share of its error plus 1: far above rounding.
CLEAR = 1e-3


@exercise("6.6", "Up or down", points=3, difficulty=4, importance=5, minutes=12)
class UpOrDown:
    answer = "best_rounding"
    hints = (
        "Each weight has two candidates: the tick below it and the tick above. How many "
        "combinations do n weights have?",
        "For each combination q compare `inputs @ q` with `inputs @ weights`: the mean squared "
        "difference says how good it is. Keep the best one.",
        "Go over itertools.product((0, 1), repeat=len(weights)), with q = floor(weights) + up, and "
        "keep the q of the smallest ((inputs @ (q - weights)) ** 2).mean().",
    )
    insight = (
        "A layer of the classifier has tens of thousands of weights, so nobody tries all "
        "combinations. AdaRound learns the ups and downs with gradients instead."
    )
    within = exact()
    forbid = ("quantlab",)

    def cases(rng):
        # The fixed neurons decide: on each of them every wrong answer below is wrong, but for
        # int(), which is right where all weights lie above 0.
        return [
            group(
                "inputs that go together",
                1,
                "The output comes as close to the float output as any choice of ticks can.",
                [_neuron(750, 3), _neuron(141, 4), _drawn(rng, 4)],
            ),
            group(
                "inputs of unequal size",
                1,
                "A weight whose input is large matters more than one whose input is small.",
                [_neuron(2936, 4, unequal=True), _neuron(30, 5, unequal=True),
                 _drawn(rng, 4, unequal=True)],
            ),
            group(
                "weights below 0",
                1,
                "Down means towards minus infinity: −0.4 lies between −1 and 0.",
                [_neuron(454, 4, centre=-1.5), _neuron(10, 5, centre=-1.5),
                 _drawn(rng, 5, centre=-1.5)],
            ),
        ]  # fmt: skip

    def oracle(weights, inputs):
        # By the Gram matrix of the inputs: the error of a choice is a quadratic form in it.
        return _by_error(weights, inputs)[0][1]

    @misconception("Each weight alone is nearest. Is their sum?")
    def nearest(weights, inputs):
        return np.rint(weights).astype(int)

    @misconception("Every weight went down. What happens to the sum when all errors have one sign?")
    def always_down(weights, inputs):
        return np.floor(weights).astype(int)

    @misconception("Every weight went up. What happens to the sum when all errors have one sign?")
    def always_up(weights, inputs):
        return np.floor(weights).astype(int) + 1

    @misconception("Errors cancel in the output. Whose values did you leave out of the sum?")
    def forgets_the_inputs(weights, inputs):
        return min(_choices(weights), key=lambda q: abs((q - weights).sum()))

    @misconception("An error that is right on average may be wrong on every picture. What does a "
                   "mean of squares see that the square of a mean does not?")  # fmt: skip
    def right_on_average(weights, inputs):
        return min(_choices(weights), key=lambda q: (inputs @ (q - weights)).mean() ** 2)

    @misconception("You kept the choice with the largest error. Which one is wanted?")
    def largest_error(weights, inputs):
        return _by_error(weights, inputs)[-1][1]

    @misconception("One sample decided. Does its best choice fit the others?")
    def first_sample_only(weights, inputs):
        return min(_choices(weights), key=lambda q: (inputs[0] @ (q - weights)) ** 2)

    @misconception("The best fit of one sample won. How far off are the others with it?")
    def best_for_any_sample(weights, inputs):
        def cost(q):
            return ((inputs @ q - inputs @ weights) ** 2).min()

        return min(_choices(weights), key=cost)

    @misconception("The worst sample decides here. What does a mean over all of them say?")
    def goes_by_the_worst_sample(weights, inputs):
        return min(_choices(weights), key=lambda q: np.abs(inputs @ (q - weights)).max())

    @misconception("One weight after the other. Which combinations were never tried?")
    def one_after_the_other(weights, inputs):
        q = weights.astype(float)
        for at, low in enumerate(np.floor(weights)):
            ends = [np.r_[q[:at], end, q[at + 1 :]] for end in (low, low + 1)]
            q = min(ends, key=lambda end: ((inputs @ (end - weights)) ** 2).mean())
        return q.astype(int)

    @misconception("0 and 1 lie around 0.4. Which two ticks lie around 2.4?")
    def tries_0_and_1(weights, inputs):
        ups = map(np.array, product((0, 1), repeat=len(weights)))
        return min(ups, key=lambda q: ((inputs @ (q - weights)) ** 2).mean())

    @misconception("You try three ticks for each weight. How far may one lie from its weight?")
    def goes_farther_than_a_step(weights, inputs):
        near = np.rint(weights).astype(int)
        moved = (near + np.array(by) for by in product((-1, 0, 1), repeat=len(weights)))
        return min(moved, key=lambda q: ((inputs @ (q - weights)) ** 2).mean())

    @misconception("Is an error of 2 as bad as two errors of 1, when errors are squared?")
    def mean_of_sizes(weights, inputs):
        return min(_choices(weights), key=lambda q: np.abs(inputs @ (q - weights)).mean())

    @misconception("That is which weights go up. On which ticks do they stand then?")
    def returns_the_ups(weights, inputs):
        return _by_error(weights, inputs)[0][1] - np.floor(weights).astype(int)

    @misconception("int() cuts towards 0. On which side of −0.4 is the tick below it?")
    def cuts_towards_zero(weights, inputs):
        base = np.trunc(weights).astype(int)
        ups = (base + np.array(up) for up in product((0, 1), repeat=len(weights)))
        return min(ups, key=lambda q: ((inputs @ (q - weights)) ** 2).mean())


def _choices(weights):
    floor = np.floor(weights).astype(int)
    return [floor + np.array(up) for up in product((0, 1), repeat=len(weights))]


def _by_error(weights, inputs):
    """(mean squared error of the output, choice), the best one first."""
    gram = inputs.astype(np.float64).T @ inputs.astype(np.float64) / len(inputs)
    found = [(float((q - weights) @ gram @ (q - weights)), q) for q in _choices(weights)]
    return sorted(found, key=lambda pair: pair[0])


def _drawn(rng, count, **how):
    return _neuron(int(rng.integers(10**6)), count, **how)


def _neuron(seed, count, *, unequal=False, centre=3.0):
    """Weights in steps and inputs, drawn until the best choice is clear and not the nearest."""
    rng = np.random.default_rng([66, seed])
    while True:
        weights = centre + rng.uniform(-2.5, 2.5, count)
        shared = rng.uniform(1.0, 3.0, (6, 1))
        inputs = shared + rng.normal(0, 0.4, (6, count))
        if unequal:
            inputs = inputs * rng.permutation(np.geomspace(0.3, 3.0, count))
        weights, inputs = weights.round(2), inputs.round(2)
        (best, q), (second, _) = _by_error(weights, inputs)[:2]
        away = np.abs(weights - np.rint(weights)).min() > 0.05
        if away and second - best > CLEAR * (1 + best) and not np.array_equal(q, np.rint(weights)):
            return weights, inputs
