"""Why an answer is off: the misconception that explains everything seen, or the pattern of it.

A misconception is named only when its wrong answer agrees with the learner's on *every* case, the
passing ones too. Where two of them do, the card says both and names neither. Where none does, it
says what pattern the answers have against the right ones; a wrong diagnosis is worse than none.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from quantlab.teach.judging.exercise import Exercise, Misconception
from quantlab.teach.judging.parts import find_in_parts
from quantlab.teach.judging.patterns import cut_digits, direction, find_pattern
from quantlab.teach.judging.seen import Pattern, Seen
from quantlab.teach.judging.splits import find_split
from quantlab.teach.judging.tried import Raises, Tried
from quantlab.teach.judging.within import Within


@dataclass(frozen=True)
class Diagnosis:
    """`misconception` or `pattern` is a name for the record; `cause` is what the card says."""

    cause: str = ""
    misconception: str | None = None
    pattern: str = ""


def diagnose(exercise: Exercise, tried: Sequence[Tried]) -> Diagnosis:
    """What explains the answers of an exercise of which at least one case fails."""
    seen = [t for t in tried if not t.empty]
    found = _of_numbers(exercise, seen) if any(t.off for t in seen) else Diagnosis()
    if any(t.reply.changed for t in seen):
        said = f"{found.cause} {_about_changes(exercise, seen)}".strip()
        return replace(found, cause=said, pattern=found.pattern or "in_place")
    return found


def _of_numbers(exercise: Exercise, seen: Sequence[Tried]) -> Diagnosis:
    fitting = [known for known in exercise.misconceptions if _explains(exercise, known, seen)]
    cut = _cut_short(seen) if exercise.kind == "value" else ""
    causes = [*(known.question for known in fitting), *([cut] if cut else [])]
    if len(causes) > 1:
        return Diagnosis(f"{len(causes)} things would give exactly this. {' Or: '.join(causes)}")
    if fitting:
        return Diagnosis(fitting[0].question, misconception=fitting[0].name)
    if cut:
        return Diagnosis(cut, pattern="cut_digits")
    if cast := _in_the_right_dtype(exercise, seen):
        found = _of_numbers(exercise, cast)
        return replace(found, cause=f"The dtype is another one. Apart from that: {found.cause}")
    off = [t for t in seen if t.off]
    nothing = all(t.reply.kind == "value" and t.reply.value is None for t in off)
    if nothing and exercise.kind == "function":
        return Diagnosis("Does every path through your function end in `return`?", pattern="none")
    if pattern := _pattern(exercise, seen):
        return Diagnosis(pattern.sentence, pattern=pattern.name)
    first = off[0]
    return Diagnosis(_tally(exercise, seen) if first.reply.kind == "value" else "")


def _in_the_right_dtype(exercise: Exercise, seen: Sequence[Tried]) -> list[Tried]:
    """The same numbers in the dtype that is expected; none where this changes nothing or mends all.

    A sum that numpy widened is off everywhere, and a mistake in its numbers would not be seen.
    """
    cast = []
    for t in seen:
        got, want = t.reply.value, t.want
        if type(got) is not np.ndarray or type(want) is not np.ndarray or got.dtype == want.dtype:
            return []
        with np.errstate(invalid="ignore"):  # NaN has no integer, and is not equal to one either
            as_wanted = got.astype(want.dtype)
        if got.shape != want.shape or not np.array_equal(as_wanted, got):
            return []
        off = str(exercise.comparator(t.args)(as_wanted, want))
        cast.append(replace(t, reply=replace(t.reply, value=as_wanted), off=off))
    right = sum(not t.off for t in cast)
    return cast if sum(not t.off for t in seen) < right < len(cast) else []


def _tally(exercise: Exercise, seen: Sequence[Tried]) -> str:
    """Where nothing more can be said: what is right."""
    right = [t for t in seen if not t.off]
    if exercise.kind == "value":
        names = " and ".join(f"`{t.args[0]}`" for t in right)
        return f"{names} {'is' if len(right) == 1 else 'are'} right." if right else "None is right."
    if not right:
        return "No case is right. Does the example in the docstring come out, and one on paper?"
    are = "is" if len(right) == 1 else "are"
    return f"{len(right)} of {len(seen)} cases {are} right. What do the others ask for besides?"


def _explains(exercise: Exercise, known: Misconception, seen: Sequence[Tried]) -> bool:
    return all(_same_as(exercise, known, t) for t in seen)


def _same_as(exercise: Exercise, known: Misconception, tried: Tried) -> bool:
    """Does the learner's reply equal what this wrong answer gives, but for roundings?"""
    try:
        wrong = known.wrong(*copy.deepcopy(tried.args))
    except Exception as stopped:  # a wrong answer may stop, and is then recognised by its error
        return tried.reply.kind == "raised" and tried.reply.error == type(stopped).__name__
    if not tried.answered:
        return False
    within: Within = exercise.comparator(tried.args)
    if isinstance(tried.want, Raises):
        return within(tried.reply.value, wrong) == ""
    if not tried.off:  # a right answer: the wrong one must be right here too
        return within(wrong, tried.want) == ""
    return within(wrong, tried.want) != "" and within.alike(tried.reply.value, wrong, tried.want)


