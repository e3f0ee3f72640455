"""Right answers to the exercise of lesson 00, written differently; the judge must accept each."""

from autograder.authoring.alternatives import accepts


@accepts("0.1")
def shifts(bits):
    return (1 << bits) - 1


@accepts("0.1")
def adds_bit_by_bit(bits):
    steps = 0
    for place in range(bits):
        steps += 2**place
    return steps


@accepts("0.1")
def lists_the_levels(bits):
    import numpy as np

    return np.diff(np.arange(2**bits)).size


@accepts("0.1")
def from_the_ends(bits):
    lowest, highest = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return float(highest - lowest)


@accepts("0.1")
def in_torch(bits):
    import torch

    return torch.tensor(2) ** bits - 1
