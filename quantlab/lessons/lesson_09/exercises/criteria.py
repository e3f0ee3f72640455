"""9.9: acceptance criteria in your own words."""

from quantlab.teach.judging.exercise import Band, exercise


@exercise("9.9", "Acceptance criteria", points=3, difficulty=3, importance=5, minutes=5)
class AcceptanceCriteria:
    answer = "criteria"
    hints = (
        "Who reads it? Somebody who has to say yes or no, and never met you.",
        "Four things: what may be lost and where, how fast on which machine, what proves that "
        "integers ran, and what happens afterwards.",
        "“At most … points of mAP over all and … at night, with …; at least …× on …, 1 thread, "
        "with …; no layer in FP32 except …; roll back to … when … for … windows.”",
    )
    rubric = (
        Band(
            3,
            "Numbers for loss (slices too) and for speed, each with data, machine and interval; "
            "what must run in INT8; a rollback rule with limit, patience and where it goes back "
            "to.",
            "On 500 test scenes nobody chose by, mAP may fall by at most 0.7 points over all and 2 "
            "at night; the 95 % interval must lie below. On the target CPU with 1 thread, FP32 and "
            "INT8 in turn, at least 2 times as fast with the whole interval above. The precision "
            "report shows no FP32 layer. In service: back to the FP32 file when more than 30 % of "
            "the input lies at the ruler's ends in two windows in a row.",
        ),
        Band(
            2,
            "Numbers for loss and for speed, but one of slices, machine, interval or rollback is "
            "missing.",
            "At most 0.7 points of mAP lost on the test scenes and at least 2 times as fast as "
            "FP32 on our server with 1 thread, both with their intervals. If it gets worse later "
            "we go back to FP32.",
        ),
        Band(
            1,
            "One criterion with a number, or criteria without numbers.",
            "The INT8 model must lose at most one point of mAP, and it must be clearly faster than "
            "the FP32 model.",
        ),
        Band(
            0,
            "Nothing that could be missed.",
            "The model should be as accurate as possible and as fast as possible on most machines.",
        ),
    )
