"""1.10: say it in your own words."""

from quantlab.teach.judging.exercise import Band, exercise


@exercise("1.10", "In your own words", points=2, difficulty=2, importance=5, minutes=4)
class ExplainTheRuler:
    answer = "explanation"
    hints = (
        "Write to a colleague who has never heard of quantization. What would you draw first?",
        "Say what scale is, what zero_point is, and why one of the two schemes fits weights and "
        "the other one activations.",
        "Three sentences: scale is …; zero_point is …; weights get … because …, activations get … "
        "because ….",
    )
    rubric = (
        Band(
            2,
            "Says what scale and zero_point are, and gives a reason for both schemes.",
            "scale is the distance between two ticks, zero_point the tick at which 0.0 stands. "
            "Weights lie on both sides of 0, so a symmetric ruler wastes nearly nothing, and with "
            "zero_point 0 the integer sums stay simple. A ReLU's output lies on one side: a "
            "symmetric ruler would leave half of its ticks unused, an asymmetric one uses all.",
        ),
        Band(
            1,
            "Says what scale and zero_point are, but gives no reason, or a reason for one scheme.",
            "scale is the step size and zero_point the integer for 0. Weights are symmetric and "
            "activations asymmetric, because activations are only positive.",
        ),
        Band(
            0,
            "Repeats a formula, or mixes up the two.",
            "Quantization divides by the scale, so that everything fits into 8 bits.",
        ),
    )
