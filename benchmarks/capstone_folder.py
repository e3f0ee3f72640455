"""What a long run has made and judged so far, in a folder: a second run goes on from there."""

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from quantlab.base.atomic import replacing

Value = TypeVar("Value")


def begin(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make the folder, or check that it belongs to a run with these settings.

    Raises
    ------
    ValueError
        It holds what a run with other settings made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "settings.json"
    if note.exists() and json.loads(note.read_text()) != dict(settings):
        raise ValueError(
            f"{folder} holds a run with the settings {note.read_text()}, but this one has "
            f"{json.dumps(dict(settings))}: give --resume another folder."
        )
    note.write_text(json.dumps(dict(settings)))


def made(path: Path, make: Callable[[Path], object]) -> Path:
    """The file, made where it does not stand yet; there is never half of one."""
    if not path.exists():
        with replacing(path) as temporary:
            make(temporary)
    return path


def found(path: Path, find: Callable[[], Value]) -> Value:
    """What `find` returned when it was first asked; the file is this program's own."""
    made(path, lambda temporary: temporary.write_bytes(pickle.dumps(find())))
    value: Value = pickle.loads(path.read_bytes())
    return value
