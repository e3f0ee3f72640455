"""The reference's pages: one a room, with every name that the room's packages make public."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import quantlab

#: Lessons are read in their notebooks; their packages only pass names on.
NOT_REFERENCE = "quantlab.lessons"


@dataclass(frozen=True)
class Package:
    """One package: its dotted name, and its public names with what they stand for."""

    name: str
    says: str
    public: dict[str, Any]

    @property
    def room(self) -> str:
        """The room it lies in, "numerics" for quantlab.numerics.ops."""
        return self.name.split(".")[1]


def packages() -> tuple[Package, ...]:
    """Every package below quantlab that lists public names in `__all__`, in alphabetical order."""
    found = []
    for module in walk_packages(quantlab.__path__, "quantlab."):
        if module.ispkg and not module.name.startswith(NOT_REFERENCE):
            loaded = import_module(module.name)
            names = {name: getattr(loaded, name) for name in getattr(loaded, "__all__", ())}
            if names:
                found.append(Package(module.name, inspect.getdoc(loaded) or "", names))
    return tuple(sorted(found, key=lambda package: package.name))


def rooms() -> dict[str, tuple[Package, ...]]:
    """Room to its packages, the room's own first; a name that it passes on is left out below it."""
    shown: dict[str, tuple[Package, ...]] = {}
    for package in packages():
        before = shown.get(package.room, ())
        above = [value for earlier in before for value in earlier.public.values()]
        own = {n: v for n, v in package.public.items() if not any(v is other for other in above)}
        shown[package.room] = (*before, replace(package, public=own))
    return shown


def write_pages(folder: Path) -> None:
    """Write index.rst and ROOM.rst for every room into `folder`."""
    for room, found in rooms().items():
        text = "\n".join(line for package in found for line in _section(package))
        (folder / f"{room}.rst").write_text(f"{text}\n", encoding="utf-8")
    (folder / "index.rst").write_text("\n".join(_index()) + "\n", encoding="utf-8")


def _index() -> Iterator[str]:
    yield from _title("Reference", "=")
    yield inspect.getdoc(quantlab) or ""
    yield "\n.. toctree::\n   :maxdepth: 2\n"
    yield from (f"   {room} <{room}>" for room in rooms())
    yield ""


def _section(package: Package) -> Iterator[str]:
    yield from _title(package.name, "=" if package.name.count(".") == 1 else "-")
    yield f".. py:module:: {package.name}\n"
    yield f"{package.says}\n"
    if package.public:
        yield ".. autosummary::\n"
        yield from (f"   {name}" for name in package.public)
        yield ""
    for name, value in package.public.items():
        yield from _entry(f"{package.name}.{name}", value)


def _entry(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        yield f".. autoclass:: {name}\n   :members:\n"
    elif callable(value):
        yield f".. autofunction:: {name}\n"
    elif inspect.ismodule(value):
        return  # a package of its own, with its own section
    else:
        yield f".. autodata:: {name}\n   :no-value:\n"


def _title(text: str, line: str) -> Iterator[str]:
    yield text
    yield line * len(text) + "\n"
