"""What `autograder report` shows in a terminal: grades, misconceptions, items, likeness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.publishing.correlation import FEWEST
from autograder.publishing.items import Item, items_of
from autograder.publishing.learner_items import LearnerItem, QuizOption
from autograder.publishing.rows import Row, in_order, mixed_environments
from autograder.publishing.similar import Pair

_HIDDEN = (
    f"–: fewer than {FEWEST} people, or a number that would tell so few by a difference. What "
    f"nearly all or nearly none have is told as if {FEWEST} had it not, or had it."
)


@dataclass(frozen=True)
class Named:
    """How often one misconception was named, of how many submissions that have the exercise.

    times   None for a count that is left out, as in `Item`.
    """

    exercise: str
    misconception: str
    times: int | None
    of: int | None


def named_misconceptions(rows: Sequence[Row]) -> tuple[Named, ...]:
    """By exercise, the most frequent first; the counts are the exercise's own."""
    found = [
        Named(item.id, name, times, item.submissions)
        for item in items_of(rows)
        for name, times in item.misconceptions
    ]
    return tuple(
        sorted(found, key=lambda n: (in_order(n.exercise), -(n.times or 0), n.misconception))
    )


def show_grades(rows: Sequence[Row], console: Console) -> None:
    """Everyone's row, then what many have in common."""
    grades = _table("Grades", "student", "name", "lesson", "score>", "verdict")
    grades.add_column("for you to look at")
    for row in rows:
        who = (row.student, row.person.name, row.lesson)
        grades.add_row(*map(plain, who), _score(row), row.verdict, plain(_to_look_at(row)))
    console.print(grades)
    for line in _for_the_whole_class(rows):
        console.print(plain(line))
    named = named_misconceptions(rows)
    if named:
        table = _table(
            f"Misconceptions named (–: by fewer than {FEWEST})",
            "exercise",
            "misconception",
            "times>",
        )
        for one in named:
            said = one.misconception.replace("_", " ")
            of = f" of {one.of}" if one.of else ""
            table.add_row(one.exercise, plain(said), f"{_count(one.times)}{of}")
        console.print(table)


def show_items(items: Sequence[Item], console: Console) -> None:
    """One row an exercise: how hard, how telling, how long, and what went wrong most."""
    table = _table(
        *("Exercises", "lesson", "exercise", "decided>", "difficulty>", "discrimination>"),
        *("seconds>", "most frequent"),
    )
    for item in items:
        most = [f"{name.replace('_', ' ')} ({_count(n)})" for name, n in item.misconceptions[:2]]
        told = dict(item.option_discrimination)
        most += [
            f"option {name} ({_count(n)}{_of_option(told.get(name))})"
            for name, n in item.options[:4]
        ]
        table.add_row(
            plain(item.lesson),
            item.id,
            f"{_count(item.decided)} of {_count(item.submissions)}",
            _number(item.difficulty),
            _number(item.discrimination) + _ends(item.interval),
            _number(item.seconds),
            plain(" · ".join(most)),
        )
    console.print(table)
    unnamed = [(item, *pair) for item in items for pair in item.unnamed[:3]]
    if unnamed:
        nameless = _table("Wrong answers without a name", "exercise", "one of them", "times>")
        for item, said, times in unnamed:
            nameless.add_row(item.id, plain(said), _count(times))
        console.print(nameless)
    console.print(
        "difficulty: mean share of the points. discrimination: correlation with the rest, also of "
        f"an option where enough chose it. {_HIDDEN}"
    )


