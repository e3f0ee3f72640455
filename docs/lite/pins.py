"""The Pyodide that the site carries, by the hashes that its authors published: pins.json.

docs/lite/write_pins.py writes that file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("pins.json")


@dataclass(frozen=True)
class Pins:
    """One release of Pyodide.

    info      what its lock file says of it: version, python, platform.
    core      name of a core file -> its sha256.
    packages  name -> its entry in the lock file, with file_name, sha256 and depends.
    """

    info: Mapping[str, str]
    core: Mapping[str, str]
    packages: Mapping[str, Mapping[str, Any]]

    @property
    def files(self) -> dict[str, str]:
        """Name of every file that the site needs -> its sha256."""
        wheels = {entry["file_name"]: entry["sha256"] for entry in self.packages.values()}
        return {**self.core, **wheels}


def read_pins(file: Path = FILE) -> Pins:
    """The pins as they are committed."""
    return Pins(**json.loads(file.read_text(encoding="utf-8")))


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def normal(name: str) -> str:
    """A package's name as a lock file writes it (PEP 503)."""
    return re.sub("[-_.]+", "-", name).lower()


def needed(wanted: Iterable[str], packages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """`wanted` and all that they depend on, by name, in alphabetical order."""
    found: set[str] = set()
    ahead = [normal(name) for name in wanted]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += [normal(other) for other in packages[name]["depends"]]
    return sorted(found)
