"""Wheels for the browser: packed from what is installed, or from this checkout, in pure Python.

The same input gives the same bytes: nothing in a wheel depends on when or where it was packed.
"""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path

from docs.lite.pins import normal

TAG = "py3-none-any"
WHEEL = f"Wheel-Version: 1.0\nGenerator: docs.lite\nRoot-Is-Purelib: true\nTag: {TAG}\n"
MIDNIGHT = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip file can say


@dataclass(frozen=True)
class Wheel:
    """A wheel in a folder, and what a lock file has to say of it."""

    name: str
    version: str
    file: Path
    imports: tuple[str, ...]
    depends: tuple[str, ...]

    def entry(self) -> dict[str, object]:
        """Its entry in a Pyodide lock file."""
        return {
            "name": self.name,
            "version": self.version,
            "file_name": self.file.name,
            "sha256": sha256(self.file.read_bytes()).hexdigest(),
            "imports": list(self.imports),
            "depends": list(self.depends),
            "install_dir": "site",
            "package_type": "package",
            "unvendored_tests": False,
        }


def pack(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, bytes],
    depends: Iterable[str],
    metadata: str,
) -> Wheel:
    """Write one wheel into `folder`. files: path in the wheel -> content, without the metadata."""
    stem = f"{normal(name).replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    content = dict(sorted(files.items()))
    content |= {f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": WHEEL.encode()}
    lines = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in content.items()]
    record = "\n".join([*lines, f"{info}/RECORD,,", ""])
    content[f"{info}/RECORD"] = record.encode()
    file = folder / f"{stem}-{TAG}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, data in content.items():
            member = zipfile.ZipInfo(path, MIDNIGHT)
            member.external_attr = 0o644 << 16
            archive.writestr(member, data, zipfile.ZIP_DEFLATED, 9)
    tops = {path.split("/")[0].removesuffix(".py") for path in files}
    imports = tuple(sorted(top for top in tops if top.isidentifier()))
    return Wheel(normal(name), version, file, imports, tuple(depends))


def pack_installed(folder: Path, name: str, depends: Iterable[str] = ()) -> Wheel:
    """A wheel of an installed package: its Python, its data and its licence, nothing compiled.

    Raises PackageNotFoundError where it is not installed.
    """
    found = distribution(name)
    files = {}
    for path in found.files or ():
        parts = path.parts
        kept = parts[0] != ".." and "__pycache__" not in parts and path.suffix != ".so"
        if not parts[0].endswith(".dist-info"):
            kept = kept and path.suffix not in (".pyd", ".dylib")
        elif "licen" not in path.name.lower():
            kept = False
        if kept:
            files[path.as_posix()] = Path(str(found.locate_file(path))).read_bytes()
    metadata = found.read_text("METADATA") or ""
    return pack(folder, found.name, found.version, files, depends, metadata)


def _digest(data: bytes) -> str:
    """A file's hash as RECORD writes it."""
    return base64.urlsafe_b64encode(sha256(data).digest()).decode().rstrip("=")
