"""Why a file is no notebook, in words that its owner can do something with."""

from __future__ import annotations

import json
import re

#: What git leaves in a file whose two versions it could not bring together.
MERGE = re.compile(r"^<{7} ", re.MULTILINE)
PACKED = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "packed with gzip", b"%PDF": "a PDF"}
#: Formats that nbformat brings to 4.
READ = (1, 2, 3, 4)


def why_undecodable(data: bytes, fault: UnicodeDecodeError) -> str:
    """About bytes that are no text."""
    for start, name in PACKED.items():
        if data.startswith(start):
            return f"The file is named like a notebook and is {name}."
    return f"The notebook is not UTF-8 text (byte {fault.start} of {len(data)})."


def why_unreadable(text: str, fault: BaseException) -> str:
    """About text that nbformat does not read; it says the same for every such file."""
    if found := MERGE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        return f"The file holds the marks of an unfinished merge of git's (<<<<<<<, line {line})."
    for start, name in PACKED.items():
        if text.startswith(start.decode("latin-1")):
            return f"The file is named like a notebook and is {name}."
    if not text.lstrip().startswith("{"):
        row = text.strip().partition("\n")[0][:20]
        return f"The file is no notebook: it begins with {row!r}, and not with {{."
    try:
        whole = json.loads(text)
    except RecursionError:
        return "The file is no notebook: it is nested too deep."
    except ValueError as broken:
        if not text.rstrip().endswith("}"):
            return f"The notebook was cut off: the file ends after {len(text)} characters."
        line = getattr(broken, "lineno", 1)
        return f"The file is no notebook: what stands in line {line} is not JSON."
    return _why_no_notebook(whole, fault)


def _why_no_notebook(whole: object, fault: BaseException) -> str:
    version = whole.get("nbformat") if isinstance(whole, dict) else None
    if type(version) is int and version not in READ:
        return f"The notebook is of format {version}; formats up to {READ[-1]} are read."
    if type(version) is not int:
        return "The file is JSON and no notebook: it has no `nbformat` that is a whole number."
    said = " ".join(str(fault).split())[:100]
    return f"The file is JSON and no notebook that Jupyter reads ({type(fault).__name__}: {said})."
