"""A JupyterLite site with some lessons: `build` writes it, from files of this machine alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

from docs.lite.course_wheel import PACKED, ROOT, pack_course
from docs.lite.pins import needed, read_pins
from docs.lite.pyodide_set import LiteError, copy_set, installed_set
from docs.lite.wheels import Wheel, pack, pack_installed

LESSONS = ("00_start_here", "01_scale_and_zero_point", "02_size_and_latency", "quick_test")
#: What these packages need besides what is packed anyway.
DEPENDS = {
    "comm": (),
    "ipywidgets": ("comm", "ipython", "traitlets", "widgetsnbextension"),
    "mdurl": (),
    "markdown-it-py": ("mdurl",),
    "rich": ("markdown-it-py", "pygments"),
}
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@jupyterlite/pyodide-kernel-extension")
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
#: Of the wheels that come with the kernel.
KERNEL_WHEELS = ("ipykernel", "pyodide_kernel", "widgetsnbextension")
#: The kernel loads these before the first cell runs, so nothing has to be installed by a cell.
LOADED = (
    "micropip",
    "piplite",
    "ipykernel",
    "comm",
    "pyodide-kernel",
    "jedi",
    "ipython",
    "quantlab",
)
#: `/drive` is what the file list shows, and the browser keeps it.
ENVIRONMENT = {"QUANTLAB_HOME": "/drive"}
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
    # The browser's own search finds a word in any cell, not only in those on the screen.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


@dataclass(frozen=True)
class Built:
    """What was built. site: the folder to serve; sizes in bytes."""

    site: Path
    site_bytes: int
    wheel_bytes: int
    pyodide: str

    def __str__(self) -> str:
        return (
            f"{self.site}: {self.site_bytes / 1e6:.0f} MB with Pyodide {self.pyodide}; "
            f"the course's wheel has {self.wheel_bytes / 1e3:.0f} kB"
        )


def build(target: Path, pyodide: Path | None = None) -> Built:
    """Write the site into `target`, in place of what `build` wrote there before.

    Parameters
    ----------
    target : Path
        The folder to make; its parent folders are made as well.
    pyodide : Path, optional
        A folder with an unpacked Pyodide of the pinned version; by default the installed one.

    Returns
    -------
    Built

    Raises
    ------
    LiteError
        In one sentence: a package or a file is missing, a file is not the pinned one, `target`
        holds something else, or JupyterLite failed.
    """
    target = Path(target).resolve()
    if target.exists() and any(target.iterdir()) and not (target / "jupyter-lite.json").is_file():
        raise LiteError(f"{target} holds something else: name another folder, or empty this one.")
    with tempfile.TemporaryDirectory(prefix="lite-") as scratch:
        work, site = Path(scratch, "work"), Path(scratch, "site")
        course = _lay_out(work, pyodide or installed_set())
        _run_jupyterlite(work, site)
        _name_icon(site)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(site, target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    return Built(target, size, course, read_pins().info["version"])


def _lay_out(work: Path, pyodide: Path) -> int:
    """Everything that JupyterLite is to take in; returns the size of the course's wheel."""
    pins = read_pins()
    static = work / "static" / "pyodide"
    copy_set(pyodide, static, pins)
    wheels = _wheels(static)
    course = pack_course(static, pins, LESSONS, wheels)
    entries: dict[str, Any] = {**pins.packages}
    entries |= {wheel.name: wheel.entry() for wheel in (*wheels, course)}
    packages = {name: entries[name] for name in needed(LOADED, entries)}
    lock = {"info": pins.info, "packages": packages}
    (static / "pyodide-lock.json").write_text(json.dumps(lock, sort_keys=True), "utf-8")
    for name in LESSONS:
        _copy_notebook(work / "files", name)
    options = {"packages": [*LOADED], "env": ENVIRONMENT}
    kernel = {"disablePyPIFallback": True, "loadPyodideOptions": options}
    page = {"appName": "QuantLab", "litePluginSettings": {KERNEL: kernel}}
    config = {"jupyter-lite-schema-version": 0, "jupyter-config-data": page}
    (work / "jupyter-lite.json").write_text(json.dumps(config), "utf-8")
    (work / "overrides.json").write_text(json.dumps(SETTINGS), "utf-8")
    return course.file.stat().st_size


def _wheels(folder: Path) -> list[Wheel]:
    """The pure Python beside Pyodide: of installed packages, the kernel's own, and ours."""
    names = (*PACKED, "comm", "markdown-it-py", "mdurl")
    try:
        wheels = [pack_installed(folder, name, DEPENDS.get(name, ())) for name in names]
    except PackageNotFoundError as missing:
        raise LiteError(f"{missing.name} is not installed: run `python course.py start`.") from None
    for name in KERNEL_WHEELS:
        wheel = max((_extension(KERNEL.split(":")[0]) / "static" / "pypi").glob(f"{name}-*.whl"))
        copy = Path(shutil.copy(wheel, folder))
        wheels.append(Wheel(name.replace("_", "-"), wheel.name.split("-")[1], copy, (), ()))
    here = Path(__file__).with_name("piplite")
    files = {f"piplite/{file.name}": file.read_bytes() for file in sorted(here.glob("*.py"))}
    metadata = "Metadata-Version: 2.4\nName: piplite\nVersion: 0\n"
    return [*wheels, pack(folder, "piplite", "0", files, (), metadata)]


def _copy_notebook(files: Path, name: str) -> None:
    """The student's copy of a lesson, with the kernel's name in the browser."""
    notebook = json.loads((ROOT / "notebooks" / name / f"{name}.ipynb").read_text("utf-8"))
    notebook["metadata"]["kernelspec"] = {
        "name": "python",
        "display_name": "Python (Pyodide)",
        "language": "python",
    }
    file = files / name / f"{name}.ipynb"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), "utf-8")


def _name_icon(site: Path) -> None:
    """Say in every page where its icon is, else a browser asks the server's root for one."""
    for page in site.rglob("index.html"):
        icon = os.path.relpath(site / "lab" / "favicon.ico", page.parent).replace(os.sep, "/")
        head = f'<head>\n    <link rel="icon" href="{icon}">'
        page.write_text(page.read_text("utf-8").replace("<head>", head, 1), "utf-8")


def _extension(name: str) -> Path:
    """The folder of a prebuilt JupyterLab extension."""
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("labextensions"):
        if Path(folder, name, "package.json").is_file():
            return Path(folder, name)
    raise LiteError(
        f"JupyterLab's extension {name} is not installed: run `python -m pip install -e .[lite]` "
        "in the course's folder."
    )


def _run_jupyterlite(work: Path, site: Path) -> None:
    settings = {
        "apps": ["lab"],
        "lite_dir": f"{work}",
        "output_dir": f"{site}",
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "no_libarchive": True,
        "ignore_sys_prefix": ["federated_extensions"],  # some ask for a server of their own
        "federated_extensions": [f"{_extension(name)}" for name in EXTENSIONS],
    }
    config = work.with_name("config.json")
    config.write_text(json.dumps({"LiteBuildConfig": settings}), "utf-8")
    command = [sys.executable, "-m", "jupyterlite_core", "build", f"--config={config}"]
    ran = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if ran.returncode:
        last = (ran.stderr or ran.stdout).strip().splitlines()[-1:]
        raise LiteError(f"JupyterLite ended with code {ran.returncode}: {' '.join(last)}")
