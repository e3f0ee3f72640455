"""One function judges every answer: alone, in a class, and in the checker's own tests.

`judge(exercise, ask, seed)` draws the cases from the seed, asks for the learner's answers as plain
data, compares them with the oracle, and says what explains the difference (`diagnosis`). It has no
effects of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from quantlab.teach.judging.ask import Ask, Reply
from quantlab.teach.judging.diagnosis import argument_names, diagnose
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.judge_keyless import judge_keyless
from quantlab.teach.judging.saying import AGAIN, not_attempted, say
from quantlab.teach.judging.tried import Raises, Tried
from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict
from quantlab.teach.judging.within import kind_name, show

#: A written answer of fewer words has nothing to compare with a rubric yet.
WORDS_AT_LEAST = 12


def judge(exercise: Exercise, ask: Ask, seed: int = 0) -> Judgement:
    """Judge one exercise. The same exercise, answers and seed give the same `Judgement`.

    Never raises for anything the learner's code does; an exception that leaves this function is a
    fault of the exercise or of `ask`, and a grader must report it as `grader_error`.
    """
    if exercise.keyless:
        found = _forbidden(exercise, ask) if exercise.kind == "function" else ""
        return _built_on(exercise, found) if found else judge_keyless(exercise, ask)
    if exercise.kind == "written":
        return _judge_written(exercise, ask)
    if exercise.kind == "choice":
        return _judge_choice(exercise, ask)
    if exercise.kind == "plan":
        from quantlab.teach.judging.judge_plan import judge_plan  # torch and a runtime come along

        return judge_plan(exercise, ask)
    if exercise.kind == "function" and (found := _forbidden(exercise, ask)):
        return _built_on(exercise, found)
    tried = ask_all(exercise, ask, questions(exercise, seed))
    if all(t.empty for t in tried):
        return not_attempted(exercise, ask, tried[0].reply)
    return _weigh(exercise, tried)


def questions(exercise: Exercise, seed: int) -> tuple[Tried, ...]:
    """Every case of a function or of values with its truth, not asked yet."""
    return tuple(
        Tried(group, args, Reply("missing"), _truth(exercise, args), "")
        for group in exercise.groups(seed)
        for args in group.cases
    )


def ask_all(exercise: Exercise, ask: Ask, cases: Sequence[Tried]) -> list[Tried]:
    """Ask every case and compare. A value is asked by name, a function is called."""
    tried = []
    for case in cases:
        by_name = exercise.kind == "value"
        reply = ask.value(case.args[0]) if by_name else ask.call(exercise.answer, case.args)
        off = _differs(exercise, case.args, reply, case.want)
        tried.append(replace(case, reply=reply, off=off))
    return tried


def group_results(tried: Sequence[Tried]) -> tuple[GroupResult, ...]:
    """The points of each case group: all of them, or none if one case fails."""
    # By identity: a group may hold lists and arrays, which have no hash.
    groups = {id(t.group): t.group for t in tried}
    failing = {id(t.group) for t in tried if t.fails}
    return tuple(
        GroupResult(g.name, g.points, 0.0 if key in failing else g.points)
        for key, g in groups.items()
    )


def _truth(exercise: Exercise, args: tuple[Any, ...]) -> Any:
    assert exercise.oracle is not None, f"exercise {exercise.id} has no oracle"
    try:
        return exercise.oracle(*copy.deepcopy(args))
    except ValueError as refused:
        return Raises("ValueError", str(refused))


def _differs(exercise: Exercise, args: tuple[Any, ...], reply: Reply, want: Any) -> str:
    """What is off about a reply, in one sentence without the right answer; "" when nothing is."""
    if reply.kind == "raised":
        if isinstance(want, Raises) and reply.error == want.error:
            return ""
        at = f" in {reply.line}" if reply.line else ""
        said = f": {reply.message}" if reply.message else ""
        return f"The code stopped with {reply.error}{said}{at}."
    if reply.kind == "refused":
        return reply.message
    if reply.kind == "unfilled":
        where = f" in `{reply.message}`" if reply.message else ""
        return (
            f"The code reached `raise NotImplementedError()`{where}, the line that marks the gap."
        )
    if reply.kind == "missing":
        return "The name is not defined."
    if isinstance(want, Raises):
        return f"An error ({want.error}) is expected here, and an answer came back."
    if reply.value is None and want is not None:
        return "Nothing came back."
    if type(reply.value) in (tuple, list) and exercise.kind == "value":
        return f"This is {kind_name(reply.value)}. Python writes decimals with a point: 0.5."
    return str(exercise.comparator(args)(reply.value, want))


def _weigh(exercise: Exercise, tried: Sequence[Tried]) -> Judgement:
    """Points per group, the verdict, and the sentences about the first case that fails."""
    groups = group_results(tried)
    failing = [t for t in tried if t.fails]
    if not failing:
        return say(exercise, Verdict.CORRECT, groups, insight=exercise.insight)
    first = failing[0]
    found = diagnose(exercise, tried)
    stopped = all(t.reply.kind != "value" for t in failing) and found.misconception is None
    known = bool(found.misconception or found.pattern)
    cause = found.cause
    if not cause and first.reply.kind == "unfilled" and exercise.kind == "function":
        cause = _about_the_gap(first.reply)
    said = say(
        exercise,
        Verdict.ERROR if stopped else Verdict.INCORRECT,
        groups,
        opening="In another form" if all(t.reply.kind == "refused" for t in failing) else "",
        observed=_observed(exercise, first),
        expected=first.group.expected if first.off else "Arguments keep what they hold.",
        cause=cause,
        next_step=AGAIN if known else f'Do it by hand. `hint("{exercise.id}")` says where to look.',
        misconception=found.misconception,
        pattern=found.pattern,
    )
    if exercise.picture is None or first.reply.kind != "value":
        return said
    drawing = exercise.picture(first.args, first.reply.value)
    return replace(said, picture=drawing.svg, picture_text=drawing.text) if drawing else said


def _observed(exercise: Exercise, tried: Tried) -> str:
    """What was seen in this case: the call, the answer, what is off about it."""
    call = f"`{exercise.answer}({', '.join(show(a) for a in tried.args)})`"
    if not tried.off:
        names = argument_names(exercise)
        listed = " and ".join(f"`{names[n]}`" for n in tried.reply.changed)
        return f"{call} gives the right answer, and {listed} is another one afterwards."
    if (
        tried.reply.kind == "value"
        and exercise.observe is not None
        and (own := exercise.observe(tried.args, tried.reply.value))
    ):
        return own
    if exercise.kind == "value":
        name = tried.args[0]
        if tried.reply.kind != "value":
            return f"`{name}`: {tried.off}"
        return f"Your `{name}` is {show(tried.reply.value)}. {tried.off}"
    if not tried.answered:
        return f"{call}: {tried.off}"
    return f"{call} gives {show(tried.reply.value)}. {tried.off}"


def _about_the_gap(reply: Reply) -> str:
    if reply.message:
        return f"Is `{reply.message}` written yet? This exercise calls it."
    return "Is the line `raise NotImplementedError()` still there? Delete it."


def _judge_choice(exercise: Exercise, ask: Ask) -> Judgement:
    reply = ask.value(exercise.answer)
    if reply.kind in ("missing", "unfilled"):
        return not_attempted(exercise, ask, reply)
    key = reply.value.strip().lower() if type(reply.value) is str else ""
    option = exercise.options.get(key)
    if option is None:
        letters = ", ".join(f'"{letter}"' for letter in exercise.options)
        return say(
            exercise,
            Verdict.ERROR,
            opening="No such option",
            observed=f"`{exercise.answer}` is {show(reply.value)}.",
            expected=f"One of {letters}.",
            next_step=AGAIN,
        )
    earned = exercise.points if option.right else 0.0
    return say(
        exercise,
        Verdict.CORRECT if option.right else Verdict.INCORRECT,
        (GroupResult("choice", exercise.points, earned),),
        observed=f"You chose {key}: {option.text}",
        cause=option.feedback,
        next_step="" if option.right else AGAIN,
        misconception=None if option.right else f"option_{key}",
        insight=exercise.insight if option.right else "",
    )


def _judge_written(exercise: Exercise, ask: Ask) -> Judgement:
    """A text is never scored by code: here it is only told apart from an empty or a short one."""
    reply = ask.value(exercise.answer)
    words = len(reply.value.split()) if type(reply.value) is str else 0
    if not words:
        return not_attempted(exercise, ask, Reply("unfilled"))
    if words < WORDS_AT_LEAST:
        return say(
            exercise,
            Verdict.NOT_ATTEMPTED,
            opening="Too short to compare",
            observed=f"Your answer has {words} words.",
            expected=f"{WORDS_AT_LEAST} or more, as each answer in the rubric has.",
            next_step="Write it in a few sentences, run the cell, and check again.",
        )
    return say(
        exercise,
        Verdict.INCONCLUSIVE,
        observed=f"Your answer has {words} words.",
        expected="A person judges it: you against the rubric, or your instructor.",
        next_step=(
            f"Pick the band that fits your answer and say so: "
            f'`check("{exercise.id}", band=1)` to `band={len(exercise.rubric)}`.'
        ),
    )


def _built_on(exercise: Exercise, found: str) -> Judgement:
    return say(
        exercise,
        Verdict.INCORRECT,
        observed=f"`{exercise.answer}` uses `{found}`.",
        expected="This exercise is built from scratch: plain arithmetic and numpy.",
        next_step=f"Write what `{found}` does yourself. {AGAIN}",
    )


def _forbidden(exercise: Exercise, ask: Ask) -> str:
    """The first forbidden name that the answer reads, or ""."""
    for name in ask.uses(exercise.answer) if exercise.forbid else ():
        if any(name == f or name.startswith(f + ".") for f in exercise.forbid):
            return name
    return ""
