"""What every kind of answer has in common: a judgement with its sentences, and an empty gap."""

from __future__ import annotations

from typing import Any

from quantlab.teach.judging.ask import Ask, Reply
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.reading import code_above_the_marker
from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict

AGAIN = "Change the cell, run it, and check again."


def not_attempted(exercise: Exercise, ask: Ask, reply: Reply) -> Judgement:
    names = " and ".join(f"`{name}`" for name in exercise.answers)
    if reply.kind == "missing":
        observed, step = f"There is no {names} yet.", "Run the exercise cell above, then this one."
    elif reply.message:
        observed = f"{names} calls `{reply.message}`, and the gap in that one is still empty."
        step = f"Write `{reply.message}` first: this exercise builds on it."
    elif code_above_the_marker(ask.source(exercise.answer)):
        observed = "Your code is there, and `raise NotImplementedError()` still runs after it."
        step = "Delete that line, run the cell, and check again."
    else:
        observed, step = f"The gap in {names} is still empty.", "Fill it, run the cell, and check."
    return say(exercise, Verdict.NOT_ATTEMPTED, observed=observed, next_step=step)


def say(
    exercise: Exercise, verdict: Verdict, groups: tuple[GroupResult, ...] = (), **sentences: Any
) -> Judgement:
    return Judgement(
        exercise=exercise.id,
        title=exercise.title,
        verdict=verdict,
        points=float(sum(g.earned for g in groups)),
        max_points=float(exercise.points),
        groups=groups,
        **sentences,
    )
