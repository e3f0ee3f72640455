"""6.2: one factor a channel evens out two neighbouring layers."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import ulps


@exercise("6.2", "Even ranges", points=3, difficulty=3, importance=4, minutes=10)
class EvenRanges:
    answer = "equalizing_factors"
    hints = (
        "A channel has two ranges: row i of the first weight writes it, column i of the second "
        "weight reads it. Compute both, each as one number a channel.",
        "Row i is divided by s[i], column i multiplied by it, and then both are equally large: "
        "r1 / s = r2 · s. Solve for s.",
        "r1 = abs(first).max over axes 1, 2, 3; r2 = abs(second).max over axes 0, 2, 3; the square "
        "root of r1 / r2.",
    )
    insight = (
        "The function is the same, only the rulers have an easier job. It works where nothing "
        "but a ReLU, which lets a factor through, stands between the two layers."
    )
    # A quotient and a root, or two roots and a quotient, or a product, a root and a quotient: at
    # most 3 roundings, each at most a spacing.
    within = ulps(3)
    forbid = ("quantlab",)

    def cases(rng):
        first = np.random.default_rng(60)
        return [
            group(
                "1×1 layers",
                1,
                "Afterwards row i of the first and column i of the second reach equally far.",
                [_pair(first, 3, 2, 4, (1, 1), (1, 1)), _pair(rng, 4, 3, 2, (1, 1), (1, 1))],
            ),
            group(
                "kernels",
                1,
                "The range of a channel covers every input and every place of the kernel.",
                [
                    _pair(first, 4, 2, 3, (3, 2), (1, 3)),
                    _pair(first, 3, 3, 3, (2, 3), (3, 1)),
                    _pair(rng, 5, 2, 4, (3, 1), (2, 3)),
                ],
            ),
            group(
                "negative ends",
                1,
                "The range reaches to the weight that is farthest from 0, on either side.",
                [
                    _leaning(_pair(first, 3, 2, 4, (1, 2), (2, 1))),
                    _leaning(_pair(rng, 4, 2, 3, (1, 2), (2, 1))),
                ],
            ),
        ]

    def oracle(first, second):
        # In logarithms and float64: half of the way from one range to the other.
        r1 = np.linalg.norm(first.astype(np.float64).reshape(len(first), -1), np.inf, axis=1)
        columns = np.moveaxis(second.astype(np.float64), 1, 0).reshape(second.shape[1], -1)
        r2 = np.linalg.norm(columns, np.inf, axis=1)
        return np.exp((np.log(r1) - np.log(r2)) / 2)

    @misconception("Row i is divided by its factor. Must a wide row get a large or a small one?")
    def upside_down(first, second):
        return np.sqrt(_behind(second) / _before(first))

    @misconception("Divide the first by r1 / r2 and multiply the second by it: are both equal now?")
    def forgets_the_root(first, second):
        return _before(first) / _behind(second)

    @misconception("That is the range that both have afterwards. By what is a row divided?")
    def range_for_factor(first, second):
        return np.sqrt(_before(first) * _behind(second))

    @misconception("Which weight lies farthest from 0, if the row holds −5 and 2?")
    def largest_signed(first, second):
        tops = first.max(axis=(1, 2, 3)), second.max(axis=(0, 2, 3))
        return np.sqrt(np.abs(tops[0]) / np.abs(tops[1]))

    @misconception("A ruler must reach its farthest weight. Does the mean of all say where it is?")
    def mean_for_largest(first, second):
        before, behind = np.abs(first).mean(axis=(1, 2, 3)), np.abs(second).mean(axis=(0, 2, 3))
        return np.sqrt(before / behind)

    @misconception("A symmetric ruler is laid from 0. Does it matter how far two ends are apart?")
    def width_for_largest(first, second):
        before = np.ptp(first, axis=(1, 2, 3))
        return np.sqrt(before / np.ptp(second, axis=(0, 2, 3)))

    @misconception("A ruler must reach its farthest weight. Does a sum of squares say where it is?")
    def norm_for_largest(first, second):
        before = np.sqrt((first**2).sum(axis=(1, 2, 3)))
        return np.sqrt(before / np.sqrt((second**2).sum(axis=(0, 2, 3))))

    @misconception(
        "A ruler must reach its farthest weight. Does a mean of squares say where it is?"
    )
    def rms_for_largest(first, second):
        before = np.sqrt((first**2).mean(axis=(1, 2, 3)))
        return np.sqrt(before / np.sqrt((second**2).mean(axis=(0, 2, 3))))

    @misconception("r1 / s = r2 · s: is the root one of r1 alone?")
    def root_of_the_first_alone(first, second):
        return np.sqrt(_before(first)) / _behind(second)

    @misconception("All rows are as wide as the narrowest now. Where does the second weight enter?")
    def evens_the_first_only(first, second):
        return _before(first) / _before(first).min()

    @misconception("All channels have the same factor. Which of them is nearer to the others now?")
    def one_factor_for_all(first, second):
        return np.full(len(first), np.sqrt(np.abs(first).max() / np.abs(second).max()))

    @misconception("The second layer is multiplied by your factor. Where does its range enter?")
    def looks_at_the_first_only(first, second):
        return _before(first) / _before(first).mean()

    @misconception("A kernel has more than one place. Which weights of a row did you look at?")
    def first_place_only(first, second):
        return np.sqrt(_before(first[:, :, :1, :1]) / _behind(second[:, :, :1, :1]))


def _before(first):
    return np.abs(first).max(axis=(1, 2, 3))


def _behind(second):
    return np.abs(second).max(axis=(0, 2, 3))


def _pair(rng, middle, into, out, kernel, kernel_behind):
    """Two convolutions with `middle` channels between them, of very unequal rows."""
    rows = rng.permutation(np.geomspace(0.2, 8.0, middle)).reshape(-1, 1, 1, 1)
    first = rng.uniform(0.3, 1.0, (middle, into, *kernel)) * rows
    second = rng.uniform(0.3, 1.5, (out, middle, *kernel_behind))
    signs = (rng.choice([-1, 1], weight.shape) for weight in (first, second))
    made = [
        (weight * sign).astype(np.float32)
        for weight, sign in zip((first, second), signs, strict=True)
    ]
    for weight in made:  # each row and column reaches farther up than down: 6 × 0.3 above 1.5
        np.abs(weight[:, :, -1, -1], out=weight[:, :, -1, -1])
        weight[:, :, -1, -1] *= 6.0
    return made[0], made[1]


def _leaning(pair):
    """The same pair with the farthest weights below 0."""
    return -pair[0], -pair[1]
