"""5.2: the int32 sum of products, zero_points taken out."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("5.2", "The accumulator", points=3, difficulty=2, importance=5, minutes=8)
class Accumulator:
    answer = "accumulate"
    hints = (
        "Print the dtype of `x_q - x_zero_point` and of `x_q @ w_q`. What is the largest number "
        "that it holds?",
        "Each operand loses its own zero_point before they are multiplied, in a type wide enough "
        "for differences, products and their sum.",
        "x = x_q.astype(np.int32) - x_zero_point, the same for w, then `x @ w`.",
    )
    insight = "This is MatMulInteger of ONNX: every integer layer is this sum, in some order."
    within = exact("int32")  # integers, nothing is rounded

    def cases(rng):
        plain = _drawn(rng, 2, 4, 3, -9, 10)
        long = (np.full((2, 700), 255, np.uint8), np.full((700, 3), 127, np.int8))
        long[0][1, ::3] = rng.integers(1, 255, 234)
        long[1][::2, 1:] = rng.integers(-128, -90, (350, 2))
        return [
            group(
                "one zero_point",
                1,
                "x loses its zero_point before it is multiplied; w has none to lose.",
                [
                    (
                        np.array([[3, 200, 90]], np.uint8),
                        90,
                        np.array([[2], [-1], [7]], np.int8),
                        0,
                    ),
                    (plain[0], 121, plain[1], 0),
                ],
            ),
            group(
                "two zero_points",
                1,
                "Each operand loses its own zero_point.",
                [
                    (*_pair(rng, 3, 5, 2, 17, -6),),
                    (*_pair(rng, 4, 6, 4, 3, 11),),
                ],
            ),
            group(
                "many products",
                1,
                "The sum of hundreds of products is exact.",
                [
                    # An odd sum beyond 2^24: no float32 holds it.
                    (np.full((1, 699), 255, np.uint8), 0, np.full((699, 1), 127, np.int8), 0),
                    (long[0], 0, long[1], 0),
                    (long[0][:, ::-1].copy(), 5, long[1][:, :1].copy(), -2),
                ],
            ),
        ]

    def oracle(x_q, x_zero_point, w_q, w_zero_point):
        # Python's integers, one product after the other: they have no width to overflow.
        rows = [[int(v) - x_zero_point for v in row] for row in x_q]
        columns = [[int(v) - w_zero_point for v in column] for column in w_q.T]
        sums = [[sum(a * b for a, b in zip(r, c, strict=True)) for c in columns] for r in rows]
        return np.array(sums, np.int32)

    @misconception("3 − 90 in UINT8: what does the type make of a number below 0?")
    def subtracts_in_8_bits(x_q, x_zero_point, w_q, w_zero_point):
        x = x_q - np.uint8(x_zero_point)
        return x.astype(np.int32) @ (w_q.astype(np.int32) - w_zero_point)

    @misconception("3 − 90 in UINT8, 127 + 2 in INT8: what does a type make of what it lacks?")
    def subtracts_both_in_8_bits(x_q, x_zero_point, w_q, w_zero_point):
        x, w = x_q - np.uint8(x_zero_point), w_q - np.int8(w_zero_point)
        return x.astype(np.int32) @ w.astype(np.int32)

    @misconception("A float32 has 24 bits for its digits. How many does your largest sum need?")
    def sums_in_float32(x_q, x_zero_point, w_q, w_zero_point):
        x, w = x_q.astype(np.float32) - x_zero_point, w_q.astype(np.float32) - w_zero_point
        return (x @ w).astype(np.int32)

    @misconception("How many products has a sum of k? Which of them is the last?")
    def leaves_the_last_product_out(x_q, x_zero_point, w_q, w_zero_point):
        x, w = _wide(x_q) - x_zero_point, _wide(w_q) - w_zero_point
        return (x[:, :-1] @ w[:-1]).astype(np.int32)

    @misconception("Taken away from x, added to w. What does w − zero_point stand for?")
    def adds_the_zero_point_of_w(x_q, x_zero_point, w_q, w_zero_point):
        return ((_wide(x_q) - x_zero_point) @ (_wide(w_q) + w_zero_point)).astype(np.int32)

    @misconception("One product may be 255 × 127. How many of these does an INT16 hold?")
    def sums_in_16_bits(x_q, x_zero_point, w_q, w_zero_point):
        x, w = _wide(x_q) - x_zero_point, _wide(w_q) - w_zero_point
        return (x @ w).astype(np.int16).astype(np.int32)

    @misconception("Which integer of x stands for 0.0? Does a product with it add 0 to your sum?")
    def forgets_the_zero_point_of_x(x_q, x_zero_point, w_q, w_zero_point):
        return (_wide(x_q) @ (_wide(w_q) - w_zero_point)).astype(np.int32)

    @misconception("Weights may have a zero_point, too. Which argument is not used yet?")
    def forgets_the_zero_point_of_w(x_q, x_zero_point, w_q, w_zero_point):
        return ((_wide(x_q) - x_zero_point) @ _wide(w_q)).astype(np.int32)

    @misconception("Two zero_points come in, and neither leaves the sum. What is 0.0 × 0.0 here?")
    def forgets_both_zero_points(x_q, x_zero_point, w_q, w_zero_point):
        return (_wide(x_q) @ _wide(w_q)).astype(np.int32)

    @misconception("q − zero_point are the steps from 0.0. What did you do with zero_point?")
    def adds_zero_points(x_q, x_zero_point, w_q, w_zero_point):
        return ((_wide(x_q) + x_zero_point) @ (_wide(w_q) + w_zero_point)).astype(np.int32)

    @misconception("Which of the two zero_points belongs to x?")
    def swaps_zero_points(x_q, x_zero_point, w_q, w_zero_point):
        return ((_wide(x_q) - w_zero_point) @ (_wide(w_q) - x_zero_point)).astype(np.int32)

    @misconception("Multiply (x − zx)(w − zw) out on paper. How many terms are there?")
    def takes_out_the_product_of_zero_points(x_q, x_zero_point, w_q, w_zero_point):
        return (_wide(x_q) @ _wide(w_q) - x_zero_point * w_zero_point).astype(np.int32)

    @misconception("Three of four terms are there. What do n products of zx and zw add?")
    def forgets_the_fourth_term(x_q, x_zero_point, w_q, w_zero_point):
        x, w = _wide(x_q), _wide(w_q)
        sums = x @ w - x_zero_point * w.sum(0) - w_zero_point * x.sum(1, keepdims=True)
        return sums.astype(np.int32)


def _wide(q):
    return q.astype(np.int64)


def _drawn(rng, n, k, m, low, high):
    return (
        rng.integers(0, 100, (n, k)).astype(np.uint8),
        rng.integers(low, high, (k, m)).astype(np.int8),
    )


def _pair(rng, n, k, m, x_zero_point, w_zero_point):
    x, w = _drawn(rng, n, k, m, -20, 30)
    x[0, 0], w[0, 0] = 0, -20  # below its zero_point, whatever was drawn
    return x, x_zero_point, w, w_zero_point
