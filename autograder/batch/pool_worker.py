"""One worker of the pool: tasks come as JSON lines on standard input, results leave as JSON lines.

It is the trusted side: the submission's code runs in a sandbox below it. What that code, or a
library, prints does not reach the channel: it is a private copy, and the visible one leads nowhere.
When the process that started it ends, however it ends, so does this one with all it started.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from typing import IO, Any

from autograder.batch.task import Task, call
from autograder.programs import skip_slow_imports

#: The end of standard input: nobody is there any more who would read a result.
GONE = None


def main() -> None:
    """Serve until standard input ends."""
    skip_slow_imports()
    channel = _private_channel()
    tasks: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks,), daemon=True).start()
    _say(channel, {"ready": True})
    while (line := tasks.get()) is not GONE:
        _say(channel, _answer(sys.argv[1], json.loads(line)))


def _answer(work: str, data: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": call(work, Task.from_dict(data))}
    except Exception as fault:  # whatever it is: this one has no grade, the next one goes on
        return {"fault": f"{type(fault).__name__}: {' '.join(str(fault).split())[:300]}"}


def _listen(tasks: queue.SimpleQueue[str | None]) -> None:
    """Reads ahead, so that the end of the input is seen while a task still runs."""
    for line in sys.stdin:
        tasks.put(line)
    end_group()


def end_group() -> None:
    """End this process and everything in its process group, itself included."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _private_channel() -> IO[str]:
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return channel


def _say(channel: IO[str], message: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # then standard input has ended too
        channel.write(json.dumps(message) + "\n")
        channel.flush()


if __name__ == "__main__":
    main()
