"""`autograder lint --mutants`: how many wrong answers does each checker reject, on every seed?

Wrong answers are made by machine from the reference (`autograder.authoring.mutants`) and written by
hand (the misconceptions). One that gets full points survives; one whose points change with the seed
is judged by chance, and a learner who passes at home may then lose points in class.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from autograder.authoring.instructor import lesson_sources
from autograder.authoring.mutants import AROUND, Mutant, mutants_of
from autograder.authoring.quality import Unread, as_answer, reference_namespace
from quantlab.base.time_limit import TimeIsUp, time_limit
from quantlab.lessons.catalogue import find
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.judge import ask_all, group_results, questions
from quantlab.teach.judging.tried import Tried
from quantlab.teach.source import read_lesson, without_markers

SEEDS = range(20)
REJECTED_AT_LEAST = 0.98
#: A mutant that runs this long on one seed never ends; a reference takes milliseconds.
SECONDS = 2.0


@dataclass(frozen=True)
class Score:
    """One exercise: how many wrong answers were rejected on every seed, and which were not.

    `survived` got full points on every seed, `by_chance` different points on different seeds.
    `equal` maps a change that changes nothing to the reason; `stale` are listed there and wrong.
    """

    exercise: str
    rejected: int
    survived: tuple[str, ...]
    by_chance: tuple[str, ...]
    equal: Mapping[str, str]
    stale: tuple[str, ...]

    @property
    def tried(self) -> int:
        return self.rejected + len(self.survived) + len(self.by_chance)

    @property
    def fit(self) -> bool:
        share = self.rejected / self.tried if self.tried else 1.0
        return share >= REJECTED_AT_LEAST and not self.by_chance and not self.stale


def report(root: Path, as_json: bool) -> int:
    """Print the scores of every exercise; returns the exit code, 1 where one is not fit."""
    scores = tuple(scores_of(root))
    if as_json:
        found = {"ok": all(s.fit for s in scores), "exercises": [_plain(s) for s in scores]}
        print(json.dumps(found, ensure_ascii=False))
        return 0 if found["ok"] else 1
    print("exercise  rejected  survived  by chance  equal")
    for s in scores:
        row = f"{s.rejected:8}  {len(s.survived):8}  {len(s.by_chance):9}  {len(s.equal):5}"
        print(f"{s.exercise:8}  {row}")
        for what, changes in (
            ("survives", s.survived),
            ("judged by chance", s.by_chance),
            ("listed as equal, and is not", s.stale),
        ):
            for change in changes:
                print(f"          {what}: {change}")
    rejected, tried = sum(s.rejected for s in scores), sum(s.tried for s in scores)
    share = 100 * rejected / tried if tried else 100.0
    print(
        f"{rejected} of {tried} wrong answers rejected on all {len(SEEDS)} seeds ({share:.1f} %)."
    )
    return 0 if all(s.fit for s in scores) else 1


def _plain(score: Score) -> dict[str, Any]:
    return asdict(score) | {"tried": score.tried, "fit": score.fit}


def scores_of(root: Path) -> Iterator[Score]:
    """The score of every exercise that is judged by cases or values, lesson by lesson."""
    for path in lesson_sources(root):
        cells = read_lesson(path)
        listed = _equal_in(path.parent)
        solved: Mapping[str, Any] | None = None
        for cell in cells:
            if cell.tag and cell.tag.kind == "exercise":
                exercise = find(cell.tag.id)
                if exercise.kind in ("function", "value"):
                    solved = solved or reference_namespace(cells)
                    source = without_markers(cell.source)
                    yield score(exercise, source, solved, listed.get(exercise.id, {}))


def _equal_in(folder: Path) -> dict[str, dict[str, str]]:
    """Changes that change nothing, by exercise, each with its reason: `equivalent.yaml`."""
    path = folder / "equivalent.yaml"
    if not path.exists():
        return {}
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {})


def score(
    exercise: Exercise, source: str, solved: Mapping[str, Any], equal: Mapping[str, str]
) -> Score:
    """Judge every wrong answer to one exercise on every seed."""
    cases = [questions(exercise, seed) for seed in SEEDS]
    function = exercise.answer if exercise.kind == "function" else ""
    made = mutants_of(source, function, solved, cases[0][0].args if function else ())
    wrong: dict[str, Callable[[], Mapping[str, Any]]] = {
        m.change: m.make for m in made if _can_differ(m, cases[0])
    }
    for known in exercise.misconceptions:
        wrong[known.name] = partial(as_answer, exercise, known.wrong)
    sorted_out: dict[str, list[str]] = {"rejected": [], "survived": [], "by chance": []}
    for change, make in wrong.items():
        sorted_out[_outcome(exercise, make, cases)].append(change)
    survived = [c for c in sorted_out["survived"] if c not in equal]
    stale = [c for c in equal if c not in sorted_out["survived"]]
    return Score(
        exercise.id,
        len(sorted_out["rejected"]),
        tuple(survived),
        tuple(sorted_out["by chance"]),
        dict(equal),
        tuple(stale),
    )


def _outcome(
    exercise: Exercise,
    make: Callable[[], Mapping[str, Any]],
    cases: Sequence[Sequence[Tried]],
) -> str:
    try:
        with time_limit(SECONDS):
            names = make()
    except (Exception, TimeIsUp):
        return "rejected"  # the cell stops before there is anything to judge
    earned = {_earned(exercise, names, of_seed) for of_seed in cases}
    if len(earned) > 1:
        return "by chance"
    return "survived" if sum(earned.pop()) == exercise.points else "rejected"


def _earned(
    exercise: Exercise, names: Mapping[str, Any], cases: Sequence[Tried]
) -> tuple[float, ...]:
    """The points of each group; none where the answer never ends."""
    try:
        with time_limit(SECONDS):
            return tuple(g.earned for g in group_results(ask_all(exercise, Unread(names), cases)))
    except TimeIsUp:
        return (0.0,)


def _can_differ(mutant: Mutant, cases: Sequence[Tried]) -> bool:
    """Not when it changes a kind of argument or result that this exercise does not have."""
    kinds = {np.asarray(part).dtype.kind for case in cases for part in _parts(case.want)}
    given = any(isinstance(arg, np.ndarray | list) for case in cases for arg in case.args)
    needs = {"int": "iu", "float16": "f"}
    if mutant.change == AROUND[0][0]:
        return given
    for word, of_kinds in needs.items():
        if mutant.change.startswith(f"the result in {word}"):
            return bool(kinds & set(of_kinds))
    return True


def _parts(want: Any) -> tuple[Any, ...]:
    return want if isinstance(want, tuple) else (want,)
