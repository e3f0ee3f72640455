"""`autograder lint`: is the course fit for students? Every rule here stands for a defect of a peer.

Rules on a lesson's shape stand here, rules on a checker in `autograder.authoring.quality`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.alternatives import alternatives_of
from autograder.authoring.instructor import exercise_ids, lesson_sources
from autograder.authoring.predictions import prediction_problems
from autograder.authoring.quality import (
    alternative_problems,
    doctest_problems,
    misconception_problems,
    reference_namespace,
    reference_problems,
    specification_problems,
    stub_namespace,
    stub_problems,
)
from autograder.authoring.side_by_side import side_by_side
from autograder.authoring.template import length_problems, minutes_problems, verb_problems
from autograder.batch.pool import workers_for
from quantlab.base.progress import counting
from quantlab.lessons.catalogue import all_exercises, find, lesson_of
from quantlab.teach.source import REGION, SourceCell, read_lesson

EPILOG = """exit codes: 0 fit · 1 problems found · 2 the course cannot be read

example:
  autograder lint --json
  autograder lint --mutants
"""

SPINE = (
    "promise", "measure", "idea", "by-hand", "break", "explore", "quiz", "explain", "have", "next",
)  # fmt: skip
#: The explorer stands at its idea. "break" is for one whose idea takes all exercises to reach.
EXPLORE_AFTER = ("idea", "by-hand", "break")
SEEDS = (0, 1, 2)
#: What a worker holds at most: torch, a runtime, and the scenes that a plan is tried on.
WORKER_MIB = 1_024
#: Fewer exercises are judged sooner than another Python has started.
FEWEST_SHARED = 8


@dataclass(frozen=True)
class Problem:
    """One thing to mend: the lesson, the exercise ("" for the lesson itself), and a sentence."""

    lesson: str
    exercise: str
    problem: str


@dataclass(frozen=True)
class LintReport:
    """What was looked at, in counts, and every problem found."""

    lessons: int
    exercises: int
    misconceptions: int
    alternatives: int
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, object]:
        return {"ok": not self.problems} | asdict(self)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--mutants",
        action="store_true",
        help="make wrong answers by machine, and count which of them each checker rejects",
    )


def run(args: argparse.Namespace) -> int:
    from quantlab.learn.course import course_root

    if args.mutants:
        from autograder.authoring.mutation_score import report as mutation_report

        return mutation_report(course_root(), args.json)
    try:
        report = lint(course_root())
    except (FileNotFoundError, ValueError) as said:
        print(f"autograder lint: {said}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(report.to_dict()))
    else:
        for p in report.problems:
            print(f"{p.lesson}{' ' + p.exercise if p.exercise else ''}: {p.problem}")
        print(
            f"{report.lessons} lessons, {report.exercises} exercises, {report.misconceptions} "
            f"misconceptions, {report.alternatives} alternatives: {len(report.problems)} problems."
        )
    return 1 if report.problems else 0


def lint(root: Path) -> LintReport:
    """Every rule over every lesson of the course at `root`. Reads only.

    Takes seconds, and minutes for the plans, which are carried out.
    """
    sources = lesson_sources(root)
    problems: list[Problem] = []
    alternatives = 0
    for path in sources:
        alternatives += sum(len(answers) for answers in alternatives_of(path.parent).values())
        problems += _lesson_problems(path, root)
    problems += _exercise_problems(sources, root)
    known = all_exercises()
    used = {id for path in sources for id in exercise_ids(read_lesson(path))}
    problems += [
        Problem(f"lesson {e.lesson:02d}", e.id, "no lesson asks it.")
        for e in known
        if e.id not in used
    ]
    return LintReport(
        len(sources),
        len(known),
        sum(len(e.misconceptions) for e in known),
        alternatives,
        tuple(problems),
    )


def _lesson_problems(path: Path, root: Path) -> Iterator[Problem]:
    name, cells = path.stem, read_lesson(path)
    for said in (
        *_room_problems(name),
        *_spine(name, cells),
        *minutes_problems(name, cells),
        *verb_problems(cells),
        *length_problems(cells),
        *prediction_problems(name, cells),
        *_pairs(cells),
    ):
        yield Problem(name, "", said)
    copy = _copy_of(path, root)
    if not copy.exists():
        yield Problem(name, "", "there is no student copy. Run `autograder build`.")
        return
    for said in _student_copy(copy, cells):
        yield Problem(name, "", said)


def _room_problems(name: str) -> Iterator[str]:
    """A lesson has a room, and what lies in it can be read."""
    room = lesson_of(name)
    if room is None:
        yield "there is no room for it in quantlab/lessons; make one, as for the other lessons."
        return
    try:
        _ = room.glossary
    except ValueError as said:
        yield f"{said}"
    if not (room.folder / "quiz.yaml").is_file():
        return
    try:
        quiz = room.quiz
    except ValueError as said:
        yield f"{said}"
        return
    if quiz.id != name:
        yield f"quiz.yaml says id: {quiz.id}; expected is the lesson's own name, {name}."


def _spine(name: str, cells: tuple[SourceCell, ...]) -> Iterator[str]:
    """A lesson opens with what it promises and measures the problem before it names the cure."""
    seen = list(dict.fromkeys(cell.spine for cell in cells if cell.spine))
    if unknown := [key for key in seen if key not in SPINE]:
        yield f"{unknown} is no part of a lesson's spine; expected are {', '.join(SPINE)}."
    fixed = [key for key in seen if key != "explore"]
    if fixed != sorted(fixed, key=lambda key: SPINE.index(key) if key in SPINE else -1):
        yield f"its spine runs {', '.join(seen)}; expected is the order {', '.join(SPINE)}."
    before = seen[seen.index("explore") - 1] if "explore" in seen[1:] else None
    if before and before not in EXPLORE_AFTER:
        yield f"its explorer comes after {before}; expected is after idea, by-hand or break."
    numbered = name[:2].isdigit() and name[:2] != "00"
    if numbered and (missing := [key for key in SPINE if key not in seen]):
        yield f"its spine lacks {', '.join(missing)}."


def _pairs(cells: tuple[SourceCell, ...]) -> Iterator[str]:
    """The check stands in the very next cell, with the points that the exercise is worth."""
    for here, after in zip(cells, (*cells[1:], None), strict=True):
        if not here.tag or here.tag.kind not in ("exercise", "written"):
            continue
        id = here.tag.id
        if after is None or not after.tag or (after.tag.kind, after.tag.id) != ("check", id):
            yield f"the cell after {here.tag.kind} {id} is not its check."
            continue
        points = here.points if here.tag.kind == "written" else after.points
        if points != find(id).points:
            yield f"{id} gives {points} points in the lesson and {find(id).points} in its exercise."


def _student_copy(copy: Path, cells: tuple[SourceCell, ...]) -> Iterator[str]:
    """No solution, no output, no widget state, no unfilled number reaches a student."""
    notebook = nbformat.read(copy, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    for hidden in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "{{", "}}"):
        if hidden in "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown"):
            yield f'its student copy shows "{hidden}".'
    for cell in cells:
        for region in REGION.findall(cell.source):
            if region.strip() in text:
                id = cell.tag.id if cell.tag else "a cell"
                yield f"its student copy contains the solution of {id}."
    if any(c.get("outputs") or c.get("execution_count") for c in notebook.cells):
        yield "its student copy has outputs."
    if "widgets" in notebook.metadata:
        yield "its student copy has widget state."


def _exercise_problems(sources: Sequence[Path], root: Path) -> list[Problem]:
    """What is wrong with the exercises, lesson by lesson: each is judged in one of some processes.

    Those that may take longest come first, so that no process waits for the last one.
    """
    asked = [
        (path, id)
        for path in sources
        if _copy_of(path, root).exists()
        for id in exercise_ids(read_lesson(path))
    ]
    longest_first = sorted(asked, key=lambda each: -find(each[1]).seconds)
    pieces = [(path, _copy_of(path, root), id) for path, id in longest_first]
    found: dict[tuple[Path, str], tuple[Problem, ...]] = {}
    with counting("exercises", len(pieces), shown=sys.stderr.isatty()) as done:
        workers = workers_for(WORKER_MIB) if len(pieces) >= FEWEST_SHARED else 1
        judged = side_by_side(_problems_of, pieces, workers)
        for each, problems in zip(longest_first, judged, strict=True):
            found[each] = problems
            done(each[1])
    return [problem for each in asked for problem in found[each]]


def _copy_of(path: Path, root: Path) -> Path:
    return root / "notebooks" / path.stem / f"{path.stem}.ipynb"


def _problems_of(piece: tuple[Path, Path, str]) -> tuple[Problem, ...]:
    """One exercise, given by its lesson's source and student copy and by its id."""
    path, copy, id = piece
    exercise, others = find(id), alternatives_of(path.parent)
    solved, empty = _namespaces(path, copy)
    said = (
        *specification_problems(exercise, SEEDS),
        *misconception_problems(exercise, SEEDS),
        *reference_problems(exercise, solved, SEEDS),
        *alternative_problems(exercise, others.get(id, ()), SEEDS),
        *stub_problems(exercise, empty),
        *doctest_problems(exercise, solved),
    )
    return tuple(Problem(path.stem, id, problem) for problem in said)


@cache
def _namespaces(path: Path, copy: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The names of a lesson where everything is solved, and where nothing is."""
    cells = read_lesson(path)
    return reference_namespace(cells), stub_namespace(cells, stubs_of(copy))


def stubs_of(copy: Path) -> dict[str, str]:
    """The gaps of a student copy as nbgrader left them, by nbgrader's id."""
    notebook = nbformat.read(copy, as_version=4)
    return {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
