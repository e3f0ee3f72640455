"""One function judges every answer: alone, in a class, and in the checker's own tests.

`judge(exercise, ask, seed)` draws the cases from the seed, asks for the learner's answers as plain
data, compares them with the oracle, and names a misconception when the learner's results equal that
wrong answer's and not the right one's. It has no effects of its own.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from quantlab.teach.judging.ask import Ask, Reply
from quantlab.teach.judging.exercise import CaseGroup, Exercise, Misconception
from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict
from quantlab.teach.judging.within import show

AGAIN = "Change the cell, run it, and check again."


@dataclass(frozen=True)
class _Raises:
    """The truth for a case where an answer must stop with this error."""

    error: str
    message: str


@dataclass(frozen=True)
class _Tried:
    """One case after asking: group, arguments, reply, truth, and what differs ("": nothing)."""

    group: CaseGroup
    args: tuple[Any, ...]
    reply: Reply
    want: Any
    off: str


def judge(exercise: Exercise, ask: Ask, seed: int = 0) -> Judgement:
    """Judge one exercise. The same exercise, answers and seed give the same `Judgement`.

    Never raises for anything the learner's code does; an exception that leaves this function is a
    fault of the exercise or of `ask`, and a grader must report it as `grader_error`.
    """
    if exercise.kind == "written":
        return _judge_written(exercise, ask)
    if exercise.kind == "choice":
        return _judge_choice(exercise, ask)
    if exercise.kind == "function" and (found := _forbidden(exercise, ask)):
        return _say(
            exercise,
            Verdict.INCORRECT,
            observed=f"`{exercise.answer}` uses `{found}`.",
            expected="This exercise is built from scratch: plain arithmetic and numpy.",
            next_step=f"Write what `{found}` does yourself. {AGAIN}",
        )
    tried = [
        _try(exercise, ask, group, args) for group in exercise.groups(seed) for args in group.cases
    ]
    if all(t.reply.kind in ("missing", "unfilled") for t in tried):
        return _not_attempted(exercise, ask, tried[0].reply.kind)
    return _weigh(exercise, tried)


def _try(exercise: Exercise, ask: Ask, group: CaseGroup, args: tuple[Any, ...]) -> _Tried:
    """Ask for one case and compare. A value is asked by name, a function is called."""
    by_name = exercise.kind == "value"
    reply = ask.value(args[0]) if by_name else ask.call(exercise.answer, args)
    want = _truth(exercise, args)
    return _Tried(group, args, reply, want, _differs(exercise, args, reply, want))


def _truth(exercise: Exercise, args: tuple[Any, ...]) -> Any:
    assert exercise.oracle is not None, f"exercise {exercise.id} has no oracle"
    try:
        return exercise.oracle(*copy.deepcopy(args))
    except ValueError as refused:
        return _Raises("ValueError", str(refused))


def _differs(exercise: Exercise, args: tuple[Any, ...], reply: Reply, want: Any) -> str:
    """What is off about a reply, in one sentence without the right answer; "" when nothing is."""
    if reply.kind == "raised":
        if isinstance(want, _Raises) and reply.error == want.error:
            return ""
        at = f" in {reply.line}" if reply.line else ""
        said = f": {reply.message}" if reply.message else ""
        return f"The code stopped with {reply.error}{said}{at}."
    if reply.kind == "refused":
        return reply.message
    if reply.kind == "unfilled":
        return "The code reached `raise NotImplementedError()`, the line that marks the gap."
    if reply.kind == "missing":
        return "The name is not defined."
    if isinstance(want, _Raises):
        return f"An error ({want.error}) is expected here, and an answer came back."
    if reply.value is None and want is not None:
        return "Nothing came back."
    return str(exercise.comparator(args)(reply.value, want))


def _weigh(exercise: Exercise, tried: Sequence[_Tried]) -> Judgement:
    """Points per group, the verdict, and the sentences about the first case that is off."""
    groups = tuple(
        GroupResult(g.name, g.points, g.points if all(not t.off for t in of_group) else 0.0)
        # By identity: a group may hold lists and arrays, which have no hash.
        for g in {id(t.group): t.group for t in tried}.values()
        if (of_group := [t for t in tried if t.group is g])
    )
    failing = [t for t in tried if t.off]
    if not failing:
        return _say(exercise, Verdict.CORRECT, groups)
    stopped = all(t.reply.kind in ("raised", "refused", "unfilled", "missing") for t in failing)
    first = failing[0]
    known = _diagnose(exercise, tried, failing)
    said = _say(
        exercise,
        Verdict.ERROR if stopped and known is None else Verdict.INCORRECT,
        groups,
        observed=_observed(exercise, first),
        expected=first.group.expected,
        cause=known.question if known else _plain_cause(first),
        next_step=AGAIN if known else f'Do it by hand. `hint("{exercise.id}")` says where to look.',
        misconception=known.name if known else None,
    )
    if exercise.picture is None or first.reply.kind != "value":
        return said
    drawing = exercise.picture(first.args, first.reply.value)
    return replace(said, picture=drawing.svg, picture_text=drawing.text) if drawing else said


def _observed(exercise: Exercise, tried: _Tried) -> str:
    """What was seen in this case: the call, the answer, what is off about it."""
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
    call = f"`{exercise.answer}({', '.join(show(a) for a in tried.args)})`"
    if tried.reply.kind != "value" or tried.reply.value is None:
        return f"{call}: {tried.off}"
    return f"{call} gives {show(tried.reply.value)}. {tried.off}"


def _plain_cause(tried: _Tried) -> str:
    if tried.reply.kind == "value" and tried.reply.value is None:
        return "Does every path through your function end in `return`?"
    if tried.reply.kind == "unfilled":
        return "Is the line `raise NotImplementedError()` still there? Delete it."
    return ""


def _diagnose(
    exercise: Exercise, tried: Sequence[_Tried], failing: Sequence[_Tried]
) -> Misconception | None:
    """The wrong answer that explains every failing case; of several, the one that agrees most."""
    best: tuple[int, Misconception] | None = None
    for known in exercise.misconceptions:
        if not all(_same_as(exercise, known, t) for t in failing):
            continue
        agrees = sum(_same_as(exercise, known, t) for t in tried)
        if best is None or agrees > best[0]:
            best = (agrees, known)
    return best[1] if best else None


def _same_as(exercise: Exercise, known: Misconception, tried: _Tried) -> bool:
    """Does the learner's reply equal what this wrong answer gives, within the same tolerance?"""
    try:
        wrong = known.wrong(*copy.deepcopy(tried.args))
    except Exception as stopped:  # a wrong answer may stop, and is then recognised by its error
        return tried.reply.kind == "raised" and tried.reply.error == type(stopped).__name__
    if tried.reply.kind != "value" or tried.reply.value is None:
        return False
    return exercise.comparator(tried.args)(tried.reply.value, wrong) == ""


