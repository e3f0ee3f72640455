"""7.10: a bug report that another engineer can act on."""

from quantlab.teach.judging.exercise import Band, exercise


@exercise("7.10", "A bug report", points=2, difficulty=2, importance=4, minutes=6)
class BugReport:
    answer = "bug_report"
    hints = (
        "Take one fault of the model that was handed over. What did you see, and where?",
        "Say what was measured, on which pictures, against what; the cause; and how you know "
        "that the mend worked.",
        "Four sentences: “I compared … with … on …. … stands out with … dB alone. The cause is "
        "…. After … it has … dB and the mIoU is ….”",
    )
    rubric = (
        Band(
            2,
            "A measurement of one layer or input, the cause, and a measurement after the mend.",
            "I compared every layer of the INT8 segmenter with FP32 on two validation scenes. The "
            "input has 1 dB alone and two thirds of its values lie beyond its ruler. Its "
            "ruler goes from 0 to 1, but inference subtracts a mean and divides by a spread: "
            "calibration left that out. Calibrated with the pipeline of inference, the input has "
            "over 40 dB and the mIoU comes back.",
        ),
        Band(
            1,
            "The right cause, but no number that shows it, or none after the mend.",
            "The calibration used another preprocessing than inference, so the ranges were wrong. "
            "I calibrated again with the right one.",
        ),
        Band(
            0,
            "Only the symptom, or a guess.",
            "The quantized model has a low mIoU. Maybe 8 bits are not enough for this network.",
        ),
    )
