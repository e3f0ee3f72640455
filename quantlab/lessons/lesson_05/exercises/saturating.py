"""5.8: sums of products on a CPU without VNNI."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact

TOP, BOTTOM = 2**15 - 1, -(2**15)


@exercise("5.8", "Pairs that stop at 16 bits", points=3, difficulty=3, importance=4, minutes=9)
class SaturatingPairs:
    answer = "sum_of_pairs"
    hints = (
        "Take x = 255, 255 and w = 127, 127 by hand. What is the sum of the two products, and "
        "what is the last INT16?",
        "Products 0 and 1 are a pair, 2 and 3 the next one. Each pair is clamped on its own; what "
        "is left is added in 32 bits.",
        "Multiply in int32, add a zero at the end if the count is odd, reshape(-1, 2).sum(axis=1), "
        "clamp to −32768 and 32767, sum.",
    )
    insight = "On such a CPU this is the sum that your layer gets; exact=True asks for the other."
    within = exact()  # integers

    def cases(rng):
        mild = rng.integers(9, 100, 6).astype(np.uint8), rng.integers(-60, 61, 6).astype(np.int8)
        mild[1][:2] = -50, -40
        hot = np.full(8, 255, np.uint8)
        up = np.array([127, 127, -50, 90, 127, 120, 3, -128], np.int8)
        down = np.array([-128, -128, 100, 127, 5, -128, -128, -127], np.int8)
        odd = np.array([127, 126, -128, -127, 127], np.int8)
        drawn = rng.integers(200, 256, 8).astype(np.uint8), rng.integers(70, 128, 8).astype(np.int8)
        drawn[1][[2, 3]] = -90
        return [
            group(
                "pairs that fit",
                1,
                "Where every pair stays within 16 bits, the sum is exact, however large it gets.",
                [
                    mild,
                    (np.full(6, 200, np.uint8), np.full(6, 80, np.int8)),
                    (np.full(5, 255, np.uint8), np.array([60, 60, 61, 64, 127], np.int8)),
                ],
            ),
            group(
                "pairs that stop",
                1,
                "A pair beyond 16 bits stops at the end that it passed; the others are exact.",
                [(hot, up), (hot, down), drawn],
            ),
            group(
                "an odd number",
                1,
                "The last product has no neighbour, and counts all the same.",
                [(hot[:5], odd), (hot[:3], np.array([127, 127, -128], np.int8))],
            ),
        ]

    def oracle(x_q, w_q):
        products = [int(x) * int(w) for x, w in zip(x_q, w_q, strict=True)]
        total = 0
        for at in range(0, len(products), 2):
            total += min(max(sum(products[at : at + 2]), BOTTOM), TOP)
        return total

    @misconception("That is the sum in 32 bits. What becomes of 64,770 in a register of 16?")
    def never_stops(x_q, w_q):
        return int(_products(x_q, w_q).sum())

    @misconception("255 × 127 still fits into 16 bits. Which sum is the first that may not?")
    def stops_the_whole_sum(x_q, w_q):
        return int(np.clip(_products(x_q, w_q).sum(), BOTTOM, TOP))

    @misconception("The pairs are added in 32 bits. Where does your running sum stop?")
    def stops_the_running_sum(x_q, w_q):
        total = 0
        for pair in _pairs(_products(x_q, w_q)).sum(axis=1):
            total = min(max(total + int(pair), BOTTOM), TOP)
        return total

    @misconception("You stop after every product. How many are added before the instruction stops?")
    def stops_after_every_product(x_q, w_q):
        total = 0
        for product in _products(x_q, w_q):
            total = min(max(total + int(product), BOTTOM), TOP)
        return total

    @misconception("An INT16 has one more number below 0 than above it. Where does it end?")
    def stops_at_minus_32767(x_q, w_q):
        return int(np.clip(_pairs(_products(x_q, w_q)).sum(axis=1), -TOP, TOP).sum())

    @misconception("The instruction saturates. Does a number that saturates come out again below?")
    def wraps_around(x_q, w_q):
        return int(_pairs(_products(x_q, w_q)).sum(axis=1).astype(np.int16).astype(np.int64).sum())

    @misconception("Which products are neighbours: 0 and 1, or the first and the middle one?")
    def pairs_the_halves(x_q, w_q):
        products = _pairs(_products(x_q, w_q)).ravel()
        half = len(products) // 2
        return int(np.clip(products[:half] + products[half:], BOTTOM, TOP).sum())

    @misconception("Each pair is used up once. Is product 1 in two of your pairs?")
    def pairs_that_overlap(x_q, w_q):
        products = _products(x_q, w_q)
        return int(np.clip(products[:-1] + products[1:], BOTTOM, TOP).sum())

    @misconception("Four products meet before your clamp. How many does the instruction add?")
    def stops_groups_of_four(x_q, w_q):
        products = _products(x_q, w_q)
        filled = np.pad(products, (0, -len(products) % 4)).reshape(-1, 4)
        return int(np.clip(filled.sum(axis=1), BOTTOM, TOP).sum())

    @misconception("INT16 ends on both sides. What does a pair of −65,280 become?")
    def stops_above_only(x_q, w_q):
        return int(np.minimum(_pairs(_products(x_q, w_q)).sum(axis=1), TOP).sum())

    @misconception("The last product of an odd number has no neighbour. Is it lost?")
    def leaves_the_last_one_out(x_q, w_q):
        even = len(x_q) // 2 * 2
        sums = _pairs(_products(x_q, w_q)[:even]).sum(axis=1)
        return int(np.clip(sums, BOTTOM, TOP).sum())

    @misconception("An INT16 has a sign. Which are its two ends?")
    def stops_at_uint16(x_q, w_q):
        return int(np.clip(_pairs(_products(x_q, w_q)).sum(axis=1), 0, 65535).sum())


def _products(x_q, w_q):
    return x_q.astype(np.int64) * w_q.astype(np.int64)


def _pairs(products):
    return np.pad(products, (0, len(products) % 2)).reshape(-1, 2)
