"""4.9: the calibration plan in words, for somebody who collects the pictures."""

from quantlab.teach.judging.exercise import Band, exercise


@exercise("4.9", "The plan in words", points=3, difficulty=2, importance=5, minutes=6)
class PlanInWords:
    answer = "plan_in_words"
    hints = (
        "Somebody else will collect the pictures from your text. What must they know?",
        "How many, from which scenarios, why, and how you will find out that it was enough.",
        "Four sentences: I take … pictures from …; because …; none of them is …; I check … by …, "
        "on pictures that …",
    )
    rubric = (
        Band(
            3,
            "Says how many, from which named scenarios with a reason, and a check by slice on "
            "pictures that were not used.",
            "I take 200 pictures from the camera's own pipeline: day, dusk, night, rain and fog as "
            "often as they occur, and at least 30 of each rare kind, because a range that no "
            "picture showed is clipped. None of them is used to judge. On 500 other pictures I "
            "compare input ranges, count the clipped share in each slice, and report mAP beside "
            "FP32 over all and for each slice.",
        ),
        Band(
            2,
            "Says how many and from which scenarios, with a reason, but not how it is checked.",
            "I take 200 pictures from day, night, rain and fog, because what was not in the "
            "calibration data falls off the ruler.",
        ),
        Band(
            1,
            "Says a number, or “representative data”, without naming scenarios.",
            "I take a few hundred representative pictures and calibrate with a percentile.",
        ),
    )
