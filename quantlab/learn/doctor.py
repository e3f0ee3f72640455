"""`quantlab doctor`: is this installation ready to learn with? Every line is tried, not assumed.

`diagnose` runs the probes one by one. A probe that fails becomes a problem line with the reason, so
that the doctor itself never raises.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from quantlab.base.browser import IN_BROWSER
from quantlab.learn.course import CourseNotFoundError, course_root
from quantlab.learn.progress_place import progress_folder, progress_path
from quantlab.learn.progress_store import Store

if TYPE_CHECKING:
    from quantlab.deploy.saturation.probe import Saturation

Status = Literal["ok", "warning", "problem"]

OLDEST_PYTHON = (3, 11)
KERNEL_SECONDS = 60
MEMORY_WARNING, MEMORY_PROBLEM = 2.0, 0.5  # GB available; lessons up to 02 fit in the lower one
DISK_WARNING, DISK_PROBLEM = 1.0, 0.05  # GB free; progress itself needs a few hundred kB
FASTER = 1.2  # INT8 counts as faster from here: less is not worth a second model file
SPEED_SECONDS = 1.0
EXTENSIONS: dict[str, tuple[Status, str]] = {
    "@jupyter-widgets/jupyterlab-manager": ("problem", "explorers and quizzes need it"),
    "@jupyter/nbgrader": ("warning", "instructors need it"),
}


@dataclass(frozen=True)
class Line:
    """One probe's outcome. `fix` is one sentence, "" when there is nothing to do."""

    name: str
    status: Status
    found: str
    fix: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def diagnose() -> tuple[Line, ...]:
    """Run every probe, in the order in which a broken one explains those after it. Never raises."""
    probes = {name: PROBES[name] for name in IN_A_TAB} if IN_BROWSER else PROBES
    return tuple(guarded(name, probe) for name, probe in probes.items())


def guarded(name: str, probe: Callable[[], Line]) -> Line:
    """The probe's line, or a problem line with the reason for which it failed."""
    try:
        return probe()
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else "no reason given"
        fix = "Install the course again with `python course.py start`; if it stays, report it."
        return Line(name, "problem", f"The probe failed: {type(error).__name__}: {reason}", fix)


def python() -> Line:
    version = ".".join(map(str, sys.version_info[:3]))
    found = f"{version} in {sys.prefix}"
    if sys.version_info < OLDEST_PYTHON:
        return Line("Python", "problem", found, "Install Python 3.11 or newer and set up again.")
    return Line("Python", "ok", found)


