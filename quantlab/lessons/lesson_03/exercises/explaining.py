"""3.7: say it in your own words."""

from quantlab.teach.judging.exercise import Band, exercise


@exercise("3.7", "In your own words", points=2, difficulty=2, importance=4, minutes=6)
class ExplainTheLoss:
    answer = "explanation"
    hints = (
        "Think of the channel that you found with the explorer. What was left of it, and why?",
        "Name the cause (who sets the step?), the mend, and what the mend costs.",
        "Three sentences: one ruler is as long as … needs, so …; a ruler for each … ; that costs "
        "… bytes and no time, because ….",
    )
    rubric = (
        Band(
            2,
            "Names the largest channel as the cause, the mend, and why the mend is cheap.",
            "One ruler must reach to the largest channel, so its step is coarse: quiet channels "
            "fall between two ticks and become zero. A scale for each output channel gives every "
            "channel its own step. It costs a few bytes, and the sum is computed in integers as "
            "before, because all terms of one output share the scale.",
        ),
        Band(
            1,
            "Names the cause or the mend, but not why the one follows from the other.",
            "Per-tensor is less exact than per-channel for this model, so the colleague should "
            "switch per-channel on for the weights.",
        ),
        Band(
            0,
            "Blames the number of bits, or only names a setting.",
            "Eight bits are too few for a detector, so it has to stay in FP32 or use INT16.",
        ),
    )
