"""4.5: the observer that tries ranges and keeps the cheapest."""

import numpy as np

from quantlab.lessons.lesson_04.exercises.common import (
    FROM_SCRATCH,
    after_relu,
    number,
    round_trip,
)
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("4.5", "The cheapest range", points=3, difficulty=3, importance=4, minutes=8)
class CheapestRange:
    answer = "best_clip"
    forbid = FROM_SCRATCH
    hints = (
        "You have a function that says what one range costs. Ask it about every candidate.",
        "Keep the candidate with the smallest cost. Where two cost the same, keep the larger one: "
        "it also holds values that are still to come.",
        "min(candidates, key=lambda hi: (squared_error(x, hi, bits), ...)): a pair is compared by "
        "its second part when the first parts are equal.",
    )
    insight = (
        "This is an MSE observer. With few bits it clips much, with eight hardly at all, and "
        "nobody had to choose a percentage."
    )
    within = exact()  # one of the candidates, as it was given

    def cases(rng):
        paper = np.array([1] * 10 + [2] * 6 + [3] * 3 + [9], np.float32)
        near = np.array([1] * 10 + [2] * 6 + [3] * 3 + [4.5], np.float32)
        thin = np.array([0.4] * 8 + [0.9] * 5 + [1.3] * 4 + [2.2] * 2 + [5.1], np.float32)
        between = [1.45] * 4 + [4.4] * 3 + [0.95] * 6 + [2.05] * 6 + [9.0]
        far = np.array(between, np.float32)
        on_ticks = np.array([[0.0, 3.0], [3.0, 0.0], [0.0, 0.0]], np.float32)
        return [
            group(
                "one is cheapest",
                2,
                "It is the candidate whose squared error is smallest.",
                [
                    (near, 2, [4.5, 3.0, 6.0, 1.5]),
                    (paper, 2, [3.0, 12.0, 9.0, 1.0]),
                    (paper, 4, [3.0, 9.0, 4.0, 12.0]),
                    (far, 2, [9.0, 7.75, 3.0, 2.0]),
                    (thin, 2, [5.1, 1.0, 2.2, 3.0, 7.0]),
                    (thin.reshape(4, 5), 3, [1.0, 2.2, 3.25, 5.1, 8.0]),
                    (thin, 4, [1.0, 2.2, 3.0, 4.0, 5.1, 7.5]),
                    # With 8 bits 6.0 costs less than 5.5; costs of 0.00005 and 0 are not equal.
                    (thin, 2, [5.5, 6.0, 3.0]),
                    (thin, 8, [9.5, 5.1, 3.0]),
                    *(_clear_case(rng, bits) for bits in (2, 3, 4, 8)),
                ],
            ),
            group(
                "two are equally good",
                1,
                "Of candidates that cost the same it is the largest.",
                [
                    (on_ticks, 2, [9.0, 3.0, 4.0]),
                    (on_ticks, 2, [2.0, 3.0, 9.0]),
                    (np.zeros((2, 3), np.float32), 4, [1.0, 5.0, 2.0]),
                ],
            ),
        ]

    def oracle(x, bits, candidates):
        import torch

        last = 2**bits - 1
        cost = {}
        for hi in sorted(candidates, reverse=True):
            back = torch.fake_quantize_per_tensor_affine(torch.from_numpy(x), hi / last, 0, 0, last)
            cost[hi] = torch.mean((back.double() - torch.from_numpy(x).double()) ** 2).item()
        return min(cost, key=cost.__getitem__)  # the first of equals, and these run downwards

    def observe(args, got):
        x, bits, candidates = args
        if not isinstance(got, int | float) or got not in candidates:
            return ""
        beyond = int((x > got).sum())
        return (
            f"With {bits} bits you keep {number(got)} of {[float(c) for c in candidates]}: "
            f"{beyond} of {x.size} values lie beyond."
        )

    @misconception("That is what the best one costs. Which candidate is it?")
    def returns_the_error(x, bits, candidates):
        return min(_cost(x, hi, bits) for hi in candidates)

    @misconception("That is its place in the list. What stands there?")
    def returns_the_place(x, bits, candidates):
        costs = [_cost(x, hi, bits) for hi in candidates]
        return int(np.argmin(costs))

    @misconception("Is a large error better than a small one?")
    def keeps_the_dearest(x, bits, candidates):
        return max(candidates, key=lambda hi: (_cost(x, hi, bits), hi))

    @misconception("Two cost the same, and you keep the smaller. Which of the two also holds "
                   "values to come?")  # fmt: skip
    def smaller_of_equals(x, bits, candidates):
        return min(candidates, key=lambda hi: (_cost(x, hi, bits), hi))

    @misconception("Two cost the same, and you keep whichever came first. Does the order of the "
                   "list mean anything?")  # fmt: skip
    def first_of_equals(x, bits, candidates):
        return min(candidates, key=lambda hi: _cost(x, hi, bits))

    @misconception("Two cost the same, and you keep whichever came last. Does the order of the "
                   "list mean anything?")  # fmt: skip
    def last_of_equals(x, bits, candidates):
        return min(candidates[::-1], key=lambda hi: _cost(x, hi, bits))

    @misconception("Your costs stand in another order than the list. Which entry do you pick?")
    def sorts_the_costs_alone(x, bits, candidates):
        costs = [_cost(x, hi, bits) for hi in sorted(candidates, reverse=True)]
        return candidates[int(np.argmin(costs))]

    @misconception("To two decimals 0.001 and 0.004 are the same. Which one costs less?")
    def rounds_the_costs(x, bits, candidates):
        return min(candidates, key=lambda hi: (round(_cost(x, hi, bits), 2), -hi))

    @misconception("You only try ends that clip nothing. Which of all candidates costs least?")
    def cheapest_that_covers(x, bits, candidates):
        enough = [hi for hi in candidates if hi >= x.max()] or candidates
        return min(enough, key=lambda hi: (_cost(x, hi, bits), -hi))

    @misconception("That goes by the mean distance. What did 4.4 do to each distance?")
    def goes_by_distance(x, bits, candidates):
        def cost(hi):
            return float(np.mean(np.abs(x - round_trip(x, hi, 2**bits - 1))))

        return min(candidates, key=lambda hi: (round(cost(hi), 9), -hi))

    @misconception("That goes by the one worst value. What do all values cost together?")
    def goes_by_the_worst(x, bits, candidates):
        def cost(hi):
            return float(np.max(np.abs(x - round_trip(x, hi, 2**bits - 1))))

        return min(candidates, key=lambda hi: (round(cost(hi), 9), -hi))

    @misconception("Eight bits, whatever was asked for? Does the best range depend on `bits`?")
    def always_eight_bits(x, bits, candidates):
        return min(candidates, key=lambda hi: (_cost(x, hi, 8), -hi))

    @misconception("Nothing is lost beyond the last tick, you say. Where do those values go?")
    def leaves_out_what_clips(x, bits, candidates):
        def cost(hi):
            return _cost(x[x <= hi], hi, bits) if (x <= hi).any() else 0.0

        return min(candidates, key=lambda hi: (cost(hi), -hi))

    @misconception("The widest range clips nothing. What does it do to the small values?")
    def keeps_the_widest(x, bits, candidates):
        return max(candidates)

    @misconception("That is the range of the data. Which candidate costs least?")
    def covers_the_data(x, bits, candidates):
        enough = [hi for hi in candidates if hi >= x.max()]
        return min(enough) if enough else max(candidates)


def _cost(x, hi, bits):
    return float(np.mean(np.square(x.astype(np.float64) - round_trip(x, hi, 2**bits - 1))))


def _clear_case(rng, bits):
    """Candidates whose best is 2 % cheaper than the next: float32 moves a cost by far less."""
    while True:
        x = after_relu(rng, (5, 13), round(float(rng.uniform(4.0, 9.0)), 2))
        candidates = [round(float(hi), 2) for hi in rng.uniform(1.0, 10.0, 5)]
        costs = sorted(_cost(x, hi, bits) for hi in candidates)
        if len(set(candidates)) == 5 and costs[1] > 1.02 * costs[0]:
            return x, bits, candidates
