"""7.8: which layer to mend, by its two numbers."""

from quantlab.teach.judging.exercise import Option, exercise

OPTIONS = {
    "a": Option(
        "`up.2.0`: with 6 dB it is the worst of all.",
        "That is what has come together when `up.2.0` is done. What does it lose by itself?",
    ),
    "b": Option(
        "`enter.0`: it loses most by itself, and all others read what it wrote.",
        "Alone it is 20 dB below the others, and from there on the accumulated column is low.",
        right=True,
    ),
    "c": Option(
        "`head`: the mIoU is computed from what it writes.",
        "Alone `head` has 42 dB. What would you win by making it better?",
    ),
    "d": Option(
        "All of them: calibrate again, on more pictures.",
        "Would more pictures change a layer that is fine alone?",
    ),
}


@exercise("7.8", "Lost or inherited?", points=1, difficulty=2, importance=5, minutes=2)
class LostOrInherited:
    answer = "mend_first"
    hints = (
        "Cover the accumulated column with your hand. Which layer stands out?",
        "A layer that is fine alone hands on what it got. Mending it changes nothing.",
        "The lowest number of the column “alone” belongs to the layer to mend.",
    )
    options = OPTIONS
    insight = "“Alone” says where to work, “accumulated” says whether it was worth it."
