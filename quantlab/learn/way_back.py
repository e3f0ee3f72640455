"""From a sentence that cannot be ticked yet to the lesson to go back to, as the progress has it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from quantlab.learn.status import Row
from quantlab.teach.quiz.values import Question

ALL_TICKED = "The quick test asks for all of it: `quantlab start quick_test`."


def way_back(question: Question, chosen: Collection[int], rows: Sequence[Row]) -> tuple[str, ...]:
    """A sentence for each lesson that an unticked one belongs to, in the course's order.

    question  sentences to tick; each option names its lessons.
    chosen    the indices of the ticked ones.
    rows      every exercise and where it stands.
    """
    letters: dict[int, list[str]] = {}
    for n, option in enumerate(question.options):
        for lesson in option.lessons if n not in chosen else ():
            letters.setdefault(lesson, []).append(f"{question.letters[n]})")
    if len(chosen) == len(question.options):
        return (ALL_TICKED,)
    return tuple(
        f"Lesson {lesson:02d}, for {' and '.join(letters[lesson])}: {_where(lesson, rows)}"
        for lesson in sorted(letters)
    )


def _where(lesson: int, rows: Sequence[Row]) -> str:
    here = [row for row in rows if row.lesson == lesson]
    if not here:
        return "in the installed course."
    undone = [row for row in here if not row.standing.done]
    if not undone:
        return f"all {len(here)} exercises done, read their cards once more."
    done = len(here) - len(undone)
    said, verb = (f"{done} of {len(here)} exercises", "go on") if done else ("nothing", "start")
    return f"{said} done yet, {verb} with {undone[0].exercise}."
