"""1.7: which scheme for which tensor."""

from quantlab.teach.judging.exercise import Option, exercise

OPTIONS = {
    "a": Option(
        "symmetric for both",
        "How many ticks of a symmetric ruler does the output of a ReLU never use?",
    ),
    "b": Option(
        "asymmetric for both",
        "How many ticks would an asymmetric ruler win on a centred tensor? And what does a "
        "zero_point in the weights add to every sum of a convolution?",
    ),
    "c": Option(
        "symmetric for the weights, asymmetric for the activations",
        "Centred weights lose next to nothing on a symmetric ruler, and their zero_point of 0 "
        "drops out of every sum. A ReLU's output uses every tick of an asymmetric one.",
        right=True,
    ),
    "d": Option(
        "asymmetric for the weights, symmetric for the activations",
        "Which of the two tensors is centred on 0, and which scheme has its zero_point there?",
    ),
}


@exercise("1.7", "Which ruler for which tensor", points=1, difficulty=2, importance=5, minutes=2)
class WhichScheme:
    answer = "scheme_choice"
    hints = (
        "Look at the two histograms above. Where is 0 in each of them?",
        "Ask of each ruler how many of its ticks are used, and what a zero_point costs when a "
        "convolution multiplies and adds.",
        "One tensor is centred on 0, the other one begins there. One scheme fits each.",
    )
    options = OPTIONS
    insight = "Lesson 03 asks the next question: one ruler for the whole weight, or one a channel?"
