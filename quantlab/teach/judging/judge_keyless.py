"""What a check can say where the truth is kept elsewhere: in a class's copy of the course.

A class that is graded gets exercises without oracles, option keys and model answers. Whether an
answer is there, whether it has the form that was asked for, and whether it builds on what it must
not, can still be said. Whether it is right is said where it is handed in.
"""

from __future__ import annotations

import ast
from typing import Any

from quantlab.teach.judging.ask import Ask, Reply
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.saying import AGAIN, not_attempted, say
from quantlab.teach.judging.verdict import Judgement, Verdict
from quantlab.teach.judging.within import kind_name, show

HAND_IN = "Hand in when you are done: right and wrong, and the points, are said then."


def judge_keyless(exercise: Exercise, ask: Ask) -> Judgement:
    """Inconclusive for an answer that is there in the right form; what is missing otherwise."""
    replies = {name: ask.value(name) for name in exercise.answers}
    if exercise.kind == "function":
        return _function(exercise, ask, replies[exercise.answer])
    gaps = [reply for reply in replies.values() if reply.kind in ("missing", "unfilled")]
    if len(gaps) == len(replies):
        return not_attempted(exercise, ask, gaps[0])
    off = {name: r.message for name, r in replies.items() if r.kind == "refused"}
    if off:
        name, said = next(iter(off.items()))
        return _in_another_form(exercise, f"`{name}`: {said}")
    values = {name: r.value for name, r in replies.items() if r.kind == "value"}
    if wrong := _form(exercise, values):
        return _in_another_form(exercise, wrong)
    return _kept(exercise, " ".join(_seen(exercise, values)))


def _function(exercise: Exercise, ask: Ask, reply: Reply) -> Judgement:
    name = exercise.answer
    if reply.kind in ("missing", "unfilled"):
        return not_attempted(exercise, ask, reply)
    if reply.kind == "value":
        seen = kind_name(reply.value)
        return _in_another_form(exercise, f"`{name}` is {seen}; expected is a function.")
    if _gap_is_open(ask.source(name)):
        return not_attempted(exercise, ask, Reply("unfilled"))
    return _kept(exercise, f"`{name}` is written.")


def _gap_is_open(source: str | None) -> bool:
    """True while the line stands there that marks the gap."""
    try:
        tree = ast.parse(source or "")
    except SyntaxError:
        return False
    raised = (n.exc for n in ast.walk(tree) if isinstance(n, ast.Raise) and n.exc is not None)
    return any("NotImplementedError" in ast.unparse(each) for each in raised)


def _form(exercise: Exercise, values: dict[str, Any]) -> str:
    """What is off about the form of a value, or ""."""
    if exercise.kind == "choice":
        key = values[exercise.answer]
        if type(key) is not str or key.strip().lower() not in exercise.options:
            letters = ", ".join(f'"{letter}"' for letter in exercise.options)
            return f"`{exercise.answer}` is {show(key)}; expected is one of {letters}."
    if exercise.kind == "plan":
        from quantlab.teach.plans.plan import Plan

        try:
            Plan.from_dict(values[exercise.answer])
        except ValueError as said:
            return str(said)
    return ""


def _seen(exercise: Exercise, values: dict[str, Any]) -> list[str]:
    if exercise.kind == "plan":
        return ["Your plan can be carried out."]
    if exercise.kind == "written":
        words = len(str(values[exercise.answer]).split())
        return [f"Your answer has {words} words."]
    seen = [f"Your `{name}` is {show(value)}." for name, value in values.items()]
    left = [name for name in exercise.answers if name not in values]
    return seen + [f"`{name}` is still empty." for name in left]


def _kept(exercise: Exercise, observed: str) -> Judgement:
    return say(
        exercise,
        Verdict.INCONCLUSIVE,
        opening="Written, and not judged here",
        observed=observed,
        next_step=HAND_IN,
    )


def _in_another_form(exercise: Exercise, observed: str) -> Judgement:
    return say(
        exercise, Verdict.ERROR, opening="In another form", observed=observed, next_step=AGAIN
    )