def packages() -> Line:
    """The installed versions against the pins in this project's metadata."""
    from packaging.requirements import Requirement

    pins = [Requirement(text) for text in importlib.metadata.requires("quantlab") or ()]
    pins = [pin for pin in pins if pin.marker is None or pin.marker.evaluate({"extra": ""})]
    missing, other = [], []
    for pin in pins:
        try:
            version = importlib.metadata.version(pin.name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{pin.name} is missing")
            continue
        if not pin.specifier.contains(version, prereleases=True):
            other.append(f"{pin.name} {version} is not {pin.specifier}")
    if not missing and not other:
        return Line("packages", "ok", f"{len(pins)} pinned packages, all at their versions")
    fix = "Run `python course.py start` again, or `python -m pip install -e .` in the course."
    return Line("packages", "problem" if missing else "warning", "; ".join(missing + other), fix)


def kernel() -> Line:
    """Start the `python3` kernel and let it add 1 and 1."""
    from jupyter_client.manager import start_new_kernel

    silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    manager, client = start_new_kernel(KERNEL_SECONDS, "python3", **silent)
    try:
        asked = {"two": "1 + 1", "prefix": "__import__('sys').prefix"}
        reply = client.execute(
            "", user_expressions=asked, reply=True, timeout=KERNEL_SECONDS, store_history=False
        )
        answers = reply["content"]["user_expressions"]
        two, prefix = (answers[name]["data"]["text/plain"] for name in asked)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return _judge_kernel(two, prefix.strip("'\""))


def _judge_kernel(two: str, prefix: str) -> Line:
    fix = "Run `python -m ipykernel install --sys-prefix` with the course's Python."
    if two != "2":
        return Line("kernel", "problem", f"The python3 kernel says that 1 + 1 is {two}", fix)
    if os.path.realpath(prefix) != os.path.realpath(sys.prefix):
        return Line("kernel", "problem", f"python3 runs another Python: {prefix}", fix)
    return Line("kernel", "ok", "python3 starts, runs this Python, and 1 + 1 is 2")


def extensions() -> Line:
    """JupyterLab's prebuilt extensions that the course uses: installed, and not switched off."""
    from jupyter_core.paths import jupyter_path
    from jupyterlab_server.config import get_federated_extensions, get_page_config

    folders = jupyter_path("labextensions")
    installed = get_federated_extensions(folders)
    switched = get_page_config(folders).get("disabledExtensions", {})
    off = {name for name in switched if not isinstance(switched, dict) or switched[name]}
    return _judge_extensions({name: data["version"] for name, data in installed.items()}, off)


def _judge_extensions(installed: dict[str, str], off: set[str]) -> Line:
    found, fixes, worst = [], [], "ok"
    for name, (status, reason) in EXTENSIONS.items():
        disabled = [switch for switch in off if switch.split(":")[0] == name]
        if name in installed and not disabled:
            found.append(f"{name} {installed[name]}")
            continue
        found.append(f"{name} is {'switched off' if disabled else 'missing'} ({reason})")
        fixes += [f"`jupyter labextension enable {switch}`" for switch in disabled] or [
            "`python -m pip install --force-reinstall "
            f"{'nbgrader' if 'nbgrader' in name else 'jupyterlab_widgets'}`"
        ]
        worst = "problem" if "problem" in (worst, status) else status
    fix = f"Run {' and '.join(fixes)}." if fixes else ""
    return Line("JupyterLab", worst, "; ".join(found), fix)  # type: ignore[arg-type]


def int8_arithmetic() -> Line:
    """Is INT8 exact here? Run the worst case and compare with integer arithmetic."""
    from quantlab.deploy.saturation.probe import probe_saturation

    return _judge_arithmetic(probe_saturation().operators)


def _judge_arithmetic(probes: Sequence[Saturation]) -> Line:
    wrong = [probe for probe in probes if probe.wrong]
    if not wrong:
        return Line("INT8 exactness", "ok", "exact: the sums of 255 × 127 are right")
    found = "; ".join(f"{p.operator} gives {p.seen:,} where {p.exact:,} is right" for p in wrong)
    fix = (
        "Nothing is broken: this CPU adds pairs of products in 16 bits. For your own models use "
        "`open_session(path, exact=True)`, and ask `saturation_report` what it changes."
    )
    return Line("INT8 exactness", "warning", f"saturates: {found}", fix)


def int8_speed() -> Line:
    """The same 3x3 convolution, 64 to 64 channels on 28x28, in FP32 and INT8, in turn, 1 thread."""
    from quantlab.deploy.latency.layer_pairs import conv_pair
    from quantlab.deploy.latency.side_by_side import side_by_side

    pair = conv_pair("3×3 convolution", 64, 28, 3)
    times = side_by_side(pair.runner("fp32"), pair.runner("int8"), SPEED_SECONDS)
    return _judge_speed(times.ratio, times.low, times.high)


def _judge_speed(ratio: float, low: float, high: float) -> Line:
    found = (
        f"a 3×3 convolution in INT8 is {ratio:.2f}× as fast as in FP32 (1 thread, 95 % interval "
        f"{low:.2f} to {high:.2f})"
    )
    if low >= FASTER:
        return Line("INT8 speed", "ok", found)
    fix = (
        f"Not surely {FASTER}× or more: close other programs and try again; if it stays, expect "
        "smaller files but hardly faster models from this CPU."
    )
    return Line("INT8 speed", "warning", found, fix)


def threads() -> Line:
    cores = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return _judge_threads(cores, usable, os.environ.get("OMP_NUM_THREADS"))


def _judge_threads(cores: int, usable: int, limit: str | None) -> Line:
    found = f"{usable} of {cores} cores usable, OMP_NUM_THREADS {limit or 'not set'}"
    if limit is None or (limit.isdigit() and 1 <= int(limit) <= usable):
        return Line("threads", "ok", found)
    return Line("threads", "warning", found, f"Set OMP_NUM_THREADS to 1 … {usable}, or unset it.")


def memory() -> Line:
    import psutil

    now = psutil.virtual_memory()
    return _judge_room(
        "memory",
        f"{_room_in_container(now.available) / 1e9:.1f} of {now.total / 1e9:.1f} GB available",
        _room_in_container(now.available) / 1e9,
        (MEMORY_WARNING, MEMORY_PROBLEM),
        "Close other programs and notebooks: later lessons train small networks.",
    )


def _room_in_container(available: int, folder: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that are left: a container's limit (Linux, cgroup v2) can be below the machine's."""
    try:
        limit = int((folder / "memory.max").read_text())
        used = int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return available  # no container, no limit ("max"), or another system
    return max(0, min(available, limit - used))


def disk() -> Line:
    folder = progress_folder() or Path.cwd()
    there = next(place for place in (folder, *folder.parents) if place.is_dir())
    free = shutil.disk_usage(there).free / 1e9
    found = f"{free:.1f} GB free at {there}"
    fix = "Free some space on that disk, or point QUANTLAB_HOME to another."
    return _judge_room("disk", found, free, (DISK_WARNING, DISK_PROBLEM), fix)


def _judge_room(name: str, found: str, gb: float, limits: tuple[float, float], fix: str) -> Line:
    if gb >= limits[0]:
        return Line(name, "ok", found)
    return Line(name, "problem" if gb < limits[1] else "warning", found, fix)


def progress_file() -> Line:
    """Open the progress file for writing, as a check would; a damaged one is set aside."""
    store = Store(progress_path())
    store.write()
    in_memory, notice = store.in_memory, store.take_notice()
    if in_memory:
        fix = "Set QUANTLAB_HOME to a folder of yours on a local disk, and start again."
        return Line("progress", "problem", f"{notice}", fix)
    if notice:
        return Line("progress", "warning", notice, "Nothing to do; a copy of it may be elsewhere.")
    return Line("progress", "ok", f"{store.path} can be written")


def notebooks() -> Line:
    """Can the folder with the learner's notebooks be written to?"""
    try:
        folder = course_root() / "notebooks"
    except CourseNotFoundError as error:
        return Line("notebooks", "warning", "no course here", str(error))
    return _judge_folder(folder)


def _judge_folder(folder: Path) -> Line:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Line("notebooks", "ok", f"{folder} can be written")
    except OSError as error:
        found = f"{folder} cannot be written ({error.strerror})"
        return Line("notebooks", "problem", found, "Copy the course to a folder of your own.")


PROBES: dict[str, Callable[[], Line]] = {
    "Python": python,
    "packages": packages,
    "kernel": kernel,
    "JupyterLab": extensions,
    "INT8 exactness": int8_arithmetic,
    "INT8 speed": int8_speed,
    "threads": threads,
    "memory": memory,
    "disk": disk,
    "progress": progress_file,
    "notebooks": notebooks,
}
#: What can be asked of a browser tab: there is no system to look at.
IN_A_TAB = ("Python", "packages", "progress")
