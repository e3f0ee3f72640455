"""A copy of the interpreter that waits is a sandbox like one that was started anew: it sees neither
that interpreter nor another copy, and has a right over nothing."""

import json
import os
import signal

import psutil
import pytest

from autograder.running import bubblewrap
from autograder.running.bubblewrap import Bubblewrap
from autograder.running.sandbox import Limits
from autograder.running.settings import Settings
from autograder.running.started import Copy, Program
from autograder.running.student import Student

#: What one copy leaves everywhere, while another one looks.
LEAVES = """
import os, socket, subprocess
for place in ("/tmp", os.path.expanduser("~"), "/dev/shm"):
    open(f"{place}/left", "w").write("x")
lines = [socket.socket(socket.AF_INET), socket.socket(socket.AF_UNIX)]
lines[0].bind(("127.0.0.1", 5005))
lines[1].bind("\\0left")
for line in lines:
    line.listen()
socket.create_connection(("127.0.0.1", 5005)).close()
socket.sethostname("left") if os.getuid() == 0 else None
left = subprocess.Popen(["sleep", "600"])
terminal = os.openpty()
"""
LOOKS = """
import ctypes, json, os, signal, socket
FILES = (0, 1, 2, 3, 100, 101, 102)
libc = ctypes.CDLL(None, use_errno=True)
status = dict(row.split(":", 1) for row in open("/proc/self/status").read().splitlines())
def tried(work):
    try:
        work()
        return "worked"
    except OSError:
        return "refused"
def call(kind, where):
    with socket.socket(kind) as line:
        line.connect(where)
def checked(said):
    if said != 0:
        raise OSError
print(json.dumps({
    "user": os.getuid(),
    "processes": sorted(int(n) for n in os.listdir("/proc") if n.isdigit()),
    "left": [p for p in ("/tmp", os.path.expanduser("~"), "/dev/shm") if "left" in os.listdir(p)],
    "terminals": os.listdir("/dev/pts"),
    "rights": [status[f"Cap{n}"].strip().strip("0") for n in ("Eff", "Prm", "Inh", "Bnd", "Amb")],
    "new rights": status["NoNewPrivs"].strip(),
    "files": sorted(os.readlink(f"/proc/self/fd/{n}").split(":")[0] for n in FILES),
    "more files": len(os.listdir("/proc/self/fd")) - len(FILES),
    "tried": {
        "loopback": tried(lambda: call(socket.AF_INET, ("127.0.0.1", 5005))),
        "abstract": tried(lambda: call(socket.AF_UNIX, "\\0left")),
        "first environ": tried(lambda: open("/proc/1/environ").read()),
        "first memory": tried(lambda: open("/proc/1/mem", "rb").read(1)),
        "first root": tried(lambda: os.listdir("/proc/1/root/")),
        "trace first": tried(lambda: checked(libc.ptrace(16, 1, 0, 0))),
        "uncover": tried(lambda: checked(libc.umount2(b"/tmp", 2))),
        "uncover proc": tried(lambda: checked(libc.umount2(b"/proc/sys", 2))),
        "system": tried(lambda: open("/proc/sys/kernel/core_pattern", "r+")),
        "trigger": tried(lambda: open("/proc/sysrq-trigger", "r+")),
        "libraries": tried(lambda: open(os.__file__, "a")),
        "interpreter": tried(lambda: open("/proc/self/exe", "r+b")),
        "devices": tried(lambda: open("/dev/x", "w")),
    },
}))
"""


@pytest.fixture(scope="module")
def backend():
    return Bubblewrap()


def _student(backend):
    return Student(backend, Settings(cell_seconds=10, submission_seconds=60))


def test_a_copy_sees_nothing_of_another_and_has_no_right(backend):
    with _student(backend) as one, _student(backend) as other:
        assert one.run_cell(LEAVES).stopped is None
        result = other.run_cell(LOOKS)
    assert backend._zygote.refused == ""
    seen = json.loads(result.printed)
    assert seen["user"] == 65534
    assert seen["processes"] == [1, 2]
    assert seen["left"] == []
    assert seen["terminals"] == ["ptmx"]
    assert seen["rights"] == [""] * 5
    assert seen["new rights"] == "1"
    # Nothing to read; output, errors and the two of the grader; the file that a copy answers in;
    # and the listing is a file too.
    assert seen["files"] == ["/dev/null"] * 2 + ["/memfd"] + ["pipe"] * 4
    assert seen["more files"] == 1
    assert set(seen["tried"].values()) == {"refused"}, seen["tried"]


def test_nothing_is_left_for_the_next_copy(backend):
    with _student(backend) as one:
        one.run_cell(LEAVES)
    with _student(backend) as next_one:
        seen = json.loads(next_one.run_cell(LOOKS).printed)
    assert seen["left"] == []
    assert seen["processes"] == [1, 2]


def test_chance_is_another_one_in_each_copy(backend):
    drawn = set()
    for _ in range(2):
        with _student(backend) as student:
            said = student.run_cell(
                "import random, numpy as np\nprint(random.random(), np.random.rand())"
            ).printed.split()
        drawn |= set(said)
    assert len(drawn) == 4


def test_its_end_is_the_end_of_all_that_it_started(backend):
    copy = backend.start(Limits())
    assert isinstance(copy, Copy)
    assert copy.runs()
    below = psutil.Process(copy.pid).children(recursive=True)
    assert below
    copy.end()
    assert not copy.runs()
    assert not [p for p in below if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    copy.end()


def test_an_interpreter_that_was_killed_is_started_again():
    backend = Bubblewrap()
    first = backend.start(Limits())
    waiting = psutil.Process(first.pid).parents()[0]  # bubblewrap's first process
    os.kill(waiting.pid, signal.SIGKILL)
    psutil.wait_procs([waiting], timeout=300)
    assert not first.runs()
    again = backend.start(Limits())
    assert isinstance(again, Copy)
    again.end()


def test_a_system_that_gives_no_copies_gets_a_new_interpreter_for_each(monkeypatch):
    monkeypatch.setattr(bubblewrap, "RIGHTS", ())
    backend = Bubblewrap()
    started = backend.start(Limits())
    started.end()
    assert isinstance(started, Program)
    assert "Operation not permitted" in backend._zygote.refused
    with _student(backend) as student:
        assert student.run_cell("print(6 * 7)").printed.strip() == "42"


def test_a_python_that_a_copy_would_not_see_is_started_anew(monkeypatch):
    """A copy has an empty /tmp; what it had loaded from there could load nothing more."""
    sandbox = Bubblewrap()
    assert sandbox._copy(Limits()) is not None
    monkeypatch.setattr("sys.prefix", "/tmp/course/.venv")
    assert sandbox._copy(Limits()) is None
