"""Is a checker any good? It must accept what is right, reject what is wrong, and say why.

A checker is code, and it ships with its own tests: the reference, right answers written
differently, and wrong answers that run. `autograder lint` and the test suite call the same
functions here.
"""

from __future__ import annotations

import ast
import doctest
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.judge import WORDS_AT_LEAST, judge
from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.source import SourceCell, without_markers

MISCONCEPTIONS_AT_LEAST = 5
ALTERNATIVES_AT_LEAST = 3


@dataclass(frozen=True)
class Unread(LocalAsk):
    """Asks wrong answers from the specification itself: only what they give is judged."""

    def source(self, name: str) -> str | None:
        return None

    def uses(self, name: str) -> tuple[str, ...]:
        return ()


def reference_namespace(cells: Sequence[SourceCell]) -> dict[str, Any]:
    """The names after a learner solved everything: the lesson's imports, then each solved cell."""
    names: dict[str, Any] = {"__name__": "lesson"}
    for statement in _imports(cells):
        exec(statement, names)
    for cell in cells:
        if cell.tag and cell.tag.kind in ("exercise", "written"):
            exec(compile(without_markers(cell.source), f"exercise {cell.tag.id}", "exec"), names)
    return names


def stub_namespace(cells: Sequence[SourceCell], stubs: Mapping[str, str]) -> dict[str, Any]:
    """The names in a student copy where nothing was solved; `stubs` maps an id to its cell."""
    names: dict[str, Any] = {"__name__": "lesson"}
    for statement in _imports(cells):
        exec(statement, names)
    for id, stub in stubs.items():
        exec(compile(stub, f"stub {id}", "exec"), names)
    return names


def _imports(cells: Sequence[SourceCell]) -> Iterator[str]:
    for cell in cells:
        if cell.cell_type == "code" and (not cell.tag or cell.tag.kind == "demo"):
            for node in ast.parse(_without_magics(cell.source)).body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield ast.unparse(node)


def _without_magics(source: str) -> str:
    return "\n".join(row for row in source.splitlines() if not row.lstrip().startswith(("%", "!")))


def specification_problems(exercise: Exercise, seeds: Sequence[int]) -> Iterator[str]:
    """Points that do not sum, hints that are missing, misconceptions that ask no question."""
    for seed in seeds:
        worth = sum(group.points for group in exercise.groups(seed))
        if exercise.kind in ("function", "value") and worth != exercise.points:
            yield f"its case groups are worth {worth:g} points; it says {exercise.points:g}."
            break
    if exercise.kind == "plan" and (worth := sum(t.points for t in exercise.targets)) != (
        exercise.points
    ):
        yield f"its targets are worth {worth:g} points; it says {exercise.points:g}."
    if exercise.kind == "function" and len(exercise.groups(0)) < 2:
        yield "it has one case group, so it gives no partial credit."
    bands = [band.points for band in exercise.rubric]
    if exercise.kind == "written" and bands[0] != exercise.points:
        yield "its best band is not worth its points."
    if bands != sorted(bands, reverse=True):
        yield "its bands do not run from the best to the worst."
    if not 1 <= exercise.difficulty <= 5 or not 1 <= exercise.importance <= 5:
        yield "its difficulty and importance are not from 1 to 5."
    if len(set(exercise.hints)) != 3 or not all(exercise.hints):
        yield "it needs three different hints."
    if exercise.kind != "written" and not exercise.insight.strip():
        yield "it says nothing to a right answer: write its `insight` in one sentence."
    if unsaid := [name for name in exercise.values if not exercise.asks.get(name)]:
        yield f"`asks` lacks the property of {', '.join(unsaid)}."
    for band in exercise.rubric:
        if (words := len(band.model_answer.split())) < WORDS_AT_LEAST:
            yield (
                f"the model answer of its {band.points:g}-point band has {words} words; a text "
                f"opens the rubric from {WORDS_AT_LEAST}."
            )
    if len({m.name for m in exercise.misconceptions}) != len(exercise.misconceptions):
        yield "two of its misconceptions have the same name."
    for wrong in exercise.misconceptions:
        if not wrong.question.rstrip().endswith("?"):
            yield f"the misconception {wrong.name} does not end in a question."
    for key, option in exercise.options.items():
        if not option.right and not option.feedback.rstrip().endswith("?"):
            yield f"option {key} is wrong and its feedback does not end in a question."
    if exercise.kind == "choice" and not any(o.right for o in exercise.options.values()):
        yield "none of its options is right."
    tried = exercise.kind in ("function", "plan")
    if tried and len(exercise.misconceptions) < MISCONCEPTIONS_AT_LEAST:
        few = len(exercise.misconceptions)
        yield f"it has {few} misconceptions; expected are {MISCONCEPTIONS_AT_LEAST} or more."


