"""8.5: which of four cases is one for training."""

from quantlab.teach.judging.exercise import Option, exercise

OPTIONS = {
    "a": Option(
        "Weights and activations of 8 bits, per-channel. Quantizing after training loses 0.1 "
        "points, with an interval from −0.2 to 0.4.",
        "How much could training win back here, and would anybody see it?",
    ),
    "b": Option(
        "Weights of 3 bits. Rounding to nearest loses 17 points. Nobody has tried another way.",
        "Two of the ways need some seconds and no labels. How much is left after those?",
    ),
    "c": Option(
        "A sensor of 2 bits. The best way without training still loses 17 points. There are 2,000 "
        "labelled pictures, and an hour.",
        "No bias and no other way to round gives the sensor more ticks. Training can teach the "
        "network to do with those it has.",
        right=True,
    ),
    "d": Option(
        "In the product the INT8 model names 20 % of the pictures right, and in FP32 97 %. The "
        "product scales pixels otherwise than the calibration did.",
        "Which step is wrong there, and would training mend it or hide it?",
    ),
}


@exercise("8.5", "Which one to train", points=1, difficulty=2, importance=5, minutes=3)
class WhichOneToTrain:
    answer = "train_it"
    hints = (
        "For each case: what does the cheapest way leave over?",
        "Training is for a loss that matters, that the cheap ways leave, and that comes from too "
        "few ticks rather than from a mistake.",
        "One of the four has tried the other ways, and has what training needs.",
    )
    options = OPTIONS
    insight = (
        "Cheap ways first, the cause before the cure: the next exercise is a case where training "
        "was proposed too early."
    )
