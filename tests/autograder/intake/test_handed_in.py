"""When a submission was handed in: nbgrader's own file says it, and a late one is late."""

import pytest
from nbgrader.api import Gradebook

TIME = "2026-12-24 12:00:00.000000 UTC"
DUE = "2026-12-23 12:00:00"
#: One point for each day, as an instructor would write it.
PLUGIN = """
from nbgrader.plugins import BasePlugin
class ADay(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return total_seconds_late / 86400
c = get_config()
c.AssignLatePenalties.plugin_class = ADay
"""


def handed_in(c, student, time):
    path = c.submit(student, c.right())
    path.with_name("timestamp.txt").write_text(time)


def submission(c, student="ada"):
    with Gradebook(c.course.db_url) as gradebook:
        found = gradebook.find_submission(c.lesson, student)
        return found.timestamp, found.total_seconds_late, found.late_submission_penalty


def set_due(c):
    with Gradebook(c.course.db_url) as gradebook:
        gradebook.update_or_create_assignment(c.lesson, duedate=DUE)


def test_the_time_stands_in_the_gradebook_and_a_day_late_is_a_day_late(a_class):
    set_due(a_class)
    handed_in(a_class, "ada", TIME)
    graded = a_class.grade()["ada"]
    when, late, penalty = submission(a_class)
    assert (when.isoformat(), late, penalty) == ("2026-12-24T12:00:00", 86400.0, 0.0)
    assert graded.record.notes == (
        "Handed in 24.0 hours late: the penalty is 0 of its points.",
    )  # fmt: skip


def test_the_instructors_own_late_plugin_applies(a_class):
    (a_class.folder / "nbgrader_config.py").write_text(PLUGIN)
    set_due(a_class)
    handed_in(a_class, "ada", TIME)
    record = a_class.grade()["ada"].record
    assert submission(a_class)[2] == 1.0
    assert record.notes == ("Handed in 24.0 hours late: the penalty is 1 of its points.",)


@pytest.mark.parametrize("text", ["last night", "", "99999-99-99", "\x00", "x" * 1000])
def test_a_text_that_is_no_time_is_noted_and_stops_nothing(a_class, text):
    handed_in(a_class, "ada", text)
    record = a_class.grade()["ada"].record
    assert (record.verdict, record.score) == ("graded", 5.0)
    (note,) = record.notes
    assert note == "timestamp.txt holds no time, so no due date is held against it."


def test_the_same_notebook_handed_in_at_another_time_is_graded_again(a_class):
    handed_in(a_class, "ada", TIME)
    a_class.grade()
    assert a_class.grade()["ada"].reused
    handed_in(a_class, "ada", "2026-12-22 12:00:00.000000 UTC")
    assert not a_class.grade()["ada"].reused
    assert submission(a_class)[0].day == 22