def show_learners(
    items: Sequence[LearnerItem], options: Sequence[QuizOption], console: Console
) -> None:
    """One row an exercise and one a question, of those who learn alone."""
    table = _table(
        *("Learners' own records", "exercise", "learners>", "right at first>", "passed>"),
        *("tries>", "hints>", "solution>", "discrimination>", "most frequent"),
    )
    for item in items:
        most = [f"{name.replace('_', ' ')} ({n})" for name, n in item.misconceptions[:2]]
        table.add_row(
            item.id,
            _count(item.learners),
            *map(_percent, (item.first_try, item.passed)),
            *map(_number, (item.tries, item.hints)),
            _percent(item.solution),
            _number(item.discrimination) + _ends(item.interval),
            plain(" · ".join(most)),
        )
    console.print(table)
    if options:
        chosen = _table(
            "Quizzes", "quiz", "question", "learners>", "option: chosen, discrimination"
        )
        for (quiz, question), group in groupby(options, lambda o: (o.quiz, o.question)):
            each = list(group)
            chosen.add_row(quiz, question, _count(each[0].learners), "\n".join(map(_option, each)))
        console.print(chosen)
    console.print(
        "tries: median up to the pass. discrimination: of a right first try, or of an option, with "
        f"all else at first. {_HIDDEN}"
    )


def _option(option: QuizOption) -> str:
    right = " (right)" if option.right else ""
    told = _number(option.discrimination) + _ends(option.interval)
    return f"{option.option}{right}: {_percent(option.share)}, {told}"


def show_pairs(pairs: Sequence[Pair], console: Console) -> None:
    """The pairs that are alike, or a line that says that none are."""
    if not pairs:
        console.print("No two submissions are alike beyond what the whole class wrote.")
        return
    table = _table("Alike: look at both, it proves nothing", "lesson", "first", "second", "alike>")
    table.add_column("most in")
    for pair in pairs:
        who = map(plain, (pair.lesson, pair.first, pair.second))
        table.add_row(*who, f"{pair.alike:.0%}", ", ".join(pair.where))
    console.print(table)


def _for_the_whole_class(rows: Sequence[Row]) -> list[str]:
    """What would otherwise stand in every row: texts to grade, one machine unlike another."""
    waiting = Counter((row.lesson, id) for row in rows for id in row.waiting if row.exercises)
    lines = [
        f"To grade by hand in formgrader: {id} of {lesson}, {n} submissions."
        for (lesson, id), n in sorted(waiting.items(), key=lambda p: (p[0][0], in_order(p[0][1])))
    ]
    lines += [
        f"{lesson} was graded by more than one version of Python, libraries or lessons. Grade it "
        "again on one: autograder grade --force."
        for lesson in mixed_environments(rows)
    ]
    unsafe = sum(row.isolation == "none" for row in rows)
    return [*lines, f"{unsafe} submissions ran without isolation."] if unsafe else lines


def _to_look_at(row: Row) -> str:
    """Why nothing was graded, or what a person has to look at; then what was odd."""
    review = f"look again at {', '.join(row.review)}." if row.review else ""
    faults = [e.id for e in row.exercises if e.points is None and e.verdict == "grader_error"]
    fault = f"grade by hand: {', '.join(faults)}." if faults else ""
    return " ".join(filter(None, (row.reason, fault, review, *row.flags, *row.notes)))


def _score(row: Row) -> str:
    if row.total is None:
        return "–"
    most = "?" if row.max_score is None else f"{row.max_score:g}"
    late = f" ({row.score:g} - {row.penalty:g} late)" if row.penalty else ""
    return f"{row.total:g} / {most}{late}"


def _ends(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})"


def _of_option(discrimination: float | None) -> str:
    return "" if discrimination is None else f", {discrimination:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _count(n: int | None) -> str:
    return "–" if n is None else str(n)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _table(title: str, *columns: str) -> Table:
    """A table whose columns with a > stand to the right."""
    table = Table(title=title, title_justify="left")
    for name in columns:
        right = name.endswith(">")
        table.add_column(name.rstrip(">"), justify="right" if right else "left")
    return table


def plain(text: str) -> str:
    """A stranger's text in a table of ours: no markup, no escape sequence."""
    return escape(printable(text))


def printable(text: str) -> str:
    """A stranger's text without what would steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)
