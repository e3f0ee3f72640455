"""`grade_one` without a sandbox: points by what an answer's text says. For tests of the batch."""

import json

import nbformat

from autograder.intake.ingest import Refused, Submission, parse_notebook
from autograder.recording.record import ExerciseResult, Record

WORK = "tests.support.fake_grader:grade_one"
#: What a check accepts; a test of regrading mends it.
ACCEPTED = {"97.1": "2 * x", "97.2": "-x"}
MAX_POINTS = {"97.1": 3.0, "97.2": 2.0}


def grade_one(submission, release_hash, *, release, settings):
    """Raises for an answer that says so, as a fault of the grader would."""
    given = Submission.from_bytes(submission)
    shown = nbformat.reads(release.decode(), as_version=4)
    try:
        notebook = parse_notebook(given.notebook)
    except Refused as refused:
        facts = {"submission_sha256": given.sha256, "release_sha256": release_hash}
        record = Record(given.student, given.lesson, "malformed", refused.sentence, **facts)
        return json.dumps({"record": record.to_dict(), "notebook": shown})
    answers = {cell.id: cell.source for cell in notebook.cells}
    if "fault" in answers["exercise-97-1"]:
        raise RuntimeError("a fault of ours")
    results = [_judged(id, answers[f"exercise-{id.replace('.', '-')}"]) for id in ACCEPTED]
    results.append(ExerciseResult("97.3", "inconclusive", None, 2.0, cell="written-97-3"))
    record = Record(
        given.student,
        given.lesson,
        "graded",
        score=sum(result.points or 0.0 for result in results),
        max_score=7.0,
        exercises=tuple(results),
        notes=given.notes,
        submission_sha256=given.sha256,
        release_sha256=release_hash,
        environment_sha256="e",
        seed=settings.seed,
        handed_in=given.handed_in,
        graded_at="2026-01-01T00:00:00+00:00",
    )
    for cell in shown.cells:
        cell.source = answers.get(cell.id, cell.source)
    return json.dumps({"record": record.to_dict(), "notebook": shown})


def _judged(id, source):
    right = ACCEPTED[id] in source
    verdict = "correct" if right else "incorrect"
    cell = f"check-{id.replace('.', '-')}"
    return ExerciseResult(id, verdict, MAX_POINTS[id] * right, MAX_POINTS[id], cell=cell)
