"""A quiz counts from its file, or from the cells that answer it as code; nothing of it is run."""

import hashlib
import json
from pathlib import Path

import nbformat
import pytest

from autograder.intake.ingest import Submission
from autograder.judging.grade_one import grade_one, parse_graded
from autograder.running.settings import Settings
from quantlab.learn.course import course_root
from quantlab.lessons.catalogue import load_quiz

LESSON = "quick_test"
QUIZ = load_quiz("quick_test")


def right(question):
    """(as plain data, as code) of the right answer."""
    letters = [n for n, option in enumerate(question.options) if option.right]
    if question.kind == "numeric":
        return question.answer, question.answer
    if question.kind == "single":
        return letters[0], question.letters[letters[0]]
    return letters, [question.letters[n] for n in letters]


def graded(*sources, **files):
    release = (course_root() / "notebooks" / LESSON / f"{LESSON}.ipynb").read_bytes()
    notebook = nbformat.reads(release.decode(), as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in sources]
    data = nbformat.writes(notebook).encode()
    answers = tuple((name, text.encode()) for name, text in files.items())
    given = Submission("ada", LESSON, data, answers, hashlib.sha256(data).hexdigest())
    hash = hashlib.sha256(release).hexdigest()
    settings = Settings(submission_seconds=120)
    record, _ = parse_graded(grade_one(given.to_bytes(), hash, release=release, settings=settings))
    return next(e for e in record.exercises if e.kind == "quiz")


@pytest.fixture(scope="module")
def answers():
    return {q.id: right(q) for q in QUIZ.questions}


def test_answers_as_code_count_without_a_file(answers):
    words = ", ".join(f"{id}={code!r}" for id, (_, code) in answers.items())
    got = graded(f'quiz("quick_test").answer({words})')
    assert (got.verdict, got.points) == ("correct", float(QUIZ.max_points))


def test_the_file_counts_where_there_is_one(answers):
    data = {"schema": 1, "quiz": QUIZ.id, "answers": {id: a for id, (a, _) in answers.items()}}
    name = f"{QUIZ.id}.answers.json"
    got = graded('quiz("quick_test").answer(q1="z")', **{name: json.dumps(data)})
    assert got.points == float(QUIZ.max_points)


def test_what_is_no_answer_counts_nothing_and_stops_nothing(tmp_path):
    canary = tmp_path / "ran"
    odd = f'quiz("quick_test").answer(q1=open({str(canary)!r}, "w"), q2=["a"] * 9, **{{"q3": 1}})'
    assert graded(odd, "x.answer(q9=[[[[1]]]], q1='zz')").points == 0.0
    assert not Path(canary).exists()
    assert graded().verdict == "not_attempted"
