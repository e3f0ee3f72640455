"""What stands in a sandbox in place of the lessons and of heavy libraries that few answers use.

A student may have merged a demonstration with an answer: `from quantlab.lessons.lesson_01 import
show` must not cost the answer below it. So the lessons' names are there, and are nobody: they can
be called, drawn and added up, and are never an answer.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

LESSONS = "quantlab.lessons"
#: Drawing takes half a second to load, and most answers draw nothing.
LATE = frozenset({"matplotlib.pyplot"})


class Nobody:
    """Stands for a name of the lessons; every use of it gives another nobody."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Nobody:
        if name.startswith("__") or name.startswith("_repr_") or name.startswith("_ipython"):
            raise AttributeError(name)
        return Nobody()

    def __call__(self, *args: Any, **kwargs: Any) -> Nobody:
        return Nobody()

    def __getitem__(self, key: Any) -> Nobody:
        return Nobody()

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __float__(self) -> float:
        return float("nan")

    def __format__(self, spec: str) -> str:
        return "…"

    def __repr__(self) -> str:
        return "(of the lesson; not here)"

    def _either(self, other: Any) -> Nobody:
        return Nobody()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _either
    __truediv__ = __rtruediv__ = __pow__ = __mod__ = __floordiv__ = _either


class _Lessons(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every module of the lessons, with whatever name is asked of it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name == LESSONS or name.startswith(f"{LESSONS}."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Room(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """A room of the lessons holds nothing."""


class _Room(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nobody()


class _Late(importlib.abc.MetaPathFinder):
    """Modules that load at their first use instead of at their import."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> Any:
        if name not in LATE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def stand_in() -> None:
    """Put both in front of Python's own finders."""
    sys.meta_path[:0] = [_Lessons(), _Late()]
