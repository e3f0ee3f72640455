"""The terminal tables of the `quantlab` command, made to read well at 80 columns.

Colour never speaks alone: each mark has its word beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from quantlab.teach.judging.verdict import Verdict

if TYPE_CHECKING:
    from quantlab.learn.doctor import Line
    from quantlab.learn.notebook_results import Result
    from quantlab.learn.status import Row, Status

# Words tell, weight helps, and no colour: a notebook's own green and yellow are too faint to read.
STYLE = {"ok": "", "warning": "bold", "problem": "bold"}
VERDICT_STYLE = {Verdict.CORRECT: "bold", Verdict.NOT_ATTEMPTED: "dim"}


def _table(*, title: str | None = None) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def _points(points: float, most: float) -> str:
    return f"{points:g}/{most:g}"


def _words(verdict: Verdict | None, written: bool) -> Text:
    """A verdict as words, such as "not attempted"; a dash before the first try."""
    if verdict is None:
        return Text("–", style="dim")
    if written and verdict is Verdict.INCONCLUSIVE:
        return Text("yours to judge")
    return Text(str(verdict).replace("_", " "), style=VERDICT_STYLE.get(verdict, ""))


def show_status(console: Console, status: Status) -> None:
    """One table per lesson, the quizzes, the total, and the next step."""
    for lesson, rows in groupby(status.rows, key=lambda row: row.lesson):
        console.print(_lesson_table(lesson, list(rows)))
    if status.quizzes:
        table = _table(title="Quizzes")
        table.add_column("quiz", ratio=1)
        table.add_column("best", justify="right")
        table.add_column("runs", justify="right")
        for quiz in status.quizzes:
            table.add_row(quiz.quiz, _points(quiz.points, quiz.max_points), str(quiz.runs))
        console.print(table)
    console.print(
        f"[bold]{escape(status.user)}[/bold]: {_points(status.points, status.max_points)} points. "
        f"{escape(status.next_step)}",
        highlight=False,
    )


def _lesson_table(lesson: int, rows: Sequence[Row]) -> Table:
    earned = sum(row.standing.points for row in rows)
    most = sum(row.max_points for row in rows)
    done = sum(row.standing.done for row in rows)
    table = _table(
        title=f"Lesson {lesson:02d} · {done} of {len(rows)} done · {_points(earned, most)} points"
    )
    table.expand = True
    table.add_column("", no_wrap=True)
    table.add_column("exercise", ratio=1)
    for name in ("points", "tries", "hints"):
        table.add_column(name, justify="right")
    table.add_column("last verdict", min_width=14, no_wrap=True)
    for row in rows:
        standing = row.standing
        table.add_row(
            Text("✓ done", style="bold") if standing.done else Text("· open", style="dim"),
            escape(f"{row.exercise} {row.title}"),
            _points(standing.points, row.max_points),
            str(standing.attempts),
            f"{standing.hints}{' + sol.' if standing.solution_opened else ''}",
            _words(standing.last, row.written),
        )
    return table


def show_results(console: Console, title: str, results: Sequence[Result]) -> None:
    """One line per exercise after a run: verdict, points, and what to do next."""
    table = _table(title=title)
    table.expand = True
    table.add_column("exercise", ratio=2)
    table.add_column("verdict", min_width=14, no_wrap=True)
    table.add_column("points", justify="right")
    table.add_column("what next", ratio=3)
    for result in results:
        table.add_row(
            escape(f"{result.exercise} {result.title}"),
            _words(result.verdict, result.written),
            _points(result.points, result.max_points),
            "" if result.verdict is Verdict.CORRECT else escape(result.next_step),
        )
    console.print(table)
    earned, most = (sum(getattr(r, k) for r in results) for k in ("points", "max_points"))
    right = sum(result.verdict is Verdict.CORRECT for result in results)
    yours = sum(result.fine for result in results) - right
    console.print(
        f"{right} of {len(results)} {'is' if right == 1 else 'are'} right"
        f"{f', {yours} yours to judge' if yours else ''}: {_points(earned, most)} points.",
        highlight=False,
    )


def show_diagnosis(console: Console, lines: Sequence[Line]) -> None:
    """One line per probe: what it is, how it stands, what was found and the fix under it."""
    table = _table(title="quantlab doctor")
    table.expand = True
    table.add_column("what", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("found", ratio=1)
    for line in lines:
        found = escape(line.found) + (f"\n→ {escape(line.fix)}" if line.fix else "")
        table.add_row(line.name, Text(line.status, style=STYLE[line.status]), found)
    console.print(table)
    problems = sum(line.status == "problem" for line in lines)
    warnings = sum(line.status == "warning" for line in lines)
    if problems:
        ending = f"{problems} to repair: the lines marked “problem” say how."
    elif warnings:
        ending = f"Ready to learn. {warnings} to know about: the lines marked “warning”."
    else:
        ending = "Ready to learn."
    console.print(ending, highlight=False)
