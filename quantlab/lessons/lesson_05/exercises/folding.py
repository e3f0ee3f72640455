"""5.3: what the zero_point of x adds to every sum, known before the first picture."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("5.3", "A zero_point inside the bias", points=2, difficulty=3, importance=4, minutes=8)
class FoldedBias:
    answer = "folded_bias"
    hints = (
        "Take one filter with the weights 1 and 2, and x_zero_point 10. What does 10 add to every "
        "output?",
        "Σ (x − zx)·w = Σ x·w − zx·Σ w. The second term is one number for each filter.",
        "Sum w_q over all axes but the first, in a wide type; then bias_q − x_zero_point × sums.",
    )
    insight = (
        "A runtime does this when it loads the model, so a zero_point of the activations costs "
        "nothing per picture."
    )
    within = exact("int32")

    def cases(rng):
        # Sums that fit into 8 bits: a type that is too narrow shows in the second group alone.
        square = rng.integers(-4, 5, (3, 3, 3, 3)).astype(np.int8)
        square[0, 0, 0] = (5, 9, -2)
        flat = rng.integers(-9, 10, (4, 1, 1, 5)).astype(np.int8)
        flat[:, 0, 0, :2] = [[3, 8], [9, 1], [2, 2], [7, -1]]
        wide = rng.integers(92, 128, (2, 60, 3, 2)).astype(np.int8)
        bias = rng.integers(-500, 500, 3).astype(np.int32)
        one = (np.array([100, -7], np.int32), np.array([[[[1, 2]]], [[[-5, 3]]]], np.int8), 10)
        return [
            group(
                "each filter its own sum",
                1,
                "Every bias loses zero_point times the sum of its own filter.",
                [one, (bias, square, int(rng.integers(20, 120))), (bias[[0, 1, 2, 0]], flat, 3)],
            ),
            group(
                "sums that need room",
                1,
                "The sum of a large filter and its product with zero_point are exact.",
                [(np.array([2**20, -9], np.int32), wide, 200), (bias[:2], wide[:, :59], 255)],
            ),
        ]

    def oracle(bias_q, w_q, x_zero_point):
        # What the definition leaves at x = 0: one output of a picture that is 0 everywhere.
        return np.array(
            [
                int(b) + sum((0 - x_zero_point) * int(w) for w in row.ravel())
                for b, row in zip(bias_q, w_q, strict=True)
            ],
            np.int32,
        )

    @misconception("x loses its zero_point. Does the sum then grow with it?")
    def adds_the_term(bias_q, w_q, x_zero_point):
        return (bias_q + x_zero_point * _sums(w_q)).astype(np.int32)

    @misconception("You return the correction. What becomes of the bias that was there?")
    def forgets_the_bias(bias_q, w_q, x_zero_point):
        return (-x_zero_point * _sums(w_q)).astype(np.int32)

    @misconception("Do two filters with different weights get the same correction?")
    def one_sum_for_all_filters(bias_q, w_q, x_zero_point):
        return (bias_q - x_zero_point * w_q.astype(np.int64).sum()).astype(np.int32)

    @misconception("How often is zero_point multiplied with a weight, and what are those weights?")
    def counts_the_weights(bias_q, w_q, x_zero_point):
        return (bias_q - x_zero_point * w_q[0].size).astype(np.int32)

    @misconception("A sum of weights is taken out. How many times does each of them meet zx?")
    def forgets_the_zero_point(bias_q, w_q, x_zero_point):
        return (bias_q - _sums(w_q)).astype(np.int32)

    @misconception("One output is a sum over all weights of its filter. Is a mean the same?")
    def takes_the_mean(bias_q, w_q, x_zero_point):
        means = w_q.astype(np.int64).mean(axis=(1, 2, 3))
        return np.rint(bias_q - x_zero_point * means).astype(np.int32)

    @misconception("Which axis of w counts the filters? Over which ones does one output sum?")
    def sums_over_the_filters(bias_q, w_q, x_zero_point):
        return (bias_q - x_zero_point * w_q.astype(np.int64).sum(axis=(0, 2, 3))).astype(np.int32)

    @misconception("A filter of 360 weights of 100: which type holds their sum?")
    def sums_in_8_bits(bias_q, w_q, x_zero_point):
        sums = w_q.sum(axis=(1, 2, 3), dtype=np.int8).astype(np.int32)
        return (bias_q - x_zero_point * sums).astype(np.int32)

    @misconception("200 times a sum of 30,000: which type holds the correction?")
    def corrects_in_16_bits(bias_q, w_q, x_zero_point):
        products = w_q.astype(np.int16) * np.int16(x_zero_point)
        return (bias_q - products.sum(axis=(1, 2, 3), dtype=np.int16)).astype(np.int32)

    @misconception("A filter has input channels as well. Are the weights of all of them in it?")
    def leaves_the_input_channels_out(bias_q, w_q, x_zero_point):
        return (bias_q - x_zero_point * _sums(w_q[:, :1])).astype(np.int32)


def _sums(w_q):
    return w_q.astype(np.int64).sum(axis=(1, 2, 3))
