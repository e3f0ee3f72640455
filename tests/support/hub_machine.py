"""A machine inside the machine: mounts, accounts and processes that end with their first process.

`unshare` starts it as the first process of its namespaces; see tests/support/hub.py. In there /etc
is a copy, /home and /srv are empty, the project is hidden, and Python stands where every
account reaches it. It ends when its standard input does, and the kernel ends whatever it started.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

STAGE = Path("/mnt")  # for root alone: STAGE/project, and STAGE/packages-0 and on


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True)


def empty(folder: Path, mode: str = "755") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", folder)


def bind(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    mount("--rbind", source, target)


def closed_above(path: Path) -> Path | None:
    """The topmost folder above `path` that a stranger cannot pass."""
    return next((p for p in reversed(path.parents) if not p.stat().st_mode & 0o001), None)


def set_up(project: Path, base: Path, packages: list[Path]) -> None:
    """The folders of the machine; `base` is the Python below every virtual environment."""
    empty(STAGE, "700")
    kept = {"project": project, "base": base}
    kept |= {f"packages-{number}": path for number, path in enumerate(packages)}
    for name, path in kept.items():
        bind(path, STAGE / name)
    subprocess.run(["cp", "-a", "/etc", STAGE / "etc"], check=True)
    mount("--bind", STAGE / "etc", "/etc")
    hidden = {project, Path("/home"), Path("/srv"), closed_above(base) or project}
    for folder in sorted(hidden):
        empty(folder)
    if hidden.intersection(base.parents):
        bind(STAGE / "base", base)


def main(project: str, base: str, *packages: str) -> None:
    set_up(Path(project), Path(base), [Path(path) for path in packages])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans are the first process's to bury
    print("ready", flush=True)
    os.read(0, 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
