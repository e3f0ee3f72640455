"""7.2: signal to quantization noise of two tensors."""

from fractions import Fraction

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute


@exercise("7.2", "The ruler of debugging", points=3, difficulty=2, importance=5, minutes=8)
class SignalToNoise:
    answer = "sqnr_db"
    forbid = FROM_SCRATCH
    hints = (
        "Two sums of squares over all values, whatever the shape. What is each of them a sum of?",
        "10 · log10(Σ reference² / Σ (back − reference)²). Without noise the quotient has no "
        "bound: return infinity.",
        "signal = np.square(reference).sum(), noise = np.square(back - reference).sum(); "
        "float('inf') if noise == 0, else 10 * np.log10(signal / noise)",
    )
    insight = "The same function tells layers, models and runtimes apart: keep it."
    # Sums of at most 2^11 float32 squares are off by 2^11 · 2^-24 of themselves at most, so their
    # quotient by twice that; 10 / ln(10) dB a unit of it makes 0.0011.
    within = absolute(0.0011)

    def cases(rng):
        scene = np.random.default_rng(7)
        return [
            group(
                "some noise",
                1,
                "Energies are summed over all values, on both sides of 0.",
                [
                    (np.array([3.0, -4.0], np.float32), np.array([3.5, -4.0], np.float32)),
                    (np.array([3.0, -4.0], np.float32), np.array([3.0, -3.0], np.float32)),
                    # 2^-7 beside 1000 is little noise, 112 dB, and not none.
                    (np.float32([1000.0, -3000.0]), np.float32([1000.0078125, -3000.0])),
                    _noisy(scene, (2, 3, 4, 5), 0.05, 0.0),
                    _noisy(rng, (1, 4, 3, 7), 0.2, 0.0),
                ],
            ),
            group(
                "values on one side of 0",
                1,
                "A tensor's level belongs to its signal, and a constant error to its noise.",
                [
                    (np.array([2.0, 2.0, 2.0], np.float32), np.array([2.5, 2.5, 2.5], np.float32)),
                    (np.array([5.0, 7.0], np.float32), np.array([5.0, 7.125], np.float32)),
                    _noisy(scene, (3, 8), 0.1, 3.0),
                    _noisy(rng, (5, 9), 0.1, 4.0),
                ],
            ),
            group(
                "no noise, and more noise than signal",
                1,
                "Without noise it is infinite; with more noise than signal it is below 0.",
                [
                    (np.array([1.0, -2.0], np.float32), np.array([1.0, -2.0], np.float32)),
                    (np.array([1.0, 1.0], np.float32), np.array([5.0, -2.0], np.float32)),
                    _noisy(scene, (4, 6), 3.0, 0.0),
                ],
            ),
        ]

    def oracle(reference, back):
        # Exact fractions of the float32 values; only the logarithm is rounded.
        pairs = [
            (Fraction(float(r)), Fraction(float(b)))
            for r, b in zip(reference.ravel(), back.ravel(), strict=True)
        ]
        noise = sum((b - r) ** 2 for r, b in pairs)
        signal = sum(r * r for r, _ in pairs)
        return float("inf") if noise == 0 else float(10 * np.log10(float(signal / noise)))

    @misconception("Those are sums of squares already. Which factor stands before log10 of them?")
    def twenty_times_the_logarithm(reference, back):
        return 2 * _db(_energy(reference), _energy(back - reference))

    @misconception("Decibels count powers of ten. Which logarithm does that?")
    def natural_logarithm(reference, back):
        return np.log(10) * _db(_energy(reference), _energy(back - reference))

    @misconception("A better tensor should have more decibels. Which of the two sums is on top?")
    def upside_down(reference, back):
        return -_db(_energy(reference), _energy(back - reference))

    @misconception("You added sizes. Which power of each value belongs into a sum of energies?")
    def sums_of_sizes(reference, back):
        return _db(np.abs(reference).sum(), np.abs(back - reference).sum())

    @misconception("A norm is the root of a sum of squares. Of what is SQNR the ratio?")
    def norms_for_energies(reference, back):
        return _db(_energy(reference), _energy(back - reference)) / 2

    @misconception("A sum on one side, a mean on the other. Of how many values is each?")
    def mean_of_the_noise(reference, back):
        return _db(_energy(reference), _energy(back - reference) / back.size)

    @misconception("SQNR is one ratio of two sums. Did you take logarithms before you summed?")
    def mean_of_each_values_decibels(reference, back):
        noise = np.square(back.astype(np.float64) - reference)
        there = (noise > 0) & (reference != 0)
        if not noise.any():
            return float("inf")
        return float(np.mean(10 * np.log10(np.square(reference[there]) / noise[there])))

    @misconception("What is the signal, the values of FP32 or those that came back?")
    def signal_of_the_integers(reference, back):
        return _db(_energy(back), _energy(back - reference))

    @misconception("A variance takes the mean out. Does a layer's level not belong to its signal?")
    def variances(reference, back):
        return _db(reference.var(), (back - reference).var())

    @misconception("A variance takes the mean out. Does a layer's level not belong to its signal?")
    def signal_without_its_mean(reference, back):
        off = np.square(back - reference).mean()
        return _db(reference.var(), off) if off else float("inf")

    @misconception("That compares with the largest value. With what does SQNR compare the noise?")
    def peak_signal(reference, back):
        return _db(np.square(reference).max(), np.square(back - reference).mean())

    @misconception("Errors of both signs cancel in that sum. Which power keeps them apart?")
    def noise_cancels(reference, back):
        return _db(_energy(reference), float((back - reference).sum()) ** 2)

    @misconception("With more noise than signal, on which side of 0 should the decibels be?")
    def never_below_zero(reference, back):
        return max(0.0, _db(_energy(reference), _energy(back - reference)))

    @misconception("A perfect copy scores like a tensor as loud as its noise. Which one is better?")
    def zero_for_a_perfect_copy(reference, back):
        noise = _energy(back - reference)
        return 0.0 if noise == 0 else _db(_energy(reference), noise)

    @misconception("112 dB are little noise. How much is none?")
    def takes_little_noise_for_none(reference, back):
        if np.allclose(reference, back):
            return float("inf")
        return _db(_energy(reference), _energy(back - reference))


def _energy(values):
    return float(np.square(values.astype(np.float64)).sum())


def _db(signal, noise):
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(10 * np.log10(np.float64(signal) / np.float64(noise)))


def _noisy(rng, shape, noise, level):
    """Values around a level, and the same ones with noise."""
    reference = rng.normal(level, 1.0, shape).astype(np.float32)
    return reference, (reference + noise * rng.normal(0.2, 1.0, shape)).astype(np.float32)
