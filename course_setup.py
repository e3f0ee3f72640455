"""Make .venv, install the project into it and remember that it is done; see course.py.

Standard library only. A second run finds the stamp and returns at once. A set-up that failed or
was cut off leaves no false stamp, and the next one heals it.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

OLDEST = (3, 11)
# Exit codes of a set-up.
BAD_PYTHON, NETWORK, DISK, WRITE, INSTALL, BAD_PATH = 3, 4, 5, 6, 8, 9
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN, EXE = (VENV / "Scripts", ".exe") if os.name == "nt" else (VENV / "bin", "")
PYTHON = f"{BIN / 'python'}{EXE}"
LOG, STAMP = VENV / "course-setup.log", VENV / "course-setup.json"
# Free space a set-up needs, in GB: .venv, the downloads and pip's copy of them, rounded up.
GIGABYTES, GIGABYTES_WITH_CUDA, GIGABYTES_TO_ADD = 4, 12, 1

# What pip or venv print, and what the reader does about it. The order matters: a full disk or a
# dead network also makes packages "not found".
SYMPTOMS = {
    DISK: "no space left on device|not enough space on the disk|disk quota exceeded",
    BAD_PATH: "file name too long|winerror 206|long path|path separator|surrogates not allowed",
    WRITE: r"permission denied|access is denied|read-only file system|winerror (5|32)\b",
    NETWORK: r"connection (error|broken|aborted|reset)|timed out|incompleteread|50\d server error",
    INSTALL: "resolutionimpossible|no matching distribution|requires a different python",
}
AGAIN = "and run the same command again."
CURES = {
    DISK: "The disk is full: free some space, also where temporary files go,",
    BAD_PATH: "pip cannot handle the project's path: move it to a short path of letters and digits",
    WRITE: f"{ROOT} cannot be written: close what uses .venv, or copy the project to your home,",
    NETWORK: "The package index does not answer: check network, `pip config list`, --torch-index,",
    INSTALL: "No such package for this Python: take another Python from 3.11 up, or another index,",
}


class Stop(Exception):
    """An expected failure; its arguments: exit code, one sentence that says what to do."""


def trouble(output: str) -> Stop:
    """Show the last error lines of pip or venv; return what they mean to the reader."""
    errors = [x.strip()[:200] for x in output.splitlines() if re.match(" *(ERROR|Error): ", x)]
    sys.stderr.write("".join(f"  {x}\n" for x in list(dict.fromkeys(errors))[-4:]))
    found = [code for code, pattern in SYMPTOMS.items() if re.search(pattern, output, re.I)]
    if not found and shutil.disk_usage(ROOT).free < GIGABYTES_TO_ADD * 1e9:
        found = [DISK]  # the log lies on the same disk: pip could not write why it stopped
    if found:
        return Stop(found[0], f"{CURES[found[0]]} {AGAIN}")
    return Stop(INSTALL, f"The set-up failed: read {LOG}, mend what it names {AGAIN}")


def steps(extras: list[str], torch_index: str | None) -> list[list[str]]:
    """The command lines of a set-up, as README states them, run with .venv's Python."""
    lines = [["python", "-m", "venv", ".venv"]]
    if torch_index:
        (torch,) = re.findall(r'"(torch==[^"]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
        lines.append(["python", "-m", "pip", "install", "--index-url", torch_index, torch])
    project = f".[{','.join(extras)}]" if extras else "."
    return [*lines, ["python", "-m", "pip", "install", "-e", project]]


def environment(**more: str) -> dict[str, str]:
    """What children see: this .venv and nothing of another Python's."""
    # A thread of torch that waits for others spins by default. Where more runs than there are
    # cores, such as two notebooks, that made the same cell take 2 to 4 times as long.
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "__PYVENV_LAUNCHER__")}
    path = f"{BIN}{os.pathsep}{env.get('PATH', '')}"
    waiting = {"OMP_WAIT_POLICY": env.get("OMP_WAIT_POLICY", "PASSIVE")}
    return {**env, **waiting, "VIRTUAL_ENV": str(VENV), "PATH": path, **more}


def run(argv: list[str], tick: Callable[[float], object] = id, **options: Any) -> int:
    """Run a child to its end; `tick` gets the seconds so far. It never outlives this call."""
    sys.stdout.flush()
    begin = time.monotonic()
    child = subprocess.Popen(argv, cwd=ROOT, **options)
    try:
        while child.poll() is None:
            tick(time.monotonic() - begin)
            time.sleep(0.1)
        return child.returncode
    finally:
        end(child)


def run_at_once(
    commands: dict[str, list[str]], at_a_time: int, **options: Any
) -> Generator[tuple[str, int], None, None]:
    """Run children side by side, show what each says in their order, and give its exit code.

    commands   argument lists by the line that stands above the output. The last one begins first,
               for it takes longest; then the others in their order.
    at_a_time  how many run at once.

    What a child says is shown as it is said, once those before it have ended. Closing the iterator
    ends those that still run.
    """
    children: dict[str, subprocess.Popen] = {}
    *others, longest = commands
    with tempfile.TemporaryDirectory() as folder, ExitStack() as files:
        said = {line: Path(folder, str(number)) for number, line in enumerate(commands)}
        heard = {}

        def begin_what_may_run() -> None:
            running = sum(child.poll() is None for child in children.values())
            for line in [longest, *others][len(children) :][: max(0, at_a_time - running)]:
                with said[line].open("wb") as output:
                    more = {"stdout": output, "stderr": subprocess.STDOUT, **options}
                    children[line] = subprocess.Popen(commands[line], cwd=ROOT, **more)
                heard[line] = files.enter_context(said[line].open("rb"))

        try:
            for line in commands:
                print(f"\n$ {line}", flush=True)
                ended = False
                while not ended:
                    begin_what_may_run()
                    time.sleep(0.1)
                    if line in children:
                        ended = children[line].poll() is not None
                        shutil.copyfileobj(heard[line], sys.stdout.buffer)
                        sys.stdout.flush()
                yield line, children[line].returncode
        finally:
            end(*children.values())


