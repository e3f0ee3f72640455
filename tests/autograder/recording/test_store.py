"""One record, one transaction: on SQLite and on a PostgreSQL server that the test starts."""

import copy
import itertools
import shutil
from dataclasses import replace

import psycopg
import pytest
from nbgrader.api import Gradebook
from sqlalchemy import event
from sqlalchemy.engine import Engine

from autograder.course_folder import Course, CourseError, open_course
from autograder.nbgrader.config import course_config
from autograder.prepare import prepare
from autograder.recording import database
from autograder.recording.database import GradebookError
from autograder.recording.gradebook import roster, standing, standings
from autograder.recording.late import penalty_of
from autograder.recording.record import ExerciseResult, Record
from autograder.recording.store import Store, changed_texts
from tests.support import postgres

LESSON = "97_tiny"
LATE = "2026-12-24 12:00:00.000000 UTC"
RIGHT = Record(
    "ada",
    LESSON,
    "graded",
    exercises=(
        ExerciseResult("97.1", "correct", 3.0, 3.0),
        ExerciseResult("97.2", "incorrect", 0.0, 2.0, "keeps"),
        ExerciseResult("97.3", "inconclusive", None, 2.0),
    ),
)


@pytest.fixture(scope="module")
def postgres_host(built_course, room, tmp_path_factory):
    """A server whose database `tiny` holds the tiny lesson, as `prepare` makes it there."""
    folder = tmp_path_factory.mktemp("on_postgres") / "course"
    shutil.copytree(built_course, folder)
    with postgres.server() as host:
        prepare(open_course(folder / "submitted", None, postgres.database(host, "tiny")), {LESSON})
        yield host


@pytest.fixture
def on_postgres(postgres_host, built_course, tmp_path) -> Course:
    """The tiny lesson in PostgreSQL, with no submission yet."""
    name = f"{tmp_path.parent.name}_{tmp_path.name}"
    url = postgres.database(postgres_host, name, like="tiny")
    return Course(built_course, tmp_path, tmp_path / "records", url)


@pytest.fixture(params=["small", "on_postgres"])
def course(request):
    """The tiny lesson in a gradebook of each kind."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def small(built_course, tmp_path) -> Course:
    """The same in SQLite only."""
    shutil.copytree(built_course, tmp_path / "course")
    return open_course(tmp_path / "course" / "submitted", None, None)


def rows(course):
    """Everything of the submissions that nbgrader's own model reads, in a fixed order."""
    with Gradebook(course.db_url) as gradebook:
        return [
            (
                s.student_id,
                s.timestamp,
                [
                    (g.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade)
                    for n in s.notebooks
                    for g in sorted(n.grades, key=lambda g: g.name)
                ],
                [
                    (c.name, c.auto_comment, c.manual_comment)
                    for n in s.notebooks
                    for c in sorted(n.comments, key=lambda c: c.name)
                ],
            )
            for s in gradebook.assignment_submissions(LESSON)
        ]


def by_hand(course, cell, points, student="ada", extra=None):
    with Gradebook(course.db_url) as gradebook:
        grade = gradebook.find_grade(cell, LESSON, LESSON, student)
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = points, extra, False
        gradebook.db.commit()


def needs(course, cell, student="ada"):
    with Gradebook(course.db_url) as gradebook:
        return gradebook.find_grade(cell, LESSON, LESSON, student).needs_manual_grade


def test_a_record_becomes_nbgraders_rows(course):
    with Store(course.db_url) as store:
        stored = store.put(replace(RIGHT, handed_in=LATE))
    ((student, when, grades, comments),) = rows(course)
    assert (student, when.isoformat()) == ("ada", "2026-12-24T12:00:00")
    assert grades == [
        ("check-97-1", 3.0, None, None, False),
        ("check-97-2", 0.0, None, None, False),
        ("written-97-3", None, None, None, True),
    ]
    assert [name for name, auto, _ in comments if auto] == []
    assert stored.standing == standing(course.db_url, "ada", LESSON)
    assert stored.standing.score == 3.0
    assert stored.standing.points["written-97-3"] is None
    assert stored.notes == ()


def test_stored_twice_is_stored_once(course):
    with Store(course.db_url) as store:
        store.put(RIGHT)
        once = rows(course)
        store.put(RIGHT)
    assert rows(course) == once
    with Store(course.db_url) as again:
        again.put(RIGHT)
    assert rows(course) == once
    assert set(standings(course.db_url)) == {("ada", LESSON)}


