"""Writes docs/lite/pins.json: python -m docs.lite.write_pins FOLDER

FOLDER is the npm package `pyodide`, unpacked, which its authors publish. Its core files are hashed
here, and its lock file says the hash of each package's wheel. A set from anywhere else is compared
with these.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from docs.lite.pins import FILE, Pins, needed, sha256

CORE = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
#: What the kernel and the course import; their own dependencies follow from the lock file.
WANTED = ("ipython", "jedi", "matplotlib", "micropip", "numpy", "pillow", "sqlite3")


def pins_of(folder: Path) -> Pins:
    """The pins of an unpacked npm package `pyodide`."""
    lock = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))
    names = needed(WANTED, lock["packages"])
    packages = {name: lock["packages"][name] for name in names}
    return Pins(lock["info"], {name: sha256(folder / name) for name in CORE}, packages)


def main(argv: list[str]) -> int:
    if len(argv) != 1 or not (folder := Path(argv[0])).joinpath("pyodide-lock.json").is_file():
        print("Expected is the unpacked npm package pyodide: python -m docs.lite.write_pins FOLDER")
        return 2
    FILE.write_text(json.dumps(vars(pins_of(folder)), indent=1, sort_keys=True) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
