"""3.5: the default rulers of a convolution."""

from quantlab.teach.judging.exercise import Option, exercise

OPTIONS = {
    "a": Option(
        "weights symmetric, per-tensor, INT8; activations asymmetric, per-tensor, UINT8",
        "What did one ruler a weight cost the detector in the first table?",
    ),
    "b": Option(
        "weights symmetric, per-channel, INT8; activations asymmetric, per-channel, UINT8",
        "Each output sums over all input channels. If each of these had a scale of its own, which "
        "scale could you take out of the sum?",
    ),
    "c": Option(
        "weights symmetric, per-channel, INT8; activations asymmetric, per-tensor, UINT8",
        "Each output channel's scale waits until its sum is done, zero_point 0 keeps the sum "
        "simple, and a ReLU's output uses every tick of an asymmetric ruler.",
        right=True,
    ),
    "d": Option(
        "weights asymmetric, per-channel, INT8; activations symmetric, per-tensor, INT8",
        "Which of the two tensors lies on both sides of 0, and which one begins there?",
    ),
}


@exercise("3.5", "The default", points=1, difficulty=2, importance=5, minutes=2)
class TheDefault:
    answer = "default_choice"
    hints = (
        "Two questions for each tensor: does it lie on both sides of 0, and which of its channels "
        "are added to each other?",
        "A scale can be taken out of a sum only if every term of the sum has it.",
        "Output channels are never added to each other, input channels are.",
    )
    options = OPTIONS
    insight = "quantlab's `Recipe()` says exactly this when you leave everything out."