def test_what_a_person_decided_stays(course):
    with Store(course.db_url) as store:
        store.put(RIGHT)
        by_hand(course, "check-97-1", 2.5, extra=1.0)
        by_hand(course, "written-97-3", 1.5)
        stored = store.put(RIGHT)
    grades = {name: rest for name, *rest in rows(course)[0][2]}
    assert grades["check-97-1"] == [3.0, 2.5, 1.0, True]
    assert grades["written-97-3"] == [None, 1.5, None, False]
    assert stored.standing.score == 2.5 + 1.0 + 1.5
    assert stored.notes == ()


def test_a_text_that_changed_under_a_manual_grade_is_marked_and_said(course):
    with Store(course.db_url) as store:
        store.put(RIGHT)
        by_hand(course, "written-97-3", 1.5)
        said = store.put(RIGHT, changed=frozenset({"written-97-3"})).notes
        assert needs(course, "written-97-3")
        assert said == (
            "Look again at 97.3 in formgrader: the text changed after a person gave it 1.5 points.",
        )
        assert store.put(RIGHT).notes == said  # until a person has looked
        by_hand(course, "written-97-3", 0.0)
        assert store.put(RIGHT).notes == ()
    assert rows(course)[0][2][2][2] == 0.0


def test_which_texts_changed(a_class):
    before = a_class.answered(a3="why = 'so'", a1="x = 1")
    assert changed_texts(before, a_class.answered(a3="why = 'so'\n", a1="x = 2")) == frozenset()
    written = {"written-97-3"}
    assert changed_texts(before, a_class.answered(a3="why = 'I do not know.'")) == written
    assert changed_texts(None, copy.deepcopy(before)) == written


def test_without_a_verdict_nothing_is_a_zero(course):
    with Store(course.db_url) as store:
        store.put(RIGHT)
        by_hand(course, "check-97-1", 2.5)
        stored = store.put(Record("ada", LESSON, "grader_error", "It stopped."))
    assert [row[1] for row in rows(course)[0][2]] == [None, None, None]
    assert all(row[4] for row in rows(course)[0][2])
    assert stored.standing.points == {
        "check-97-1": 2.5,
        "check-97-2": None,
        "written-97-3": None,
    }


def test_an_untouched_answer_is_said_in_nbgraders_own_words(course):
    untouched = replace(RIGHT.exercises[1], verdict="not_attempted")
    with Store(course.db_url) as store:
        store.put(replace(RIGHT, exercises=(RIGHT.exercises[0], untouched)))
    said = {name: auto for name, auto, _ in rows(course)[0][3]}
    assert said["exercise-97-2"] == "No response."
    assert said["exercise-97-1"] is None


def test_a_name_of_the_roster_stays(course):
    with Gradebook(course.db_url) as gradebook:
        gradebook.add_student("ada", first_name="Ada", last_name="King", lms_user_id="17")
    with Store(course.db_url) as store:
        store.put(RIGHT)
    person = roster(course.db_url)["ada"]
    assert (person.name, person.lms_id) == ("Ada King", "17")


def test_late_costs_what_the_plugin_says_and_never_more_than_the_points(course):
    with Gradebook(course.db_url) as gradebook:
        gradebook.update_or_create_assignment(LESSON, duedate="2026-12-23 12:00:00")
    for asked, due in ((1.0, 1.0), (50.0, 3.0), (-4.0, 0.0)):
        with Store(course.db_url, lambda student, points, seconds, asked=asked: asked) as store:
            stored = store.put(replace(RIGHT, handed_in=LATE))
        assert stored.notes == (
            f"Handed in 24.0 hours late: the penalty is {due:g} of its points.",
        )  # fmt: skip
        assert stored.standing.late_penalty == due
    with Store(course.db_url) as store:
        early = store.put(replace(RIGHT, handed_in="2026-12-22 12:00:00.000000 UTC"))
    assert (early.standing.late_penalty, early.notes) == (0.0, ())


def test_the_courses_own_plugin_is_asked(small):
    (small.folder / "nbgrader_config.py").write_text(
        "from nbgrader.plugins import BasePlugin\n"
        "class ADay(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
        "        return total_seconds_late / 86400\n"
        "c = get_config()\nc.AssignLatePenalties.plugin_class = ADay\n"
    )
    assert penalty_of(course_config(small.folder))("ada", 5.0, 172_800.0) == 2.0
    with pytest.raises(CourseError, match="late plug-in stopped with TypeError"):
        penalty_of(course_config(small.folder))("ada", 5.0, None)


