"""10.10: the decision, for somebody who has not read this lesson."""

from quantlab.teach.judging.exercise import Band, exercise


@exercise("10.10", "A decision for product", points=4, difficulty=3, importance=5, minutes=12)
class ADecision:
    answer = "decision"
    hints = (
        "Who reads it? Somebody who decides about a product, and knows neither scales nor mAP.",
        "Say first what you recommend. Then what it costs and what it gains, each with how sure "
        "that is; then what it does not hold for; then when you go back.",
        "“Ship it: … of 100 points lost (… to …), … times as fast (… to …) on …. Weakest: …. Not "
        "measured: …. Back to FP32 when ….”",
    )
    rubric = (
        Band(
            4,
            "A recommendation in the first sentence; loss and speed with their intervals and the "
            "machine; the weakest class or slice; what was not measured; when to go back.",
            "Ship the INT8 detector on the gateway CPU. On 300 scenes that nobody tuned on it "
            "loses 0.0 of 100 points of mAP (−0.3 to 0.3), and the network is 2.6 times as fast "
            "as before (2.5 to 2.8, one thread); a whole frame takes less than half the time. "
            "Night loses most, but less than one point. The threshold for showing a box was tuned "
            "again on validation scenes. We have not measured rain at night, nor other processors. "
            "If more than 30 % of the input lies at the ruler's ends in two windows in a row, we "
            "go back to the FP32 file, which stays on the device.",
        ),
        Band(
            2,
            "A recommendation with loss and speed, but without intervals, without limits of what "
            "it holds for, or without a way back.",
            "I recommend the INT8 model. It loses only 0.1 points of mAP and is 2.6 times as fast, "
            "so both targets are met.",
        ),
        Band(
            1,
            "Numbers without a recommendation, or a recommendation without numbers.",
            "The INT8 model has about the same accuracy and is much faster, which is good.",
        ),
        Band(
            0,
            "Neither a recommendation nor a number that was measured.",
            "Quantization is a useful technique that makes models smaller and faster in products.",
        ),
    )
