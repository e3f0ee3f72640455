"""Caps by the kernel: where a cgroup may be made, what stands in it, and what its end means.

A folder carries the kernel's files here, because a machine of CI seldom delegates a cgroup: what is
read and written is tested, and what the kernel does about it is not. `autograder doctor` attacks
the real one where there is one.
"""

import os

import pytest

from autograder.running import cgroup
from autograder.running.bubblewrap import Bubblewrap
from autograder.running.cgroup import LEAF, Cgroup, find, make
from autograder.running.sandbox import Limits, NoSandbox
from autograder.running.settings import Settings
from autograder.running.student import Student
from autograder.running.usage import below
from quantlab.teach.judging.verdict import Verdict


@pytest.fixture
def tree(tmp_path):
    """Makes a cgroup of these controllers, and a process that stands in it."""

    def make_tree(place="user.slice/grade.scope", has="cpu memory pids", passes_on="", above=""):
        mount, proc = tmp_path / "fs", tmp_path / "proc"
        own = mount / place
        own.mkdir(parents=True)
        proc.mkdir()
        for folder, passed in ((own, passes_on), (own.parent, above)):
            (folder / "cgroup.controllers").write_text(f"{has}\n")
            (folder / "cgroup.subtree_control").write_text(f"{passed}\n")
            (folder / "cgroup.procs").write_text("")
        (proc / "cgroup").write_text(f"1:name=systemd:/x\n0::/{place}\n")
        rows = f"24 1 0:5 / /proc rw - proc proc rw\n30 1 0:26 / {mount} rw - cgroup2 cgroup2 rw\n"
        (proc / "mountinfo").write_text(rows)
        return proc, own

    return make_tree


def test_a_delegated_cgroup_passes_on_and_the_grader_moves_below_it(tree):
    proc, own = tree()
    assert find(proc) == own
    assert (own / LEAF / "cgroup.procs").read_text() == str(os.getpid())
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_worker_of_that_grader_makes_its_cgroups_beside_it(tree):
    proc, own = tree(f"user.slice/grade.scope/{LEAF}", above="memory pids")
    assert find(proc) == own.parent
    assert not (own / LEAF).exists()


def test_where_other_processes_stand_in_it_the_one_above_is_taken(tree, monkeypatch):
    """The kernel refuses to pass controllers on where a process stands: EBUSY."""
    proc, own = tree(above="cpu memory pids")
    (own / "cgroup.subtree_control").unlink()
    (own / "cgroup.subtree_control").mkdir()  # writing to a folder fails as well
    assert find(proc) == own.parent
    assert (own / "cgroup.procs").read_text() == str(os.getpid())


@pytest.mark.parametrize(
    "facts", [{"has": "cpu pids"}, {"has": "hugetlb"}, {"has": ""}, {"place": "a/../b"}]
)
def test_without_both_controllers_there_is_none(tree, facts):
    proc, _ = tree(**facts)
    assert find(proc) is None


def test_without_version_2_there_is_none(tree):
    proc, own = tree(passes_on="memory pids")
    assert find(proc) == own
    (proc / "mountinfo").write_text("30 1 0:26 / /sys/fs/cgroup rw - cgroup cgroup rw,memory\n")
    assert find(proc) is None
    (proc / "mountinfo").unlink()
    assert find(proc) is None


def test_a_mount_of_a_part_of_the_tree_is_understood(tree):
    """In a container the mount's root may be the container's own cgroup."""
    proc, own = tree(passes_on="memory pids")
    text = (proc / "mountinfo").read_text().replace("0:26 / ", "0:26 /docker/ab ")
    (proc / "mountinfo").write_text(text)
    assert find(proc) is None
    (proc / "cgroup").write_text("0::/docker/ab/user.slice/grade.scope\n")
    assert find(proc) == own


@pytest.fixture
def delegated(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroup, "delegated", lambda: tmp_path)
    return tmp_path


def test_the_limits_stand_in_the_kernels_files(delegated):
    made = make(Limits(memory_mib=700, processes=33))
    assert {path.name: path.read_text() for path in made.folder.iterdir()} == {
        "memory.max": str(700 * 2**20),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "33",
    }
    assert make(Limits()).folder != made.folder


def test_one_that_cannot_be_made_any_more_is_said(delegated, monkeypatch):
    monkeypatch.setattr(cgroup, "delegated", lambda: delegated / "gone")
    with pytest.raises(NoSandbox, match=r"No cgroup can be made in .*gone .*Delegate=yes"):
        make(Limits())


@pytest.mark.parametrize(
    ("events", "was"),
    [("low 0\noom 1\noom_kill 2\n", True), ("oom 3\noom_kill 0\n", False), (None, False)],
)
def test_the_kernels_word_on_memory(tmp_path, events, was):
    if events is not None:
        (tmp_path / "memory.events").write_text(events)
    assert Cgroup(tmp_path).out_of_memory() is was


def test_an_empty_one_is_taken_away(tmp_path):
    folder = tmp_path / "one"
    folder.mkdir()
    Cgroup(folder).remove()
    assert not folder.exists()
    Cgroup(folder).remove()


def test_a_sandbox_lives_in_it_and_its_death_by_memory_is_said(delegated, bubblewrap):
    """All its processes are moved in; the kernel's note on memory becomes the verdict."""
    assert Bubblewrap().caps == "cgroup v2"
    with Student(Bubblewrap(), Settings(memory_mib=700, submission_seconds=120)) as student:
        assert student.run_cell("print(6 * 7)").printed == "42\n"
        (folder,) = delegated.iterdir()
        moved = {int(row) for row in (folder / "cgroup.procs").read_text().split()}
        assert moved >= set(below(student._session._process.pid)) != set()
        (folder / "memory.events").write_text("oom_kill 1\n")
        ended = student.run_cell("import os; os._exit(1)")
    assert (ended.stopped, ended.sentence) == (
        Verdict.OUT_OF_MEMORY,
        "It used more than 700 MiB of memory.",
    )
    assert (folder / "cgroup.kill").read_text() == "1"


def test_without_one_the_watchdog_holds(monkeypatch):
    monkeypatch.setattr(cgroup, "delegated", lambda: None)
    assert make(Limits()) is None
    assert Bubblewrap().caps == "watchdog"
