"""The batch, with a grader that needs no sandbox: what is kept, what runs again, what stops it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.batch.grade_all import Options, grade_all, submissions_of
from autograder.cli import main
from autograder.commands import grade as command
from autograder.commands.grade import into_gradebook
from autograder.recording import keep
from autograder.recording.database import GradebookError
from autograder.recording.gradebook import standing, standings
from autograder.recording.record import read_record, read_records
from tests.support.fake_grader import WORK
from tests.support.inline import Inline

ROOT = Path(__file__).parents[3]


class Faults:
    """An engine whose tasks end as a worker that died ends."""

    def run(self, tasks):
        from autograder.batch.task import Outcome

        for task in tasks:
            yield Outcome(task, None, "The grading process ended before it answered.")


@pytest.fixture
def fake(monkeypatch):
    """The commands run the fake grader, in this process."""
    monkeypatch.setattr(command, "engine_of", lambda *_: Inline(WORK))


def graded(c, engine=None, options=None):
    found = submissions_of(c.course, None)
    with into_gradebook(c.course) as keeper:
        done = grade_all(c.course, found, options or Options(), engine or Inline(WORK), keeper)
        return {one.record.student: one for one in done}


def test_each_is_kept_in_gradebook_notebook_and_record(a_class):
    c = a_class
    c.submit("ada", c.right())
    c.submit("ben", b"")
    c.submit("cy", c.answered(a1="x"))
    done = graded(c)
    assert {s: (g.record.verdict, g.record.score) for s, g in done.items()} == {
        "ada": ("graded", 5.0),
        "ben": ("malformed", None),
        "cy": ("graded", 0.0),
    }
    for student, one in done.items():
        assert standing(c.course.db_url, student, c.lesson) is not None
        assert c.course.autograded_path(student, c.lesson).is_file()
        assert read_record(c.folder / "records" / student / f"{c.lesson}.json") == one.record


def test_the_largest_comes_first(a_class):
    c = a_class
    for student, size in (("ada", 10), ("ben", 9_000), ("cy", 400)):
        c.submit(student, b"x" * size)
    assert [one.student for one in submissions_of(c.course, None)] == ["ben", "cy", "ada"]


def test_a_second_run_takes_only_what_is_new_changed_or_our_own_fault(a_class):
    c = a_class
    for student in ("ada", "ben", "cy"):
        c.submit(student, c.right())
    c.submit("dan", c.answered(a1="fault"))
    assert graded(c, Faults())["ada"].record.verdict == "grader_error"
    c.submit("ben", c.answered(a1="x"))
    first = graded(c, _careful())
    assert not any(one.reused for one in first.values())
    assert first["dan"].record.verdict == "grader_error"
    c.submit("cy", c.answered(a1="x"))
    again = graded(c, _careful())
    assert {s for s, one in again.items() if one.reused} == {"ada", "ben"}
    assert again["dan"].record.score is None


def _careful():
    """Inline, and an exception of the work becomes a fault, as in a worker."""

    class Engine:
        def run(self, tasks):
            from autograder.batch.task import Outcome, call

            for task in tasks:
                try:
                    yield Outcome(task, call(WORK, task))
                except RuntimeError as fault:
                    yield Outcome(task, None, str(fault))

    return Engine()


def test_a_fault_of_ours_is_no_zero_and_is_said(a_class):
    c = a_class
    c.submit("ada", c.right())
    record = graded(c, Faults())["ada"].record
    assert (record.verdict, record.score, record.exercises) == ("grader_error", None, ())
    assert record.reason.startswith("The grader stopped: The grading process ended before it")
    assert standing(c.course.db_url, "ada", c.lesson).points["check-97-1"] is None


def test_killed_between_gradebook_and_record_is_mended_by_the_next_run(a_class, monkeypatch):
    c = a_class
    c.submit("ada", c.right())

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(keep, "write_record", killed)
        with pytest.raises(KeyboardInterrupt):
            graded(c)
    assert read_records(c.folder / "records") == ()
    before = standing(c.course.db_url, "ada", c.lesson)
    assert not graded(c)["ada"].reused
    assert standing(c.course.db_url, "ada", c.lesson) == before


def test_a_changed_text_under_a_manual_grade_is_said(a_class):
    c = a_class
    c.submit("ada", c.answered(a3="why = 'Because.'"))
    graded(c)
    with Gradebook(c.course.db_url) as gradebook:
        grade = gradebook.find_grade("written-97-3", c.lesson, c.lesson, "ada")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    assert graded(c, options=Options(force=True))["ada"].record.notes == ()
    c.submit("ada", c.answered(a3="why = 'I do not know.'"))
    (note,) = graded(c)["ada"].record.notes
    assert note.startswith("Look again at 97.3 in formgrader")


def test_a_gradebook_that_refuses_stops_the_batch_in_one_sentence(a_class, fake, capsys):
    c = a_class
    for student in ("ada", "ben"):
        c.submit(student, c.right())
    url = f"sqlite:///file:{c.folder / 'gradebook.db'}?mode=ro&uri=true"
    assert main(["grade", str(c.folder / "submitted"), "--gradebook", url]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "it is read-only" in said
    assert read_records(c.folder / "records") == ()


def test_a_full_disk_stops_the_batch_in_one_sentence(a_class, fake, capsys, monkeypatch):
    c = a_class
    c.submit("ada", c.right())

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keep, "write_record", full)
    assert main(["grade", str(c.folder / "submitted")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "No space left on device" in said


def test_the_store_alone_raises_no_traceback_of_sql(a_class):
    c = a_class
    c.submit("ada", c.right())
    course = replace(c.course, db_url=f"sqlite:///{c.folder}/no/such/g.db")
    with pytest.raises(GradebookError), into_gradebook(course):
        pass


def test_a_result_that_cannot_be_written_costs_no_other_student(a_class):
    class HalfACharacter(Inline):
        def run(self, tasks):
            for outcome in super().run(tasks):
                whole = json.loads(outcome.result)
                if outcome.task.student == "ada":
                    whole["notebook"]["cells"][0]["source"] = "\ud800"
                yield replace(outcome, result=json.dumps(whole))

    c = a_class
    c.submit("ada", c.right())
    c.submit("ben", c.right())
    done = graded(c, HalfACharacter(WORK))
    assert done["ada"].record.verdict == "grader_error"
    assert "UnicodeEncodeError" in done["ada"].record.reason
    assert done["ben"].record.score == 5.0
    assert standing(c.course.db_url, "ada", c.lesson).points["check-97-1"] is None


def test_strays_are_listed_and_the_exit_code_is_one(a_class, fake, capsys):
    c = a_class
    c.submit("ada", c.right())
    (c.folder / "submitted" / "ben_17_98_nb.ipynb").write_text("{}")
    (c.folder / "submitted" / "fay").mkdir()
    assert main(["grade", str(c.folder / "submitted")]) == 1
    out = capsys.readouterr().out
    assert "ben_17_98_nb.ipynb: malformed." in out
    assert "fay: missing. The student's folder is empty" in out


def test_shards_and_their_merge_are_the_batch(a_class, fake, capsys, tmp_path):
    c = a_class
    students = [f"student {n}" for n in range(9)]
    for student in students:
        c.submit(student, c.right())
    c.submit("student 3", b"")
    words = ["grade", str(c.folder / "submitted"), "--json"]
    told = []
    for n in (1, 2, 3):
        assert main([*words, "--shard", f"{n}/3"]) in (0, 1)
        told.append({s["student"] for s in json.loads(capsys.readouterr().out)["submissions"]})
    assert set.union(*told) == set(students)
    assert sum(map(len, told)) == len(students)
    assert standings(c.course.db_url) == {}
    folders = sorted((c.folder / "shards").iterdir())
    merge = ["merge", str(c.folder / "submitted")]
    assert main([*merge, *map(str, folders[:2])]) == 1
    assert "The share 3-of-3 is missing." in capsys.readouterr().out
    for _ in range(2):
        assert main(merge) == 0
        assert len(standings(c.course.db_url)) == len(students)
    assert len(read_records(c.folder / "records")) == len(students)
    assert main([*merge, str(tmp_path / "none")]) == 2
    damaged = next(folders[0].glob("*/*.json"))
    damaged.write_text("{")
    capsys.readouterr()
    assert main(merge) == 1
    assert "is damaged" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "-1/2", "1/0"])
def test_a_shard_that_is_none_is_wrong_use(text):
    with pytest.raises(SystemExit) as stopped:
        main(["grade", "x", "--shard", text])
    assert stopped.value.code == 2


BATCH = """
import sys
from pathlib import Path
from autograder.commands.grade import into_gradebook
from autograder.course_folder import open_course
from autograder.batch.grade_all import Options, grade_all, submissions_of
from autograder.batch.pool import LocalPool
course = open_course(Path(sys.argv[1]), None, None)
with into_gradebook(course) as keeper:
    pool = LocalPool(2, "tests.support.fake_grader:grade_one")
    for one in grade_all(course, submissions_of(course, None), Options(), pool, keeper):
        print(one.record.student, one.reused, flush=True)
        if len(sys.argv) > 2:
            input()
"""


def test_after_kill_9_only_what_is_missing_runs(a_class):
    c = a_class
    for n in range(6):
        c.submit(f"s{n}", c.right())
    words = [sys.executable, "-c", BATCH, str(c.folder / "submitted")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])}
    pipe = subprocess.PIPE
    with subprocess.Popen([*words, "wait"], stdin=pipe, stdout=pipe, text=True, env=env) as batch:
        for _ in range(2):
            batch.stdin.write("\n")
            batch.stdin.flush()
            batch.stdout.readline()
        batch.stdout.readline()
        os.kill(batch.pid, signal.SIGKILL)
    kept = {record.student for record in read_records(c.folder / "records")}
    assert len(kept) == 3
    said = subprocess.run(words, capture_output=True, text=True, env=env, check=True).stdout
    lines = dict(line.split() for line in said.splitlines())
    assert {student for student, reused in lines.items() if reused == "True"} == kept
    assert len(lines) == len(standings(c.course.db_url)) == 6
