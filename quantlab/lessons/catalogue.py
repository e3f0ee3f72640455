"""Which lessons there are: found by their folders, nothing is registered by hand.

A lesson is a package in `quantlab.lessons` with one of the names that its `__init__` lists. An
exercise is found by its id ("1.2" lies in lesson_01), a quiz by the id that its file says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import quantlab.lessons
from quantlab.teach.glossary import Term, read_glossary
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.quiz.engine import read_predictions, read_quiz, read_statements
from quantlab.teach.quiz.values import Prediction, Question, Quiz

NUMBERED = re.compile(r"lesson_(\d\d)")
QUIZ_ID = re.compile(r"^id:\s*(\S+)\s*$", re.M)


@dataclass(frozen=True)
class Lesson:
    """One lesson's room.

    package   its dotted name, "quantlab.lessons.lesson_01".
    folder    where it lies.
    number    1 for lesson_01; None for a room without exercises, such as the quick test.
    """

    package: str
    folder: Path
    number: int | None

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """Every `Exercise` that a module of `exercises/` defines, in the order of their ids."""
        if not (self.folder / "exercises").is_dir():
            return ()
        room = import_module(f"{self.package}.exercises")
        modules = [import_module(f"{room.__name__}.{m.name}") for m in iter_modules(room.__path__)]
        found = {v.id: v for m in modules for v in vars(m).values() if isinstance(v, Exercise)}
        return tuple(sorted(found.values(), key=lambda e: [int(n) for n in e.id.split(".")]))

    @property
    def quiz_id(self) -> str | None:
        """The id that `quiz.yaml` says; None where there is no quiz or its file says none."""
        path = self.folder / "quiz.yaml"
        said = QUIZ_ID.search(path.read_text(encoding="utf-8")) if path.is_file() else None
        return said[1] if said else None

    @property
    def quiz(self) -> Quiz:
        """The quiz. OSError where there is none, ValueError where the file is none."""
        return read_quiz(self.folder / "quiz.yaml")

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """What is predicted before it is measured, from `predictions.yaml`, in its order.

        ValueError where the file is none.
        """
        path = self.folder / "predictions.yaml"
        return read_predictions(path) if path.is_file() else ()

    @property
    def statements(self) -> Question | None:
        """The sentences of `i_can.yaml` to tick; None where there is no such file."""
        path = self.folder / "i_can.yaml"
        return read_statements(path) if path.is_file() else None

    @property
    def glossary(self) -> tuple[Term, ...]:
        """The terms that this lesson defines, in its own order."""
        path = self.folder / "glossary.yaml"
        return read_glossary(path) if path.is_file() else ()


def lessons() -> tuple[Lesson, ...]:
    """Every lesson, the numbered ones first and in order."""
    rooms = [m.name for m in iter_modules(quantlab.lessons.__path__) if m.ispkg]
    return tuple(_lesson(name) for name in sorted(rooms, key=lambda n: (not NUMBERED.match(n), n)))


def lesson_of(name: str) -> Lesson | None:
    """The room of the lesson whose source is called `name`; None where there is none.

    "01_scale_and_zero_point" lives in lesson_01, a name without a number in a room of that name.
    """
    numbered = re.match(r"\d\d(?=_)", name)
    room = f"lesson_{numbered[0]}" if numbered else name
    return next((lesson for lesson in lessons() if lesson.folder.name == room), None)


def _lesson(name: str) -> Lesson:
    package = f"{quantlab.lessons.__name__}.{name}"
    spec = find_spec(package)
    assert spec is not None, "iter_modules has just seen it"
    assert spec.submodule_search_locations is not None, "and it is a package"
    number = NUMBERED.fullmatch(name)
    folder = Path(next(iter(spec.submodule_search_locations)))
    return Lesson(package, folder, int(number[1]) if number else None)


def of_lesson(number: int) -> tuple[Exercise, ...]:
    """The exercises of one lesson in order; an empty tuple where the lesson has none."""
    return tuple(e for lesson in lessons() if lesson.number == number for e in lesson.exercises)


def terms_of_lesson(number: int) -> tuple[Term, ...]:
    """The terms that one lesson defines, in its own order; an empty tuple where it has none."""
    return tuple(t for lesson in lessons() if lesson.number == number for t in lesson.glossary)


def all_exercises() -> tuple[Exercise, ...]:
    """Every exercise of the course, in the order of the lessons."""
    return tuple(e for lesson in lessons() for e in lesson.exercises)


def find(id: str) -> Exercise:
    """The exercise with this id. KeyError with one sentence where there is none."""
    try:
        number = int(str(id).split(".")[0])
    except ValueError:
        raise KeyError(f'There is no exercise "{id}". An id looks like "1.2".') from None
    here = of_lesson(number)
    for candidate in here:
        if candidate.id == str(id):
            return candidate
    if not here:
        raise KeyError(f'There is no exercise "{id}": lesson {number} has no exercises.')
    raise KeyError(
        f'There is no exercise "{id}". Lesson {number} has {here[0].id} to {here[-1].id}.'
    )


def quiz_ids() -> tuple[str, ...]:
    """The quizzes of the course, in alphabetical order."""
    return tuple(sorted(id for lesson in lessons() if (id := lesson.quiz_id)))


def load_quiz(quiz_id: str) -> Quiz:
    """The quiz with this id.

    Raises KeyError when there is no such quiz and ValueError when its file is not a quiz; both
    say it in one sentence.
    """
    for lesson in lessons():
        if lesson.quiz_id == quiz_id:
            return lesson.quiz
    there = ", ".join(quiz_ids()) or "none"
    raise KeyError(f"There is no quiz {str(quiz_id)[:60]!r}; there are: {there}.")


def find_prediction(id: str) -> Prediction:
    """The prediction with this id, "3.a". KeyError with one sentence where there is none."""
    number = str(id).split(".")[0]
    here = [p for room in lessons() if f"{room.number}" == number for p in room.predictions]
    for candidate in here:
        if candidate.id == str(id):
            return candidate
    there = f"Lesson {number} has {', '.join(p.id for p in here)}." if here else ""
    raise KeyError(f'There is no prediction "{str(id)[:60]}". {there}'.rstrip())


def find_statements(name: str) -> Question:
    """What to tick at the end of the lesson of that name. KeyError where there is nothing."""
    room = lesson_of(str(name))
    found = room.statements if room else None
    if found is None:
        raise KeyError(f"There is no list to tick in {str(name)[:60]!r}.")
    return found


def glossary() -> tuple[Term, ...]:
    """Every term of the course, in alphabetical order."""
    return tuple(sorted((t for lesson in lessons() for t in lesson.glossary), key=Term.sort_key))
