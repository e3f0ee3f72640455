"""Parts of a machine that no Python package brings, and the tests that cannot run without them.

A test needs a part when it asks, itself or through others, for the fixture of the part's name.
Where the part is missing the test is not collected, and a line after pytest's summary says so; in
CI, which installs every part, a missing one ends the run before it begins.
"""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from tests.support.browser import find_browser


@dataclass(frozen=True)
class Part:
    """Something to find on a machine; `find` gives its path, or None where it is missing."""

    find: Callable[[], Path | None]
    why: str
    cure: str


def find_bubblewrap() -> Path | None:
    """bwrap, where it can make a sandbox: some machines have it and forbid its namespaces."""
    found = shutil.which("bwrap")
    if not found:
        return None
    tried = subprocess.run([found, "--ro-bind", "/", "/", "true"], capture_output=True)
    return None if tried.returncode else Path(found)


def find_namespaces() -> Path | None:
    """unshare, where it gives mounts, processes and accounts of their own: that is root's to do."""
    found = shutil.which("unshare")
    if not found:
        return None
    tried = subprocess.run([found, "--mount", "--pid", "--fork", "true"], capture_output=True)
    return None if tried.returncode else Path(found)


def find_on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


PARTS = {
    "linux": Part(
        lambda: Path("/proc/self") if sys.platform == "linux" else None,
        "this is no Linux",
        "Run them in a container or a virtual machine of it.",
    ),
    "browser": Part(
        find_browser,
        "no Chromium, Chrome or Edge was found",
        "Install one, or run `python -m playwright install chromium` in .venv.",
    ),
    "bubblewrap": Part(
        find_bubblewrap,
        "bubblewrap (the command bwrap) cannot make a sandbox",
        "Install Debian's package bubblewrap, and let users make namespaces.",
    ),
    "namespaces": Part(
        find_namespaces,
        "this user cannot make accounts in namespaces of their own",
        "Run them as root of Linux, with the command unshare.",
    ),
    "proxy": Part(
        lambda: find_on_path("configurable-http-proxy"),
        "JupyterHub's proxy (the command configurable-http-proxy) was not found",
        "Install it as docs/hub/one_machine.md says.",
    ),
}


@functools.cache
def find(name: str) -> Path | None:
    """The part of this name on this machine, looked for once a process."""
    return PARTS[name].find()


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


def missing(fixtures: Collection[str]) -> str | None:
    """The first part that a test with these fixtures needs and this machine lacks."""
    return next((name for name in PARTS if name in fixtures and not find(name)), None)


def not_run(name: str, tests: Collection[str]) -> str:
    """What stands after pytest's summary; `tests` are node ids."""
    files = sorted({test.partition("::")[0] for test in tests})
    part = PARTS[name]
    count = f"{len(tests)} test{'' if len(tests) == 1 else 's'}"
    return f"{count} not run, because {part.why}: {', '.join(files)}. {part.cure}"


def refusal(name: str) -> str:
    """Why a run in CI does not begin."""
    return f"CI=true promises every test, but {PARTS[name].why}. {PARTS[name].cure}"
