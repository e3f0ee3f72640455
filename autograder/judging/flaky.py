"""Answers that depend on chance: the same questions put again, in new processes.

An answer that draws random numbers, reads the clock or looks at where its objects lie may be right
one time and wrong another. Whether it is so is seen, never guessed: where the text of a submission
names such a source, its cells run again and everything cheap is asked again, the same cases by the
same seed. An answer whose points differ gets none by machine: luck gives none, bad luck takes none,
and a person decides. One that comes out the same each time is left as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nbformat import NotebookNode

from autograder.intake.defined_names import as_python
from autograder.judging.cells import Graded
from autograder.judging.one_exercise import Judged, is_exercise
from quantlab.lessons.catalogue import find
from quantlab.teach.judging.verdict import Judgement, Verdict

#: Asked so many times more. An answer that is right every second time stays hidden in one of
#: 2 ** AGAIN submissions.
AGAIN = 4
#: Of a submission's time, for each run: the first and those after it fit in all of it.
AGAIN_SHARE = 1 / 8
#: A plan is carried out for seconds or minutes, a quiz and a text are not run at all.
CHEAP = frozenset({"function", "value", "choice"})
#: Verdicts that say what an answer is, and not how its process fared on a busy machine.
SAYING = frozenset({"not_attempted", "error", "incorrect", "correct"})

SOURCES = frozenset(
    {"random", "secrets", "uuid", "time", "datetime", "threading", "concurrent", "tempfile"}
    | {"psutil", "resource"}
)
#: Functions that give something else in another process; `empty` is memory as it was found.
DRAWS = frozenset(
    (
        *("SystemRandom", "RandomState", "Random", "default_rng", "urandom", "getrandom", "rand"),
        *("randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "bernoulli"),
        *("multinomial", "empty", "empty_like", "getpid", "id", "hash", "now", "today", "time"),
        *("time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns"),
        *("process_time", "st_ino", "st_mtime", "st_mtime_ns", "getrusage", "object"),
    )
)
#: Files of the system that say something else each time.
FILES = ("/dev/", "/proc/", "/sys/")
#: With a seed they give the same each time.
SEEDED = frozenset({"default_rng", "RandomState", "Random"})


def depends_on_chance(notebook: NotebookNode, release: NotebookNode) -> bool:
    """Whether what the student wrote names a source of chance. It is a reason to look, no more."""
    given = {cell.source for cell in release.cells}
    return any(
        _names_a_source(cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.source not in given
    )


def is_cheap(graded: Graded) -> bool:
    """Whether a graded cell can be asked again in little time."""
    return not graded.written and is_exercise(graded.id) and find(graded.id).kind in CHEAP


def settled(
    first: Mapping[str, Judged], again: Sequence[Mapping[str, Judged]]
) -> dict[str, Judged]:
    """The judgements by cell, with those that differ from run to run marked."""
    return {
        cell: _settled([judged, *(run[cell] for run in again if cell in run)])
        for cell, judged in first.items()
    }


def flags_of_flaky(judged: Mapping[str, Judged]) -> tuple[str, ...]:
    """One flag for each answer that differed."""
    return tuple(
        f"Flaky: {one.result.id} came out otherwise when it was asked the same again."
        for one in judged.values()
        if one.result.flaky
    )


def _settled(runs: Sequence[Judged]) -> Judged:
    first = runs[0]
    said = [run for run in runs if run.result.verdict in SAYING]
    if first.result.verdict not in SAYING or len({_said(run) for run in said}) == 1:
        return first
    points = [run.result.points or 0.0 for run in said]
    if len(set(points)) == 1:  # wrong in more than one way: nobody needs to decide on that
        return replace(first, result=replace(first.result, flaky=True))
    best = max(points)
    observed = (
        f"Asked the same {len(said)} times, it had {best:g} of {first.result.max_points:g} points "
        f"in {points.count(best)} of them and fewer in the others."
    )
    step = "Does it draw random numbers, or read the clock? A person decides on its points."
    whole = first.judgement
    judgement = Judgement(
        *(whole.exercise, whole.title, Verdict.INCONCLUSIVE, 0.0, whole.max_points),
        observed=observed,
        next_step=step,
    )
    result = replace(
        first.result,
        verdict=str(Verdict.INCONCLUSIVE),
        points=None,
        misconception=None,
        pattern="",
        observed=observed,
        next_step=step,
        flaky=True,
    )
    return Judged(judgement, result)


def _said(run: Judged) -> tuple[str, float | None]:
    return run.result.verdict, run.result.points


def _names_a_source(source: str) -> bool:
    try:
        tree = ast.parse(as_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    seeded = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (node.args or node.keywords)
        and _name(node.func) in SEEDED
        for part in ast.walk(node.func)
    }
    return any(_is_source(node) for node in ast.walk(tree) if id(node) not in seeded)


def _is_source(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in SOURCES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        return (node.module or "").partition(".")[0] in SOURCES or bool(names & (SOURCES | DRAWS))
    if isinstance(node, ast.Constant):  # what importlib and getattr are given
        text = node.value if isinstance(node.value, str) else ""
        return text in SOURCES or text.startswith(FILES)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in DRAWS
    return isinstance(node, ast.Attribute) and node.attr in DRAWS | {"random"}


def _name(node: ast.AST) -> str:
    return str(getattr(node, "attr", None) or getattr(node, "id", ""))
