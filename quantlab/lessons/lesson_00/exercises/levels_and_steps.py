"""Lesson 00, one small exercise: enough to see the three verbs at work."""

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("0.1", "Levels and steps", points=1, difficulty=1, importance=4, minutes=2)
class LevelsAndSteps:
    answer = "steps_between_levels"
    hints = (
        "Take bits = 2. Write the integers down in a row and count the gaps between them.",
        "n bits can say 2 to the power n different integers. A row of 4 posts has 3 gaps.",
        "Count the levels first: `levels = 2**bits`. What do you take away to count the gaps?",
    )
    insight = "255 steps between 256 levels: the most common slip of this course is now behind you."
    within = exact()  # a count: whole numbers are equal or they are not

    def cases(rng):
        others = sorted(int(b) for b in rng.choice([5, 6, 7, 9, 10, 11, 12], 2, replace=False))
        return [
            group(
                "small enough to draw",
                0.5,
                "The answer counts the gaps between neighbouring levels, from the lowest to the "
                "highest.",
                [(1,), (2,), (3,)],
            ),
            group(
                "the types of this course",
                0.5,
                "The same rule holds for every number of bits.",
                [(4,), (8,), (16,), *((b,) for b in others)],
            ),
        ]

    def oracle(bits):
        # Written without the formula: list the integers of the type and count neighbours.
        levels = range(-(1 << (bits - 1)), 1 << (bits - 1))
        return len(levels[1:])

    @misconception(
        "That is how many levels there are. Draw 4 ticks on paper: how many gaps are between them?"
    )
    def counts_levels(bits):
        return 2**bits

    @misconception("In Python `^` is a bitwise operation. Which operator raises to a power?")
    def caret_is_no_power(bits):
        return (2 ^ bits) - 1

    @misconception("What happens to the number of levels when one more bit is added: +2 or ×2?")
    def adds_two_per_bit(bits):
        return 2 * bits - 1

    @misconception("Which number is multiplied by itself: the 2 of a bit, or the number of bits?")
    def base_and_exponent_swapped(bits):
        return bits**2 - 1

    @misconception("You counted from zero upwards. Which levels lie on the other side of zero?")
    def positive_side_only(bits):
        return 2 ** (bits - 1) - 1

    @misconception("Each end of the row is a level. Between n levels, how many gaps are there?")
    def drops_both_ends(bits):
        return 2**bits - 2

    @misconception("You counted gaps between bits. How many different integers can the bits say?")
    def gaps_between_bits(bits):
        return bits - 1