def _about_changes(exercise: Exercise, seen: Sequence[Tried]) -> str:
    names = argument_names(exercise)
    changed = next(t.reply.changed for t in seen if t.reply.changed)
    listed = " and ".join(f"`{names[n]}`" for n in changed)
    belong = "belongs" if len(changed) == 1 else "belong"
    given = next(t.args[changed[0]] for t in seen if t.reply.changed)
    how = (
        "`sorted(c)` makes a new list; `c.sort()` and `c.append(v)` change the old one."
        if isinstance(given, list)
        else "`x / s` makes a new array; `x /= s` and `out=x` write into the old one."
    )
    return (
        f"The call writes into {listed}, which {belong} to the caller: whoever uses it next gets "
        f"other numbers. {how} Which line writes, here or in a function that it calls?"
    )


def _cut_short(seen: Sequence[Tried]) -> str:
    """A value that is the right one with too few digits left."""
    for t in seen:
        numbers = type(t.reply.value) in (int, float) and isinstance(t.want, int | float)
        if t.off and t.answered and numbers:
            digits = cut_digits(float(t.reply.value), float(t.want))
            if digits is not None and digits > 0 and all(not o.off for o in seen if o is not t):
                many = f"{digits} decimal{'s' * (digits > 1)}"
                return f"`{t.args[0]}` has {many}. Are more of them needed here?"
    return ""


def _pattern(exercise: Exercise, seen: Sequence[Tried]) -> Pattern | None:
    """The pattern of single answers, of the parts of a tuple, or of the cases that are right."""
    if exercise.kind == "value":
        return _of_values(seen)
    names = argument_names(exercise)
    args = [dict(zip(names, t.args, strict=True)) for t in seen]
    cases = [
        Seen(a, t.reply.value, t.want, bool(t.off), exercise.answer)
        for a, t in zip(args, seen, strict=True)
    ]
    asked = [c for c, t in zip(cases, seen, strict=True) if not isinstance(t.want, Raises)]
    found = None
    if all(t.answered for t in seen) and asked:
        withins = [exercise.comparator(t.args) for t in seen if not isinstance(t.want, Raises)]
        of_tuple = isinstance(asked[0].want, tuple)
        found = find_in_parts(asked, withins) if of_tuple else find_pattern(asked)
    return found or find_split(cases) or _of_groups(seen) or direction(asked)


def _of_values(seen: Sequence[Tried]) -> Pattern | None:
    for t in seen:
        if t.off and t.answered:
            found = find_pattern([Seen({}, t.reply.value, t.want, True, t.args[0])])
            if found:
                return Pattern(found.name, f"`{t.args[0]}`: {found.sentence}")
    return None


def _of_groups(seen: Sequence[Tried]) -> Pattern | None:
    """Some groups of cases hold, others do not."""
    groups = {id(t.group): t.group for t in seen}
    failing = {id(t.group) for t in seen if t.off}
    right = [g.name for key, g in groups.items() if key not in failing]
    if not right:
        return None
    off = [g.name for key, g in groups.items() if key in failing]
    ok, wrong = (" and ".join(f"“{name}”" for name in side) for side in (right, off))
    return Pattern("group", f"It holds for {ok} and not for {wrong}. What is different there?")


def argument_names(exercise: Exercise) -> list[str]:
    """The names of the arguments, as the exercise's own oracle calls them."""
    assert exercise.oracle is not None, f"exercise {exercise.id} has no oracle"
    return list(inspect.signature(exercise.oracle).parameters)
