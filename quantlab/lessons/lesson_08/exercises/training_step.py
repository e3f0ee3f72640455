"""8.3: one step of quantization-aware training of a small linear layer."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("8.3", "A step of training", points=4, difficulty=3, importance=5, minutes=12)
class TrainingStep:
    answer = "train_step"
    hints = (
        "Two weights live side by side: the float one, and what the network computes with. Which "
        "one stands in y, and which one moves?",
        "y = x @ fq(w). The gradient for fq(w) is 2/n · xᵀ(y − target). Straight-through hands it "
        "on to w, with 0 where w is off the ruler.",
        "q = np.rint(w / scale); fq = np.clip(q, lo, hi) * scale; "
        "g = 2 / len(x) * x.T @ (x @ fq - target); w - rate * g * ((lo <= q) & (q <= …))",
    )
    insight = (
        "Small steps add up in the float weight until its tick changes: that is why the floats are "
        "kept while the network trains, and thrown away after it."
    )
    # Every number is a multiple of a power of 2 with few digits: float32 holds each product and
    # each sum exactly, in whatever order they are added. The widest is 17 bits long.
    within = exact()

    def cases(rng):
        return [
            group(
                "forward with the ticks",
                1,
                "The loss sees the ticks, and the float weight takes the step.",
                [
                    (
                        np.float32([[1.0], [2.0]]), np.float32([0.375]), np.float32([0.5, 1.5]),
                        0.5, -4, 3, 0.125,
                    ),
                    # 2.5 steps of 0.5, and the step carries the float beyond the ruler's end.
                    (
                        np.float32([[1.0], [2.0]]), np.float32([1.25]), np.float32([4.0, 6.0]),
                        0.5, -4, 3, 0.125,
                    ),
                    _case(np.random.default_rng(1), 4, 3),
                    _case(rng, 4, 2),
                ],
            ),
            group(
                "a step that changes no tick",
                1,
                "A step that is too small for the tick still moves the float weight.",
                [
                    (
                        np.float32([[1.0], [1.0]]), np.float32([0.53125]), np.float32([0.25, 0.5]),
                        0.5, -4, 3, 2.0**-12,
                    ),
                    _case(np.random.default_rng(2), 8, 2, rate=2.0**-7),
                ],
            ),
            group(
                "off the ruler",
                2,
                "A weight beyond the ruler's end gets no gradient, so it stays; the others move.",
                [
                    (
                        np.float32([[1.0, 2.0], [0.5, -1.0]]), np.float32([2.5, 0.25]),
                        np.float32([0.25, -0.75]), 0.5, -4, 3, 0.125,
                    ),
                    # 0.875, −1.125 and 0.375 steps: up, down and down to the nearest tick.
                    (
                        np.float32([[1.0, 2.0, -1.0, 1.5], [0.5, -1.0, 2.0, 1.0]]),
                        np.float32([2.5, 0.4375, -0.5625, 0.1875]),
                        np.float32([0.25, -0.75]), 0.5, -4, 3, 0.125,
                    ),
                    # −4.25 steps are on the ruler, at its end; 3.625 steps are not.
                    (
                        np.float32([[1.0, 2.0], [0.5, -1.0]]), np.float32([1.8125, -2.125]),
                        np.float32([0.25, -0.75]), 0.5, -4, 3, 0.125,
                    ),
                    # 3.4 steps are on the ruler, −4.75 steps are not.
                    (
                        np.float32([[1.0, 2.0], [0.5, -1.0]]), np.float32([1.6875, -2.375]),
                        np.float32([0.25, -0.75]), 0.5, -4, 3, 0.125,
                    ),
                    _case(np.random.default_rng(3), 4, 4, spread=3),
                    _case(rng, 8, 3, spread=3),
                ],
            ),
        ]  # fmt: skip

    def oracle(x, w, target, scale, lo, hi, rate):
        # Sums written out, one picture and one weight after the other.
        n, k = x.shape
        ticks = [round(float(v) / scale) for v in w]
        seen = [min(max(q, lo), hi) * scale for q in ticks]
        missed = [
            sum(float(x[i, j]) * seen[j] for j in range(k)) - float(target[i]) for i in range(n)
        ]
        moved = []
        for j in range(k):
            slope = sum(2 * missed[i] * float(x[i, j]) for i in range(n)) / n
            moved.append(float(w[j]) - rate * (slope if lo <= ticks[j] <= hi else 0.0))
        return np.array(moved, np.float32)

    @misconception("0.53 moves by 0.06 and lands on the same tick. Where do you keep the 0.06?")
    def moves_the_ticks(x, w, target, scale, lo, hi, rate):
        return _seen(w, scale, lo, hi) - rate * _gradient(x, w, target, scale, lo, hi)

    @misconception("A float is what you gave back after the step, or a tick? Which one was asked?")
    def gives_the_ticks_back(x, w, target, scale, lo, hi, rate):
        return _seen(w - rate * _gradient(x, w, target, scale, lo, hi), scale, lo, hi)

    @misconception("Then it is ordinary training. What will the network compute with in the end?")
    def computes_with_the_floats(x, w, target, scale, lo, hi, rate):
        slope = 2 / len(x) * x.T @ (x @ w - target)
        return w - rate * slope * _on(w, scale, lo, hi)

    @misconception("A weight of 5 steps on a ruler of 3: what would a push do to the output?")
    def moves_what_is_off_the_ruler(x, w, target, scale, lo, hi, rate):
        return w - rate * _slope(x, _seen(w, scale, lo, hi), target)

    @misconception("Rounding is flat. With its own derivative, what would ever move?")
    def never_moves(x, w, target, scale, lo, hi, rate):
        return w.copy()

    @misconception("The loss shall fall. Do you go along the gradient, or against it?")
    def climbs(x, w, target, scale, lo, hi, rate):
        return w + rate * _gradient(x, w, target, scale, lo, hi)

    @misconception("The loss is a mean over the pictures. What does it divide by?")
    def sums_over_the_pictures(x, w, target, scale, lo, hi, rate):
        return w - rate * len(x) * _gradient(x, w, target, scale, lo, hi)

    @misconception("A mean over the pictures: are they the rows of x, or its columns?")
    def divides_by_the_inputs(x, w, target, scale, lo, hi, rate):
        return w - rate * len(x) / len(w) * _gradient(x, w, target, scale, lo, hi)

    @misconception("A float weight may stand beyond the ruler. Which of the two has an end?")
    def clamps_the_float(x, w, target, scale, lo, hi, rate):
        moved = w - rate * _gradient(x, w, target, scale, lo, hi)
        return np.clip(moved, lo * scale, hi * scale)

    @misconception("A square has a derivative with a factor in front. Which one?")
    def forgets_the_two(x, w, target, scale, lo, hi, rate):
        return w - rate / 2 * _gradient(x, w, target, scale, lo, hi)

    @misconception("By how much of the gradient does a step move? Which argument says it?")
    def forgets_the_rate(x, w, target, scale, lo, hi, rate):
        return w - _gradient(x, w, target, scale, lo, hi)

    @misconception("A tick has a number and a real value. Which one does the layer multiply with?")
    def computes_with_numbers_of_steps(x, w, target, scale, lo, hi, rate):
        slope = _slope(x, _seen(w, scale, lo, hi) / scale, target)
        return w - rate * slope * _on(w, scale, lo, hi)

    @misconception("2.5 on a ruler that ends at 1.5: what does the layer compute with?")
    def forgets_to_clamp(x, w, target, scale, lo, hi, rate):
        slope = _slope(x, np.rint(w / scale) * scale, target)
        return w - rate * slope * _on(w, scale, lo, hi)

    @misconception("3.4 steps land on tick 3. Do you judge before rounding, or after it?")
    def judges_before_rounding(x, w, target, scale, lo, hi, rate):
        slope = _slope(x, _seen(w, scale, lo, hi), target)
        return w - rate * slope * ((lo <= w / scale) & (w / scale <= hi))


def _seen(w, scale, lo, hi):
    return np.clip(np.rint(w / scale), lo, hi) * scale


def _on(w, scale, lo, hi):
    q = np.rint(w / scale)
    return (lo <= q) & (q <= hi)


def _slope(x, seen, target):
    return 2 / len(x) * x.T @ (x @ seen - target)


def _gradient(x, w, target, scale, lo, hi):
    return _slope(x, _seen(w, scale, lo, hi), target) * _on(w, scale, lo, hi)


def _case(rng, n, k, rate=0.125, spread=1):
    """Halves for x, quarters for the target, 1/32 for w: all of it exact in float32."""
    x = np.asarray(rng.integers(1, 5, (n, k)) * rng.choice([-0.5, 0.5], (n, k)), np.float32)
    # In steps of 0.25, odd sixteenths: never a tie, and clear of both ends, −4 and 3.
    w = np.asarray((rng.integers(-20, 16, k) * 2 + 1) / 64, np.float32)
    if spread > 1:
        w[0], w[1] = 2.4375, -2.34375  # 9.75 and −9.375 steps
    target = np.asarray(rng.integers(-8, 9, n) / 4 + 3, np.float32)
    return x, w, target, 0.25, -4, 3, rate
