"""8.7: say it in your own words."""

from quantlab.teach.judging.exercise import Band, exercise


@exercise("8.7", "In your own words", points=2, difficulty=2, importance=5, minutes=6)
class WhenToTrain:
    answer = "explanation"
    hints = (
        "Look at the two tables. In which one did a cheaper tool come as far?",
        "Name what was tried first, what it left over, and what training needs that the others "
        "do not.",
        "Three sentences: first …, because it costs seconds and no labels; train when …; and then "
        "measure whether … is more than its interval.",
    )
    rubric = (
        Band(
            2,
            "Cheap ways first and measured; training where they leave a loss that matters; says "
            "what it needs, and compares with the interval.",
            "Quantize after training and correct the biases first: that takes seconds and no "
            "labels. Train only when what is left over is more than the product may lose, as with "
            "pictures of 2 bits, and labels and time are there. Then compare the trained model "
            "with the best of the cheap ones on the same pictures: a gain within the interval is "
            "none.",
        ),
        Band(
            1,
            "Says that training may be more accurate or costs more, without a rule for choosing.",
            "Training with the rounding in the loop gives better accuracy than quantizing after "
            "training, but it takes longer and needs data.",
        ),
        Band(
            0,
            "Always or never, without a reason that was measured.",
            "We should always use quantization-aware training because it is the best method.",
        ),
    )
