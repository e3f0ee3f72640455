"""4.6: an outlier that is a mistake."""

from quantlab.teach.judging.exercise import Option, exercise


@exercise("4.6", "The picture that does not belong", points=1, difficulty=2, importance=5,
          minutes=2)  # fmt: skip
class WhichFirst:
    answer = "first_step"
    hints = (
        "Look at the table of input ranges above. Is the far value a rare street scene?",
        "An observer can bear an outlier or follow it. Can it mend the picture?",
        "The same mistake may wait where the model is used. Where would you look for it?",
    )
    options = {
        "a": Option(
            "Take the 99th percentile and go on: it held the accuracy.",
            "It did. What will the model see when the same code prepares a picture in production?",
        ),
        "b": Option(
            "Compare input ranges picture by picture, mend the preprocessing, calibrate again.",
            "The outlier is a mistake and no rare truth. Compare ranges first: it takes one line.",
            right=True,
        ),
        "c": Option(
            "Add 2,000 more pictures, so that one of them no longer counts.",
            "How many further pictures does it take until min-max forgets one?",
        ),
        "d": Option(
            "Take entropy everywhere from now on.",
            "It held the accuracy here. Which model lost most with it, in the table before?",
        ),
    }
    insight = (
        "Clipping hides a wrong picture from the ruler, not from the model. The night's "
        "black was off the ruler too, and that was true."
    )