def misconception_problems(exercise: Exercise, seeds: Sequence[int]) -> Iterator[str]:
    """A wrong answer that is accepted, or that is called by another's name."""
    for wrong in exercise.misconceptions:
        for seed in _needed(exercise, seeds):
            said = judge(exercise, Unread(as_answer(exercise, wrong.wrong)), seed)
            if said.passed:
                yield f"the wrong answer {wrong.name} is accepted (seed {seed})."
                break
            if said.misconception != wrong.name:
                other = f"named {said.misconception}" if said.misconception else None
                how = other or "not named: another one gives the same"
                yield f"the wrong answer {wrong.name} is {how} (seed {seed})."
                break


def _needed(exercise: Exercise, seeds: Sequence[int]) -> Sequence[int]:
    """One seed for a plan: it is tried on the same scenes whatever the seed."""
    return seeds[:1] if exercise.kind == "plan" else seeds


def as_answer(exercise: Exercise, wrong: Callable[..., Any]) -> dict[str, Any]:
    """The names in a notebook whose learner holds this misconception."""
    if exercise.kind == "value":
        return {name: wrong(name) for name in exercise.values}
    if exercise.kind == "plan":
        return {exercise.answer: wrong()}
    return {exercise.answer: wrong}


def reference_problems(
    exercise: Exercise, names: Mapping[str, Any], seeds: Sequence[int]
) -> Iterator[str]:
    """A reference solution that does not get every point."""
    for seed in _needed(exercise, seeds):
        said = judge(exercise, LocalAsk(names), seed)
        full = said.verdict in (Verdict.CORRECT, Verdict.INCONCLUSIVE)
        full = full and (exercise.kind == "written" or said.points == exercise.points)
        if not full:
            yield f"the reference is {said.verdict} (seed {seed}): {said.observed}"
            break


def alternative_problems(
    exercise: Exercise, alternatives: Sequence[Callable[..., Any]], seeds: Sequence[int]
) -> Iterator[str]:
    """A right answer, written differently, that the checker rejects; or too few of them."""
    if exercise.kind in ("function", "plan") and len(alternatives) < ALTERNATIVES_AT_LEAST:
        few = len(alternatives)
        yield f"it has {few} alternative right answers; expected are {ALTERNATIVES_AT_LEAST}."
    for answer in alternatives:
        given = answer() if exercise.kind == "plan" else answer
        for seed in _needed(exercise, seeds):
            said = judge(exercise, LocalAsk({exercise.answer: given}), seed)
            if not said.passed:
                yield f"the right answer {answer.__name__} is {said.verdict}: {said.observed}"
                break


def stub_problems(exercise: Exercise, names: Mapping[str, Any]) -> Iterator[str]:
    """An empty gap must be told apart from a wrong answer, and give nothing."""
    said = judge(exercise, LocalAsk(names))
    if said.verdict is not Verdict.NOT_ATTEMPTED or said.points != 0:
        yield f"the empty stub is {said.verdict} with {said.points:g} points."
    elif "still empty" not in said.observed:
        yield f"the empty stub is not seen as empty: {said.observed}"


def doctest_problems(exercise: Exercise, names: Mapping[str, Any]) -> Iterator[str]:
    """A docstring example that does not run as it stands."""
    answer = names.get(exercise.answer)
    if exercise.kind != "function" or answer is None:
        return
    examples = doctest.DocTestParser().get_doctest(
        answer.__doc__ or "", dict(names), exercise.answer, None, None
    )
    if not examples.examples:
        yield "its docstring has no example."
    printed = io.StringIO()
    if doctest.DocTestRunner(verbose=False).run(examples, out=printed.write).failed:
        yield f"its docstring example fails: {printed.getvalue().strip()}"
