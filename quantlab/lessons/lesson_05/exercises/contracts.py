"""5.7: two runtimes that differ by 1."""

from quantlab.teach.judging.exercise import Option, exercise

OPTIONS = {
    "a": Option(
        "One of the two has a bug in its zero-points.",
        "A forgotten zero_point shifts a whole sum. Would that show in a few places only, and "
        "never by more than 1?",
    ),
    "b": Option(
        "One of the two adds its products in 16 bits.",
        "How much does a sum lose when 64,770 becomes 32,767? Would 1 tick be the most that you "
        "see?",
    ),
    "c": Option(
        "Both have the same sums and write the multiplication in the end in another way.",
        "A float32 multiplier and a 31-bit integer with a shift are rounded at different places. "
        "That shows only where a sum lies next to a tie, and there by one tick.",
        right=True,
    ),
    "d": Option(
        "The weights were rounded differently.",
        "Every output reads its whole filter. If weights differed, would so few outputs notice?",
    ),
}


@exercise("5.7", "Off by one", points=1, difficulty=2, importance=4, minutes=2)
class OffByOne:
    answer = "off_by_one"
    hints = (
        "Look at the table above. By how much do two contracts differ, where they differ?",
        "Ask of each cause how many outputs it would reach, and by how many ticks.",
        "Few places, one tick each: what is left is the last rounding.",
    )
    options = OPTIONS
    insight = "A difference of 1 in a few places is a contract; hundreds of ticks are a bug."