def end(*children: subprocess.Popen) -> None:
    """End those that still run, as none may outlive the call that began it.

    Ctrl-C reached a child too. A signal sent to course.py alone did not: pass it on. Windows'
    terminate would kill the child before it tidies up, so it only gets time there.
    """
    for child in children:
        if child.poll() is None and os.name == "posix":
            child.terminate()
    for child in children:
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()


def show_seconds(seconds: float) -> None:
    if sys.stdout.isatty():
        print(f"\r      {seconds:.0f} s", end="", flush=True)


def venv_version() -> str:
    """`3.11` of the Python in .venv; empty when it or its pip does not start or is too old."""
    ask = f"import sys; v = sys.version_info[:2]; print('%d.%d' % v if v >= {OLDEST} else '')"
    # Where a set-up left its stamp, pip was there; -S saves most of the time of the start.
    command = [PYTHON, "-ISc", ask] if STAMP.exists() else [PYTHON, "-Ic", f"import pip; {ask}"]
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def read_stamp() -> dict:
    """What the last set-up left; empty when there was none or it is unreadable."""
    try:
        return dict(json.loads(STAMP.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def write_stamp(stamp: dict) -> None:
    """Replace the stamp in one move, so that an interruption never leaves half of one."""
    new = STAMP.with_suffix(".new")
    new.write_text(json.dumps(stamp, indent=1), "utf-8")
    os.replace(new, STAMP)


def why_rebuild(stamp: dict, version: str, torch_index: str | None) -> str:
    """Why .venv must be made from scratch; empty when what is there can be built upon."""
    if not version:
        return "its Python does not start" if VENV.exists() else "there is none yet"
    if stamp and not stamp.get("done"):
        return "an earlier set-up was interrupted while it installed"
    if stamp and (stamp.get("root"), stamp.get("python")) != (str(ROOT), version):
        return "the project was moved or its Python changed"
    if stamp and torch_index not in (None, stamp.get("torch_index")):
        return "torch shall come from another index"
    return ""


def set_up(extras: set[str], torch_index: str | None) -> None:
    """Bring .venv to what pyproject.toml asks; return at once when it is there already."""
    stamp, version = read_stamp(), venv_version()
    reason = why_rebuild(stamp, version, torch_index)
    goal: dict = {
        "done": True,
        "root": str(ROOT),
        "python": version,
        "pyproject": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
        "extras": sorted(extras.union(stamp.get("extras", ()))),
        "torch_index": torch_index or stamp.get("torch_index"),
    }
    if goal == stamp and not reason:
        return
    before = {} if reason else stamp
    check_disk(before, goal["torch_index"])
    make, *lines = steps(goal["extras"], goal["torch_index"])
    total = len(lines) + bool(reason)
    if reason:
        make_venv(make, f"[1/{total}] {' '.join(make)} ({reason})")
        goal["python"] = venv_version()
    install(lines, total, before, goal)
    write_stamp(goal)


def check_disk(before: dict, torch_index: str | None) -> None:
    """Stop when the project's disk has less room than the set-up takes."""
    cuda = sys.platform == "linux" and not torch_index
    need = GIGABYTES_TO_ADD if before else GIGABYTES_WITH_CUDA if cuda else GIGABYTES
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < need:
        less = " or take torch without CUDA by --torch-index (see README)" if cuda else ""
        seen = f"The set-up needs {need} GB and {ROOT} has {free:.1f} GB free"
        raise Stop(DISK, f"{seen}: free some space{less} {AGAIN}")


def make_venv(line: list[str], label: str) -> None:
    """Make .venv anew, with the Python below any virtual environment that runs course.py."""
    ours = VENV.is_dir() and ((VENV / "pyvenv.cfg").exists() or not any(VENV.iterdir()))
    if VENV.exists() and not ours:
        raise Stop(WRITE, f"{VENV} is in the way and no virtual environment: move it {AGAIN}")
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        cure = "install it (Debian, Ubuntu: apt install python3-venv)"
        raise Stop(BAD_PYTHON, f"{sys.executable} has no venv module with pip: {cure} {AGAIN}")
    print(label)
    command = [sys.executable, *line[1:3], "--clear", *line[3:]]
    made = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    if made.returncode:
        raise trouble(made.stdout + made.stderr)


def install(lines: list[list[str]], total: int, before: dict, goal: dict) -> None:
    """Run pip's lines into the log; a failure before pip wrote anything restores the stamp.

    Meanwhile the stamp says "not done". So not even a power cut leaves a false stamp, and the
    next set-up starts from scratch.
    """
    # Only a retry makes pip say that an index did not answer.
    env = environment(PIP_RETRIES="3", PIP_NO_INPUT="1", PIP_USER="0", PIP_PROGRESS_BAR="off")
    write_stamp({**goal, "done": False})
    try:
        with LOG.open("wb") as log:
            to_log = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
            for number, line in enumerate(lines, total - len(lines) + 1):
                begin = time.monotonic()
                print(f"[{number}/{total}] {' '.join(line)}")
                code = run([PYTHON, *line[1:]], show_seconds, env=env, **to_log)
                print(f"\r      {time.monotonic() - begin:.0f} s")
                if code:
                    raise trouble(LOG.read_text("utf-8", "replace"))
    except BaseException:
        said = LOG.read_text("utf-8", "replace")
        if said.count("Installing collected packages") == said.count("Successfully installed"):
            write_stamp(before)
        raise
