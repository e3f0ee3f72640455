"""Public names of a package that load when they are first used."""

import sys
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, str], modules: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package whose names are loaded when they are asked for.

    A module may bear the name of what it defines (quantize_model.py): the package's attribute is
    then what it defines, whoever imports the module first.

    Parameters
    ----------
    package : str
        The package's `__name__`.
    homes : mapping
        Public name to the module that defines it, written from the package on (".export.writer")
        or in full ("quantlab.numerics").
    modules : collection of str
        Modules of the package that need no import of their own either.

    Returns
    -------
    two functions, to be assigned to `__getattr__` and `__dir__` (PEP 562)

    Examples
    --------
    >>> get, names = lazy_names("quantlab", {"quantize": "quantlab.numerics"})
    >>> get("quantize").__name__, "quantize" in names()
    ('quantize', True)
    """

    class Package(ModuleType):
        def __setattr__(self, name: str, value: Any) -> None:
            # The import system makes each submodule an attribute of its package.
            if name in homes and getattr(value, "__name__", "") == f"{package}.{name}":
                value = getattr(value, name)
            super().__setattr__(name, value)

    def __getattr__(name: str) -> Any:
        if name in modules:
            return import_module(f".{name}", package)  # which makes it an attribute, too
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name], package), name)
        setattr(sys.modules[package], name, value)  # found directly from now on
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes, *modules})

    sys.modules[package].__class__ = Package
    return __getattr__, __dir__
