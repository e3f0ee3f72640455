"""5.11: say it in your own words."""

from quantlab.teach.judging.exercise import Band, exercise


@exercise("5.11", "In your own words", points=2, difficulty=2, importance=5, minutes=5)
class ExplainTheDifference:
    answer = "explanation"
    hints = (
        "Two causes of this lesson make integers differ. By how much does each of them, and where?",
        "Say how you would tell the two apart: what do you count, and which session do you open?",
        "Three sentences: a difference of 1 in a few places is …; a large one on another CPU is "
        "…; to tell which, I would ….",
    )
    rubric = (
        Band(
            2,
            "Names both causes, how large each is, and a measurement that tells them apart.",
            "A difference of one tick in about one place of a thousand is another contract: the "
            "same int32 sum, rounded at another place. Large differences on a CPU without VNNI are "
            "saturation: pairs of products stop at 16 bits. I would compare tensor by tensor, look "
            "at the largest difference, and open the model once more with exact=True: if the "
            "difference is gone, it was saturation.",
        ),
        Band(
            1,
            "Names both causes, but no measurement; or one cause with its measurement.",
            "Some runtimes round differently by one, and old CPUs saturate when they add products "
            "in 16 bits.",
        ),
        Band(
            0,
            "Says that quantization is inexact, or that floats differ between machines.",
            "INT8 is only an approximation, so every machine gives slightly different results.",
        ),
    )
