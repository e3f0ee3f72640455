"""Reads a zip as a stranger's file: nothing is unpacked by name, nothing beyond the caps is read.

A name in a zip may say `../../x` or `/etc/x`, an entry may be a link, and 40 KB may hold 4 GB. So
entries are listed with what they say of themselves, refused by their name and kind, and read with
a cap on what really comes out.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

MOST_ENTRIES = 20_000
DEEPEST = 10
LONGEST_NAME = 1_000
#: All entries of one zip together, unpacked.
LARGEST_WHOLE = 4_000_000_000


class BadZip(Exception):
    """A zip that is not read; the message is one sentence with what to do."""


@dataclass(frozen=True)
class Entry:
    """One file of a zip: where it says it lies, and why it is not read (empty: it can be)."""

    path: PurePosixPath
    size: int
    refused: str
    info: zipfile.ZipInfo


@contextmanager
def opened(file: Path | IO[bytes], name: str) -> Iterator[zipfile.ZipFile]:
    """The zip, looked over as a whole. Raises BadZip."""
    try:
        with zipfile.ZipFile(file) as whole:
            entries = whole.infolist()
            if len(entries) > MOST_ENTRIES:
                raise BadZip(f"{name} holds {len(entries)} files; at most {MOST_ENTRIES} are read.")
            size = sum(entry.file_size for entry in entries)
            if size > LARGEST_WHOLE:
                raise BadZip(f"{name} is {size / 1e9:.1f} GB unpacked; at most 4 GB are read.")
            yield whole
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError, ValueError) as fault:
        raise BadZip(f"{name} is no zip that can be read ({fault}). Download it again.") from None
    except OSError as fault:
        raise BadZip(f"{name} cannot be read ({fault.strerror or fault}).") from None


def entries_of(whole: zipfile.ZipFile) -> Iterator[Entry]:
    """Every file of the zip, in its own order; folders are left out."""
    for info in whole.infolist():
        if not info.is_dir():
            path = PurePosixPath(info.filename.replace("\\", "/"))
            yield Entry(path, info.file_size, _why_refused(info, path), info)


def read(whole: zipfile.ZipFile, entry: Entry, largest: int) -> bytes:
    """The bytes of an entry. Raises BadZip for one that is refused, damaged or too large."""
    if entry.refused:
        raise BadZip(f"{entry.path.name[:60]} {entry.refused}.")
    try:
        with whole.open(entry.info) as file:
            data = file.read(largest + 1)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as fault:
        raise BadZip(f"{entry.path.name[:60]} cannot be read ({fault}).") from None
    except Exception as fault:  # zlib, lzma and bz2 have errors of their own
        raise BadZip(f"{entry.path.name[:60]} is damaged ({type(fault).__name__}).") from None
    if len(data) > largest:
        raise BadZip(f"{entry.path.name[:60]} is larger than {largest / 1e6:g} MB.")
    return data


def _why_refused(info: zipfile.ZipInfo, path: PurePosixPath) -> str:
    mode = info.external_attr >> 16
    if len(info.filename) > LONGEST_NAME or len(path.parts) > DEEPEST:
        return "lies too deep, or its name is too long"
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "has a path that leads out of the zip"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a link or no ordinary file; links are never followed"
    if info.flag_bits & 1:
        return "is encrypted"
    return ""
