"""Exercises 2.1, 2.2 and 2.9: how many bytes a model takes on disk.

1 MB is 1,000,000 bytes.
"""

from quantlab.numerics.size import size_of_parameters
from quantlab.teach.judging.exercise import Band, exercise, group, misconception
from quantlab.teach.judging.within import exact, ulps

PARAMETERS = 45_000_000
SIZE_POINTS = {"fp32_mb": 1.0, "int8_mb": 1.0, "times_smaller": 1.0}


@exercise("2.1", "45 million parameters", points=3, difficulty=1, importance=5, minutes=3)
class FortyFiveMillion:
    values = SIZE_POINTS
    asks = {
        "fp32_mb": "Every parameter as FP32, in MB of 1,000,000 bytes.",
        "int8_mb": "Every parameter as INT8, in MB of 1,000,000 bytes.",
        "times_smaller": "How many INT8 models have the size of one FP32 model.",
    }
    insight = "Bits are all that counts here. Exercise 2.2 meets the type that shares a byte."
    hints = (
        "How many bits does one FP32 number have, and how many bits fill a byte?",
        "bytes = count × bits / 8, and MB = bytes / 1,000,000.",
        "`fp32_mb = 45_000_000 * 32 / 8 / 1_000_000`; the INT8 line differs in one number.",
    )
    # Three operations, each rounded to float32 at worst: half a spacing each, and a spacing may
    # halve on the way to the next number, so 3 spacings of the truth cover every order.
    within = ulps(3)

    def oracle(name):
        return {
            "fp32_mb": size_of_parameters(PARAMETERS, "float32") / 1e6,
            "int8_mb": size_of_parameters(PARAMETERS, "int8") / 1e6,
            "times_smaller": 32 / 8,
        }[name]

    @misconception(
        "You divided by 1024 × 1024, which gives MiB. How many bytes does this course call an MB?"
    )
    def mebibytes(name):
        return {"fp32_mb": 180e6 / 2**20, "int8_mb": 45e6 / 2**20, "times_smaller": 4.0}[name]

    @misconception("INT8 has its name from 8 bits. How many of those fill one byte?")
    def bits_as_bytes(name):
        return {"fp32_mb": 1440.0, "int8_mb": 360.0, "times_smaller": 4.0}[name]

    @misconception("You have bytes. How many bytes make one MB?")
    def bytes_not_megabytes(name):
        return {"fp32_mb": 180e6, "int8_mb": 45e6, "times_smaller": 4.0}[name]

    @misconception("A Python float has 64 bits. How many does FP32 have?")
    def python_floats(name):
        return {"fp32_mb": 360.0, "int8_mb": 45.0, "times_smaller": 8.0}[name]

    @misconception("That is what INT8 saves. How much is left?")
    def saved_instead_of_left(name):
        return {"fp32_mb": 180.0, "int8_mb": 135.0, "times_smaller": 4.0}[name]

    @misconception("Is a model that is 4 times smaller 0.25 times smaller? Which goes on top?")
    def ratio_upside_down(name):
        return {"fp32_mb": 180.0, "int8_mb": 45.0, "times_smaller": 0.25}[name]


@exercise("2.2", "Bytes of a tensor", points=2, difficulty=2, importance=5, minutes=6)
class BytesOfATensor:
    answer = "tensor_bytes"
    hints = (
        "Look at an odd number of 4-bit values. How many whole bytes must the file have?",
        "Count bits first, then ask how many bytes they need. A byte that is half full counts.",
        "Whole-number division rounds down. Add 7 to the bits before you divide them by 8.",
    )
    insight = "4-bit weights of every model in lesson 06 are stored so, two to a byte."
    within = exact()  # a count of bytes
    forbid = ("quantlab",)

    def cases(rng):
        count = int(rng.integers(1_000, 1_000_000))
        return [
            group(
                "whole bytes",
                0.5,
                "32, 16 and 8 bits are 4, 2 and 1 bytes for each value.",
                # The last count is beyond what float32 tells apart; its bits, beyond int32.
                [
                    (3, 32),
                    (3, 16),
                    (3, 8),
                    (0, 8),
                    *((count, bits) for bits in (32, 16, 8)),
                    (600_000_001, 32),
                ],
            ),
            group(
                "two to a byte",
                0.5,
                "Two 4-bit values share one byte.",
                [(2, 4), (200_000, 4), (2 * count, 4)],
            ),
            group(
                "a value left over",
                1,
                "A file has whole bytes: a 4-bit value without a partner still needs one.",
                [(1, 4), (3, 4), (4 * count + 1, 4), (4 * count + 3, 4), (600_000_001, 4)],
            ),
        ]

    def oracle(count, bits):
        return size_of_parameters(count, f"int{bits}" if bits < 32 else "float32")

    @misconception("For 3 values of 4 bits: where does the third one go?")
    def rounds_down(count, bits):
        return count * bits // 8

    @misconception("You have bits. How many of them fill a byte?")
    def bits_as_bytes(count, bits):
        return count * bits

    @misconception("You gave each 4-bit value a byte of its own. What is in the other 4 bits?")
    def one_byte_each(count, bits):
        return count * max(bits, 8) // 8

    @misconception(
        "Python's `round` takes 0.5 to 0, the even neighbour. Which way must half a byte go?"
    )
    def rounds_half_to_even(count, bits):
        return round(count * bits / 8)

    @misconception("Can a file end in the middle of a byte?")
    def leaves_half_a_byte(count, bits):
        return count * bits / 8

    @misconception("You always add a byte. When is nothing left over?")
    def always_one_more(count, bits):
        return count * bits // 8 + 1

    @misconception("Is something left over of every odd count? How many bits are 3 × 8?")
    def one_more_for_odd_counts(count, bits):
        return count * bits // 8 + count % 2

    @misconception("How many bits fill a byte, 4 or 8?")
    def nibbles(count, bits):
        return -(-count * bits // 4)

    @misconception("Your answer is the same for every number of bits. Where does `bits` come in?")
    def always_float32(count, bits):
        return 4 * count


@exercise("2.9", "75 million parameters", points=3, difficulty=2, importance=5, minutes=8)
class SeventyFiveMillion:
    answer = "plan_75m"
    hints = (
        "Three things are asked: a size, a scheme for the weights, a scheme for the activations.",
        "For the size, use the rule of 2.1. For the schemes, ask where 0 lies in a trained weight "
        "and in the output of a ReLU.",
        "Weights: one ruler a channel, or one for all? Zero in the middle, or at one end? Then the "
        "same two questions for activations. Give a reason for each answer.",
    )
    rubric = (
        Band(
            3,
            "Size, both schemes, and a reason for each.",
            "75 million INT8 weights take 75 MB, a quarter of 300 MB in FP32; scales and biases "
            "add well under one per cent. Conv weights: symmetric, per-channel, because they lie "
            "around 0 and every output channel has its own range. Activations: asymmetric, "
            "per-tensor, because after a ReLU nothing is below 0 and one ruler for the tensor is "
            "what the integer kernels can use.",
        ),
        Band(
            2,
            "Size and both schemes, with a reason for one of them or a reason that only repeats "
            "the scheme.",
            "75 MB. Weights symmetric per-channel because the channels have different ranges, "
            "activations asymmetric per-tensor because that is the default.",
        ),
        Band(
            1,
            "The size, or the schemes, without the other.",
            "75 million weights of one byte are 75 MB. I would use INT8 for everything.",
        ),
        Band(
            0,
            "Neither the size nor a scheme that fits.",
            "300 MB / 8 is 37.5 MB, and the same symmetric ruler goes for all tensors.",
        ),
    )
