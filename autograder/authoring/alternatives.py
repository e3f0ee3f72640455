"""Right answers written differently: loops, vectorised, torch, python floats.

They stand in `solutions/<lesson>/alternatives.py`, beside the reference answer and away from what a
class receives, and each must be accepted by the judge with full points.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Answer = TypeVar("Answer", bound=Callable[..., Any])


def accepts(id: str) -> Callable[[Answer], Answer]:
    """Mark a function as a right answer to the exercise `id`."""

    def mark(answer: Answer) -> Answer:
        answer.accepts_id = id  # type: ignore[attr-defined]
        return answer

    return mark


def alternatives_of(folder: Path) -> dict[str, list[Callable[..., Any]]]:
    """The marked answers of a lesson folder by exercise id, in the order they are written."""
    path = folder / "alternatives.py"
    if not path.exists():
        return {}
    spec = importlib.util.spec_from_file_location(f"alternatives_{folder.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, list[Callable[..., Any]]] = {}
    for value in vars(module).values():
        if callable(value) and hasattr(value, "accepts_id"):
            found.setdefault(value.accepts_id, []).append(value)
    return found
