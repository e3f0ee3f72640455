"""From what a stranger's cell printed and showed to a notebook's outputs: known kinds, capped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.running.student import CellResult

TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex")
PICTURES = ("image/png", "image/jpeg")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
#: Sequences that steer a terminal, and characters that no page shows.
STEERING = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]?"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]"
)
KINDS = frozenset({"display_data", "execute_result"})


def outputs_of(result: CellResult, kept_bytes: int) -> list[NotebookNode]:
    """The outputs of one cell, at most `kept_bytes` of them. Never raises for what they hold."""
    outputs: list[NotebookNode] = []
    left = kept_bytes
    if result.printed:
        text = clean(result.printed)[:left]
        outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
        left -= len(text)
    for given in result.outputs:
        made = _output(given)
        size = len(str(made)) if made else 0
        if made is not None and size <= left:
            outputs.append(made)
            left -= size
    if result.stopped is not None:
        said = f"{result.sentence}\n"
        outputs.append(nbformat.v4.new_output("stream", name="stderr", text=said))
    return outputs


def clean(text: str) -> str:
    """Text without control sequences, halves of characters and lone carriage returns."""
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return STEERING.sub("", whole.replace("\r", "\n"))


def _output(given: Any) -> NotebookNode | None:
    if not isinstance(given, dict):
        return None
    kind = given.get("output_type")
    if kind == "error":
        return nbformat.v4.new_output(
            "error",
            ename=_short(given.get("ename"), 100),
            evalue=_short(given.get("evalue"), 500),
            traceback=[clean(str(row))[:500] for row in _rows(given.get("traceback"))],
        )
    data = given.get("data")
    if kind not in KINDS or not isinstance(data, dict):
        return None
    kept = {mime: clean(data[mime]) for mime in TEXTS if isinstance(data.get(mime), str)}
    for mime in PICTURES:
        if isinstance(data.get(mime), str) and BASE64.fullmatch(data[mime]):
            kept[mime] = data[mime]
    return nbformat.v4.new_output("display_data", data=kept) if kept else None


def _rows(value: Any) -> Iterable[Any]:
    return value[-200:] if isinstance(value, list) else ()


def _short(value: Any, most: int) -> str:
    return clean(value)[:most] if isinstance(value, str) else ""