def test_a_cell_that_the_lesson_gained_is_added(course):
    with Store(course.db_url) as store:
        store.put(RIGHT)
        with Gradebook(course.db_url) as gradebook:
            gradebook.add_grade_cell("check-97-4", LESSON, LESSON, max_score=1, cell_type="code")
        new = ExerciseResult("97.4", "correct", 1.0, 1.0)
        stored = store.put(replace(RIGHT, exercises=(*RIGHT.exercises, new)))
    assert (stored.standing.score, stored.standing.max_score) == (4.0, 8.0)


def test_a_large_class_is_read_in_as_many_queries_as_a_small_one(small):
    def queries():
        seen.clear()
        standings(small.db_url)
        return len(seen)

    def count(*_):
        seen.append(1)

    seen = []
    with Store(small.db_url) as store:
        store.put(RIGHT)
        event.listen(Engine, "before_cursor_execute", count)
        try:
            one = queries()
            for n in range(9):
                store.put(replace(RIGHT, student=f"s{n}"))
            assert queries() == one
        finally:
            event.remove(Engine, "before_cursor_execute", count)


# A gradebook that refuses: one sentence, nothing half done.


def test_a_locked_gradebook_is_waited_for_and_then_said(small, monkeypatch):
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.1)
    with Store(small.db_url) as store:
        store.put(RIGHT)
        before = rows(small)
        with Gradebook(small.db_url) as other:
            other.db.connection().exec_driver_sql("BEGIN EXCLUSIVE")
            with pytest.raises(GradebookError, match="keeps it locked") as said:
                store.put(replace(RIGHT, student="ben"))
            other.db.rollback()
        assert "INSERT" not in str(said.value)
        assert rows(small) == before
        store.put(replace(RIGHT, student="ben"))


def test_a_locked_table_of_postgres_is_said_too(on_postgres, monkeypatch):
    course = on_postgres
    monkeypatch.setattr(database, "WAIT_SECONDS", 1)
    with Store(course.db_url) as store:
        store.put(RIGHT)
        with psycopg.connect(course.db_url) as other:
            other.execute("LOCK TABLE grade IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(GradebookError, match="keeps it locked"):
                store.put(replace(RIGHT, student="ben"))
    assert set(standings(course.db_url)) == {("ada", LESSON)}


def test_a_full_disk_leaves_no_half_student(small):
    with Store(small.db_url) as store:
        store.put(RIGHT)

    def full(connection, _record):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill():
        with Store(small.db_url) as store:
            for n in itertools.count():
                store.put(replace(RIGHT, student=f"student {n}"))
                stored.append(n)

    stored = []
    event.listen(Engine, "connect", full)
    try:
        with pytest.raises(GradebookError, match="disk is full"):
            fill()
    finally:
        event.remove(Engine, "connect", full)
    whole = [row for row in rows(small) if len(row[2]) == 3 and row[2][0][1] == 3.0]
    assert whole == rows(small)
    assert len(whole) == len(roster(small.db_url)) == len(stored) + 1


def test_a_read_only_gradebook_is_one_sentence(small):
    path = small.folder / "gradebook.db"
    url = f"sqlite:///file:{path}?mode=ro&uri=true"
    with Store(url) as store, pytest.raises(GradebookError, match="it is read-only") as said:
        store.put(RIGHT)
    assert str(said.value).count("\n") == 0


def test_other_refusals_are_sentences(tmp_path, small):
    (tmp_path / "text.db").write_text("no database at all, " * 100)
    for url, words in (
        (f"sqlite:///{tmp_path}/no/such/g.db", "cannot be opened"),
        (f"sqlite:///{tmp_path}/text.db", "no database"),
        ("nonsense", "expected is sqlite:///FILE"),
        ("postgresql://ada:geheim@/x?host=/tmp/nowhere", "does not answer"),
        ("firebird://x", "is not installed"),
    ):
        with pytest.raises(GradebookError, match=words) as said:
            Store(url)
        assert "geheim" not in str(said.value)
    with Store(small.db_url) as store, pytest.raises(GradebookError, match="no assignment"):
        store.put(replace(RIGHT, lesson="98_other"))
