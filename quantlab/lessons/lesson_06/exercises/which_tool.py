"""6.7 and 6.9: which tool for which symptom."""

from quantlab.teach.judging.exercise import Band, Option, exercise

OPTIONS = {
    "a": Option(
        "bias correction",
        "The channel writes nothing but zeros now. Can a constant bring back what varied from "
        "picture to picture?",
    ),
    "b": Option(
        "equalization between the two layers",
        "The rows become equally wide and one ruler fits them all. Nothing but a ReLU lies "
        "between the layers, and it lets a positive factor through.",
        right=True,
    ),
    "c": Option(
        "AdaRound",
        "AdaRound chooses between the tick below and the tick above. Between which two ticks does "
        "a weight of a hundredth of a step lie?",
    ),
    "d": Option(
        "a percentile for the activations",
        "Which tensor has the trouble here, the weights or the activations?",
    ),
}


@exercise("6.7", "Which tool first", points=1, difficulty=2, importance=5, minutes=4)
class WhichToolFirst:
    answer = "first_tool"
    hints = (
        "Do not think of the tools yet. Which tensor is coarse, and what became of it?",
        "Small channels share a ruler with one huge channel. Which tool changes how wide the "
        "channels are?",
        "One of the tools divides the rows of a weight by factors and lets the next layer "
        "multiply them back.",
    )
    options = OPTIONS
    insight = "Read the symptom first: zeros, a moved mean, or noise. Each has a tool of its own."


@exercise("6.9", "In your own words", points=2, difficulty=3, importance=5, minutes=6)
class ExplainTheTools:
    answer = "diagnosis"
    hints = (
        "Say for each of the three tools what is wrong before and what is equal afterwards.",
        "Equalization: ranges of channels. Bias correction: means of channels. AdaRound: the "
        "output, weight by weight.",
        "Three sentences of one shape: when …, then …, because …. Name for one of them a case in "
        "which it does not help.",
    )
    rubric = (
        Band(
            2,
            "Gives symptom and reason for all three tools, and a case in which one does not help.",
            "When one channel is far wider than the others and all share a ruler, equalize, "
            "because the function stays and the rows become alike. When the mean of a layer has "
            "moved, correct the bias, because a constant error needs only a constant. When the "
            "rest of the error is noise of rounding, learn the rounding, because errors of "
            "many weights can cancel in one sum. Equalizing does nothing where the channels are "
            "alike already, and is not possible through a ReLU6.",
        ),
        Band(
            1,
            "Gives symptom and reason for one or two tools, or says what all do but not when.",
            "Bias correction puts the mean of each channel back where it was in FP32, and "
            "AdaRound chooses for every weight whether to round up or down so that the output "
            "of the layer is closer.",
        ),
        Band(
            0,
            "Names tools without what they change, or would use all of them always.",
            "I would turn all of the options on, because every one of them makes the quantized "
            "model better than it was before.",
        ),
    )
