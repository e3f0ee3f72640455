"""The sandbox as a Jupyter kernel: what `nbgrader autograde` may start instead of its own.

    python -P -m autograder.running.sandbox_kernel CONNECTION_FILE

The kernel has no network, so its five channels are Unix sockets: the manager must use the transport
"ipc" (`nbgrader_config.py`: `c.KernelManager.transport = "ipc"`). All of quantlab is in it, because
nbgrader's checks run where the answers run: the machine is protected, the points are not.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import quantlab
from autograder.running.bubblewrap import COURSE, HOME, frame
from autograder.running.sandbox import Limits, NoSandbox, environment

#: A Unix socket's path may be this long, with the number of the channel behind it.
LONGEST_PATH = 107


def main(words: list[str]) -> None:
    """Become the kernel of this connection file. Exits with a sentence where it cannot."""
    try:
        argv = list(kernel_argv(Path(words[0]).resolve()))
    except (NoSandbox, OSError, ValueError, IndexError, KeyError) as said:
        sys.exit(f"sandbox kernel: {said}")
    os.execv(argv[0], argv)


def kernel_argv(connection: Path) -> Iterator[str]:
    """The command line of ipykernel in a sandbox, its sockets and its working folder bound in."""
    told = json.loads(connection.read_text(encoding="utf-8"))
    sockets = Path(told["ip"])
    if told.get("transport") != "ipc":
        raise NoSandbox(
            f"The kernel is asked for over {told.get('transport')!r}; a sandbox has no network. "
            'Set c.KernelManager.transport = "ipc" in nbgrader_config.py.'
        )
    if not sockets.is_absolute() or len(f"{sockets}-5") > LONGEST_PATH:
        raise NoSandbox(
            f"The sockets would lie at {sockets}; expected is an absolute path of at most "
            f"{LONGEST_PATH} letters. Set JUPYTER_RUNTIME_DIR to a short one."
        )
    yield from frame(Limits())
    yield from ("--ro-bind", str(connection), str(connection))
    yield from ("--bind", str(sockets.parent), str(sockets.parent))
    yield from ("--ro-bind", str(connection), str(connection))
    yield from ("--ro-bind", str(Path(quantlab.__file__).parent), f"{COURSE}/quantlab")
    variables = environment(HOME, f"{sys.prefix}/bin:/usr/bin:/bin", COURSE)
    variables |= {k: v for k, v in os.environ.items() if k == "QUANTLAB_SEED"}
    for name, value in variables.items():
        yield from ("--setenv", name, value)
    yield from ("--chdir", HOME, "--remount-ro", "/")
    yield from ("--", sys.executable, "-P", "-s", "-m", "ipykernel_launcher", "-f", str(connection))


if __name__ == "__main__":
    main(sys.argv[1:])
