"""Progress survives what really happens to a file: kill -9, two writers, damage, locks."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from quantlab.learn import progress as module
from quantlab.learn import progress_place
from quantlab.learn.progress import open_progress
from quantlab.learn.progress_place import current_user, progress_folder
from quantlab.learn.progress_store import (
    BUSY_SECONDS,
    RETRY_BUSY_SECONDS,
    SCHEMA_VERSION,
    Store,
)
from quantlab.teach.judging.verdict import Judgement, Verdict

WRITER = """
import sys
from quantlab.learn.progress import open_progress
from quantlab.teach.judging.verdict import Judgement, Verdict
progress = open_progress()
for number in range(int(sys.argv[1])):
    progress.record(Judgement("1.2", "t", Verdict.INCORRECT, number, 3.0), seconds=0.1)
    print(number + 1, flush=True)
if progress.store.in_memory and not progress.store.flush():
    sys.exit("rows were left in memory")
"""

HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA locking_mode = " + sys.argv[2])
db.execute("BEGIN EXCLUSIVE")
db.execute("PRAGMA user_version")
db.execute("DELETE FROM attempts WHERE exercise = 'none'")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def a_session_of_its_own(monkeypatch):
    monkeypatch.setattr(module, "_opened", {})


def judgement(verdict=Verdict.INCORRECT, points=1.0, exercise="1.2", misconception=None):
    return Judgement(exercise, "The ruler", verdict, points, 3.0, misconception=misconception)


def reopened() -> module.Progress:
    """What a restarted kernel sees: a fresh Store on the same file."""
    return module.Progress(Store(progress_folder() / "progress.db"), current_user())


@pytest.fixture
def hold(home):
    """Start another process that holds the file with an exclusive transaction."""
    started = []

    def start(locking_mode="NORMAL"):
        command = [sys.executable, "-c", HOLDER, str(home / "progress.db"), locking_mode]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        release(process)


def release(process):
    process.stdin.close()
    process.wait(timeout=300)
    process.stdout.close()


def test_attempts_come_back_after_a_restart():
    progress = open_progress()
    progress.record(judgement(misconception="counts_levels"), seconds=0.2)
    progress.record(judgement(Verdict.CORRECT, 3.0))
    first, second = reopened().attempts("1.2")
    assert (first.verdict, first.points, first.max_points) == (Verdict.INCORRECT, 1.0, 3.0)
    assert first.misconception == "counts_levels"
    assert second.verdict is Verdict.CORRECT
    assert second.at >= first.at
    assert first.at.endswith("+00:00")
    assert reopened().passed("1.2")
    assert reopened().best_points("1.2") == 3.0


def test_only_compared_answers_are_finished_attempts():
    progress = open_progress()
    for verdict in (Verdict.NOT_ATTEMPTED, Verdict.ERROR, Verdict.INCORRECT, Verdict.CORRECT):
        progress.record(judgement(verdict))
    assert len(progress.attempts("1.2")) == 4
    assert progress.finished_attempts("1.2") == 2
    assert progress.finished_attempts("1.3") == 0
    assert not progress.passed("1.3")
    assert progress.best_points("1.3") == 0.0


def test_hints_and_solution():
    progress = open_progress()
    assert progress.hints("1.2") == 0
    assert [progress.take_hint("1.2") for _ in range(3)] == [1, 2, 3]
    assert not progress.solution_opened("1.2")
    progress.open_solution("1.2")
    progress.open_solution("1.2")
    assert reopened().solution_opened("1.2")
    assert reopened().hints("1.2") == 3
    assert reopened().export()["exercises"]["1.2"]["solution_opened"]


def test_the_latest_self_assessment_counts():
    progress = open_progress()
    assert not progress.self_assessed("2.5")
    progress.self_assess("2.5", band=3, points=2.0)
    progress.self_assess("2.5", band=2, points=1.0)
    assert progress.self_assessed("2.5")
    assert progress.best_points("2.5") == 1.0


def test_quiz_attempts_keep_the_answers():
    progress = open_progress()
    progress.record_quiz("quick_test", 6, 9, {"q1": ["a"], "q2": 0.5, "where": Path("x")})
    (attempt,) = reopened().quiz_attempts("quick_test")
    assert (attempt.quiz, attempt.points, attempt.max_points) == ("quick_test", 6.0, 9.0)
    assert attempt.answers == {"q1": ["a"], "q2": 0.5, "where": "x"}
    assert progress.quiz_ids() == ("quick_test",)


def test_export_is_json_and_reset_removes_one_exercise():
    progress = open_progress()
    progress.record(judgement())
    progress.record(judgement(exercise="1.3"))
    progress.take_hint("1.2")
    progress.self_assess("1.2", 1, 1.0)
    progress.record_quiz("quick_test", 6, 9, {})
    exported = json.loads(json.dumps(progress.export()))
    assert exported["schema"] == SCHEMA_VERSION
    assert exported["user"] == "ada"
    assert sorted(exported["exercises"]) == ["1.2", "1.3"]
    assert exported["exercises"]["1.2"]["attempts"][0]["verdict"] == "incorrect"
    assert exported["exercises"]["1.2"]["self_assessments"][0]["band"] == 1
    assert exported["quizzes"]["quick_test"][0]["points"] == 6.0
    assert progress.reset("1.2") == 3  # one attempt, one row of help, one self-assessment
    assert progress.reset("1.2") == 0
    assert list(progress.standings()) == ["1.3"]
    assert progress.reset("quick_test") == 1


def test_users_do_not_see_each_other(monkeypatch):
    open_progress().record(judgement())
    monkeypatch.setenv("JUPYTERHUB_USER", "grace")
    assert open_progress().attempts("1.2") == ()
    assert open_progress().reset("1.2") == 0
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    assert len(open_progress().attempts("1.2")) == 1


def test_without_a_hub_the_system_names_the_user(monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_USER")
    monkeypatch.setenv("LOGNAME", "noether")
    assert current_user() == "noether"


def test_a_user_number_without_a_name(monkeypatch):
    # A container started with `--user 54321` has no LOGNAME and no entry in /etc/passwd; then
    # getuser raises KeyError (Python 3.12 and older) or OSError (3.13 and newer).
    monkeypatch.delenv("JUPYTERHUB_USER")
    for error in (KeyError, OSError):

        def getuser(error=error):
            raise error("uid not found: 54321")

        monkeypatch.setattr(progress_place.getpass, "getuser", getuser)
        assert current_user() == "learner"


def test_the_platform_folder_is_used_without_quantlab_home(monkeypatch):
    monkeypatch.delenv("QUANTLAB_HOME")
    assert progress_folder().name == "quantlab"


@pytest.fixture
def nobody(monkeypatch):
    """A user number that has no name, hence no home, and no HOME: a container's, a service's."""
    for name in ("QUANTLAB_HOME", "JUPYTERHUB_USER", "HOME", "USERPROFILE", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("USER", "LOGNAME", "USERNAME", "LNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7, raising=False)


@pytest.mark.parametrize("home", [None, ""])
def test_without_a_home_progress_stays_in_memory_and_says_so(nobody, monkeypatch, home):
    if home is not None:
        monkeypatch.setenv("HOME", home)
    assert progress_folder() is None
    progress = open_progress()
    progress.record(judgement(Verdict.CORRECT, 3.0))
    assert progress.user == "learner"
    assert open_progress().passed("1.2")  # the session goes on for every caller
    assert progress.take_hint("1.2") == 1
    notice = progress.notice
    assert "gives your user no home folder" in notice
    assert "set QUANTLAB_HOME to a folder" in notice
    assert progress.notice is None
    assert not progress.store.flush()


def test_killed_in_the_middle_of_writing():
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, "100000"], stdout=subprocess.PIPE, text=True
    )
    for _ in range(40):
        said = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    # Not `communicate`: with a timeout it reads past what `readline` has already fetched.
    rest = process.stdout.read()
    process.stdout.close()
    process.wait(timeout=300)
    said = max([said, *(int(line) for line in rest.split("\n")[:-1] if line)])
    progress = reopened()
    attempts = progress.attempts("1.2")
    # Every row that was confirmed is there; at most one more was committed but not yet announced.
    assert said <= len(attempts) <= said + 1
    assert [a.points for a in attempts] == list(range(len(attempts)))
    assert progress.notice is None
    progress.record(judgement())
    assert progress.finished_attempts("1.2") == len(attempts) + 1


def test_two_notebooks_write_at_once():
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, "200"], stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert [writer.wait(timeout=300) for writer in writers] == [0, 0]
    progress = reopened()
    assert len(progress.attempts("1.2")) == 400
    assert progress.notice is None


def filled(home) -> Path:
    progress = open_progress()
    for number in range(200):
        progress.record(judgement(points=number))
    return home / "progress.db"


@pytest.mark.parametrize("damage", ["random", "truncated", "middle"])
def test_a_damaged_file_is_set_aside(home, damage):
    path = filled(home)
    whole = path.read_bytes()
    pages = len(whole) // 4096
    assert pages > 4
    if damage == "random":
        path.write_bytes(bytes((i * 37 + 11) % 256 for i in range(5000)))
    elif damage == "truncated":
        path.write_bytes(whole[: 4096 * (pages // 2)])
    else:  # the head is intact, all pages behind the first two are noise
        path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))
    broken = path.read_bytes()

    progress = reopened()
    assert progress.attempts("1.2") == ()
    notice = progress.notice
    assert "damaged" in notice
    assert progress.notice is None
    (aside,) = home.glob("progress.damaged-*.db")
    assert str(aside) in notice
    assert aside.read_bytes() == broken
    progress.record(judgement())
    assert len(reopened().attempts("1.2")) == 1
    assert not progress.store.in_memory


def test_damage_during_a_session_is_noticed_by_both_notebooks_once(home):
    path = filled(home)
    first, second = open_progress(), reopened()
    assert len(second.attempts("1.2")) == 200
    path.write_bytes(b"not a database " * 1000)
    first.record(judgement())
    second.record(judgement())
    assert len(reopened().attempts("1.2")) == 2
    assert len(list(home.glob("progress.damaged-*.db"))) == 1
    assert [first.notice is None, second.notice is None] == [False, True]


def test_damage_is_found_before_anything_reads_it(home):
    path = filled(home)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4096] + b"\xa5" * 4096)
    progress = reopened()
    assert progress.quiz_attempts("quick_test") == ()  # another table, far from the damage
    assert "damaged" in progress.notice


def test_of_two_that_find_the_damage_one_sets_it_aside(home):
    path = filled(home)
    slow = reopened().store
    slow.read("SELECT 1")
    path.write_bytes(b"not a database " * 1000)
    reopened().record(judgement())  # the fast one has set it aside and begun a new file
    slow._set_aside()
    assert slow.take_notice() is None
    assert len(reopened().attempts("1.2")) == 1


def test_a_deleted_file_is_simply_new(home):
    path = filled(home)
    path.unlink()
    open_progress().record(judgement())
    assert len(open_progress().attempts("1.2")) == 1


@pytest.mark.parametrize("locking_mode", ["NORMAL", "EXCLUSIVE"])
def test_a_locked_file_never_blocks_and_loses_nothing(hold, locking_mode):
    open_progress().record(judgement())
    holder = hold(locking_mode)
    progress = reopened()
    # An operation waits once for the file and once for the copy that goes into memory.
    assert BUSY_SECONDS + RETRY_BUSY_SECONDS < 1.0
    progress.record(judgement(Verdict.CORRECT, 3.0))
    assert progress.passed("1.2")
    assert progress.take_hint("1.2") == 1
    assert progress.store.in_memory
    assert "Another program holds" in progress.notice
    assert progress.notice is None
    assert not progress.store.flush()

    release(holder)
    assert progress.store.flush()
    assert "saved again" in progress.notice
    assert len(reopened().attempts("1.2")) == 2
    assert reopened().hints("1.2") == 1


def test_a_file_that_is_only_locked_for_writing_can_still_be_read(hold):
    open_progress().record(judgement())
    hold()
    progress = reopened()
    progress.take_hint("1.2")
    assert progress.store.in_memory
    assert len(progress.attempts("1.2")) == 1


def test_the_file_is_tried_again_by_itself(hold, monkeypatch):
    open_progress().record(judgement())
    holder = hold()
    progress = reopened()
    progress.record(judgement())
    release(holder)
    monkeypatch.setattr("quantlab.learn.progress_store.RETRY_SECONDS", 0.0)
    assert len(progress.attempts("1.2")) == 2
    assert not progress.store.in_memory


def test_rows_in_memory_are_saved_when_the_kernel_ends(hold, home):
    open_progress().record(judgement())
    holder = hold()
    script = WRITER.split("if progress")[0] + "sys.stdin.readline()"
    command = [sys.executable, "-c", script, "3"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert [process.stdout.readline() for _ in range(3)] == ["1\n", "2\n", "3\n"]
    release(holder)
    process.communicate("end\n", timeout=300)
    assert len(reopened().attempts("1.2")) == 4


def test_a_file_where_the_folder_should_be(home):
    home.write_text("I am not a folder")
    progress = open_progress()
    progress.record(judgement(Verdict.CORRECT, 3.0))
    assert progress.passed("1.2")
    assert open_progress().passed("1.2")  # the session in memory is shared by every caller
    assert "cannot write the progress file" in progress.notice
    assert progress.notice is None
    assert home.read_text() == "I am not a folder"


def test_a_folder_where_the_file_should_be(home):
    (home / "progress.db").mkdir(parents=True)
    progress = open_progress()
    assert progress.take_hint("1.2") == 1
    assert "cannot write the progress file" in progress.notice


def test_a_file_from_a_newer_version_is_left_alone(home):
    path = filled(home)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    before = path.read_bytes()
    progress = reopened()
    progress.record(judgement())
    assert len(progress.attempts("1.2")) == 1
    assert "newer QuantLab" in progress.notice
    assert path.read_bytes() == before


def test_a_value_that_sqlite_cannot_hold_costs_only_that_row():
    progress = open_progress()
    progress.record(judgement(misconception=object()))
    assert "could not note" in progress.notice
    assert progress.attempts("1.2") == ()


def test_a_verdict_of_another_version_counts_as_undecided(home):
    progress = open_progress()
    progress.record(judgement())
    db = sqlite3.connect(home / "progress.db", isolation_level=None)
    db.execute("UPDATE attempts SET verdict = 'brilliant'")
    db.close()
    assert progress.attempts("1.2")[0].verdict is Verdict.INCONCLUSIVE
