"""Records and rows of a small class, made by hand."""

from autograder.intake.person import Person
from autograder.publishing.rows import Row
from autograder.recording.record import ExerciseResult, Record


def graded(student, lesson, verdict="graded", reason=""):
    """The record of the tiny lesson: 3 of 5 by code, a text that waits for a person."""
    exercises = (
        ExerciseResult("97.1", "correct", 3.0, 3.0, cell="check-97-1", seed=777),
        ExerciseResult("97.2", "incorrect", 0.0, 2.0, "keeps", cell="check-97-2", seed=777),
        ExerciseResult("97.3", "inconclusive", None, 2.0, cell="written-97-3"),
    )
    if verdict != "graded":
        return Record(student, lesson, verdict, reason, None, 7.0)
    return Record(student, lesson, verdict, reason, 3.0, 7.0, exercises, seed=777)


def row(student, points, lesson="01", **more):
    """A row with these points (of 2 each) by exercise id."""
    results = tuple(
        ExerciseResult(id, "correct" if p == 2 else "incorrect", p, 2.0) for id, p in points.items()
    )
    score = sum(p for p in points.values() if p is not None) if points else None
    waiting = tuple(id for id, p in points.items() if p is None)
    facts = {"score": score, "max_score": 2.0 * len(points) or None, "waiting": waiting}
    person = more.pop("person", Person(student))
    return Row(person, lesson, "graded", exercises=results, **(facts | more))
