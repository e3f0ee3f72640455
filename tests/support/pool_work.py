"""Work that fails in every way, in the place of the grader: the submission says how."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def work(submission, release_hash, *, release, settings):
    """What the submission (JSON) asks for, then a result that names its argument.

    log       a file that gets a line each time this task is run, with the worker's process id.
    do        die, raise, sleep, child, print or kill_parent; with `once`, only the first time.
    """
    asked = json.loads(submission)
    log = Path(asked["log"])
    first = not log.exists()
    with log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if first or not asked.get("once"):
        _do(asked)
    return json.dumps({"who": asked["who"], "hash": release_hash, "seed": settings.seed})


def _do(asked):
    what = asked.get("do", "nothing")
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "raise":
        raise ValueError("a fault\nof ours")
    elif what == "sleep":
        time.sleep(asked["seconds"])
    elif what == "child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        Path(asked["log"]).with_suffix(".child").write_text(str(child.pid))
        time.sleep(300)
    elif what == "print":
        print("x" * 100_000)
        os.write(1, b"not JSON\n")
    elif what == "kill_parent":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
