"""What a command line names: a function in a module or a file, and where it is not there, why."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any


def named_object(name: str, what: str) -> Any:
    """The object that "module:name" or "file.py:name" names; importing it runs its code.

    Modules are looked for in the working folder, too.

    Parameters
    ----------
    name : str
    what : str
        What it is for, as a refusal calls it.

    Raises
    ------
    ValueError
        No colon, no such module, file or name, or a module that fails while it is imported.

    Examples
    --------
    >>> named_object("math:floor", "decode")(2.5)
    2
    """
    home, colon, inside = name.rpartition(":")
    if not colon or not home or not inside:
        raise ValueError(f"{what} is {name!r}: write module:function, or file.py:function.")
    module = _from_file(Path(home), what) if home.endswith(".py") else _from_module(home, what)
    if not hasattr(module, inside):
        raise ValueError(f"{what} is {name!r}, but {home} has no {inside!r}: correct the name.")
    return getattr(module, inside)


def _from_module(name: str, what: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return import_module(name)
    except Exception as error:  # other people's code may raise anything
        raise ValueError(_failed(f"{what}: the module {name!r}", error)) from error


def _from_file(path: Path, what: str) -> ModuleType:
    if not path.is_file():
        raise ValueError(f"{what}: there is no file {path}. Give a path from the working folder.")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None, "a name that ends in .py always has a loader"
    assert spec.loader is not None, "and brings it along"
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # other people's code may raise anything
        raise ValueError(_failed(f"{what}: {path}", error)) from error
    return module


def _failed(where: str, error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else "no reason given"
    return f"{where} cannot be imported ({type(error).__name__}: {reason})."
