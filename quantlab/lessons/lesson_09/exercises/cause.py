"""9.2: from a report's reason to what has to change."""

from quantlab.teach.judging.exercise import Option, exercise

OPTIONS = {
    "a": Option(
        "Calibrate on more scenes, so that the rulers fit better.",
        "Does the reason say anything about a ruler's length? Which numbers would new scenes "
        "change, and which kernel would they bring?",
    ),
    "b": Option(
        "Open the session with more threads.",
        "More threads share the work of the same float kernels. Which kernels did you want?",
    ),
    "c": Option(
        "Export the activations as UINT8: the real numbers stay the same.",
        "zero_points and integers move by 128 together, so every value is the same, and now there "
        "is a kernel that takes them.",
        right=True,
    ),
    "d": Option(
        "Give the weights one ruler a tensor instead of one a channel.",
        "Which tensor does the reason name, a weight or an activation?",
    ),
    "e": Option(
        "Keep the layers in FP32 on purpose, so that nothing is converted.",
        "That would save the conversions. Would the multiplications be any faster than now?",
    ),
}


@exercise("9.2", "From the reason to the mend", points=1, difficulty=2, importance=5, minutes=2)
class TheMend:
    answer = "mend"
    hints = (
        "Read the reason once more. Of which tensor does it speak, and of which of its properties?",
        "Which of the five changes the type of an activation's integers?",
        "On x86 the fast kernels read activations without a sign.",
    )
    options = OPTIONS
    insight = "A type of integers is a contract with a kernel. Ask which kernels your target has."