def _judge_choice(exercise: Exercise, ask: Ask) -> Judgement:
    reply = ask.value(exercise.answer)
    if reply.kind in ("missing", "unfilled"):
        return _not_attempted(exercise, ask, reply.kind)
    option = exercise.options.get(reply.value) if type(reply.value) is str else None
    if option is None:
        letters = ", ".join(f'"{key}"' for key in exercise.options)
        return _say(
            exercise,
            Verdict.ERROR,
            observed=f"`{exercise.answer}` is {show(reply.value)}.",
            expected=f"One of {letters}.",
            next_step=AGAIN,
        )
    earned = exercise.points if option.right else 0.0
    return _say(
        exercise,
        Verdict.CORRECT if option.right else Verdict.INCORRECT,
        (GroupResult("choice", exercise.points, earned),),
        observed=f"You chose {reply.value}: {option.text}",
        cause=option.feedback,
        next_step="" if option.right else AGAIN,
        misconception=None if option.right else f"option_{reply.value}",
    )


def _judge_written(exercise: Exercise, ask: Ask) -> Judgement:
    """A text is never scored by code: here it is only told apart from an empty one."""
    reply = ask.value(exercise.answer)
    text = reply.value.strip() if type(reply.value) is str else ""
    if not text:
        return _not_attempted(exercise, ask, "unfilled")
    return _say(
        exercise,
        Verdict.INCONCLUSIVE,
        observed=f"Your answer has {len(text.split())} words.",
        expected="A person judges it: you against the rubric, or your instructor.",
        next_step=(
            f"Pick the band that fits your answer and say so: "
            f'`check("{exercise.id}", band=1)` to `band={len(exercise.rubric)}`.'
        ),
    )


def _not_attempted(exercise: Exercise, ask: Ask, why: str) -> Judgement:
    names = " and ".join(f"`{name}`" for name in exercise.answers)
    if why == "missing":
        observed, step = f"There is no {names} yet.", "Run the exercise cell above, then this one."
    else:
        observed, step = f"The gap in {names} is still empty.", "Fill it, run the cell, and check."
        if _code_above_the_marker(ask.source(exercise.answer)):
            observed = "Your code is there, and `raise NotImplementedError()` still runs after it."
            step = "Delete that line, run the cell, and check again."
    return _say(exercise, Verdict.NOT_ATTEMPTED, observed=observed, next_step=step)


def _say(
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


def _forbidden(exercise: Exercise, ask: Ask) -> str:
    """The first forbidden name that the source of the answer mentions, or ""."""
    source = ask.source(exercise.answer) if exercise.forbid else None
    tree = _parse(source)
    for node in ast.walk(tree) if tree else ():
        for name in _mentioned(node):
            if any(name == f or name.startswith(f + ".") for f in exercise.forbid):
                return name
    return ""


def _mentioned(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Import):
        return tuple(alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return tuple(f"{node.module}.{alias.name}" for alias in node.names)
    if isinstance(node, ast.Name | ast.Attribute):
        return (ast.unparse(node),)
    return ()


def _code_above_the_marker(source: str | None) -> bool:
    """True when a function has statements of its own besides docstring, asserts and the marker."""
    tree = _parse(source)
    if tree is None or not tree.body or not isinstance(tree.body[0], ast.FunctionDef):
        return False
    body = tree.body[0].body
    return any(not isinstance(s, ast.Expr | ast.Assert | ast.Raise | ast.Pass) for s in body)


def _parse(source: str | None) -> ast.Module | None:
    try:
        return ast.parse(source) if source else None
    except SyntaxError:
        return None
