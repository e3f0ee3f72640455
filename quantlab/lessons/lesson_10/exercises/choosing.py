"""10.8: four plans that were measured: which one does the product get?"""

from quantlab.teach.judging.exercise import Option, exercise

OPTIONS = {
    "a": Option(
        "Plan A: 0.06 points lost (−0.1 to 0.2), 0.6 times as fast. The most accurate of all.",
        "The target said at least twice as fast. What does it help that it loses nothing?",
    ),
    "b": Option(
        "Plan B: 0.3 points lost (0.0 to 0.6), 2.3 times as fast (2.2 to 2.4).",
        "Both intervals lie whole on the good side. It is neither the most accurate nor the "
        "fastest plan, and the only one that meets both.",
        right=True,
    ),
    "c": Option(
        "Plan C: 0.5 points lost (0.1 to 0.9), 2.6 times as fast (2.5 to 2.7).",
        "0.9 is more than 0.7. Is that a no, a yes, or a reason to judge on more scenes first?",
    ),
    "d": Option(
        "Plan D: 0.1 points lost (−0.1 to 0.3), 2.2 times as fast (2.1 to 2.3), judged on the "
        "scenes that calibrated it.",
        "Which of your guardrails refuses it before anybody looks at the numbers?",
    ),
}


@exercise("10.8", "Which plan is shipped?", points=1, difficulty=2, importance=5, minutes=3)
class WhichPlan:
    answer = "ship"
    hints = (
        "Two targets: at most 0.7 points lost, at least 2 times as fast. Both with the whole "
        "interval.",
        "Go through the plans one by one and ask for the first reason to say no. One has none.",
        "One is slow, one is not sure yet, one was judged on pictures that it knew.",
    )
    options = OPTIONS
    insight = "A plan is not good because it is best at something. It is good when nothing refuses."
