"""Frozen settings to plain data and back, and the sentences for values that do not fit."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
#: Of a value in a sentence: whoever reads it looks for what is wrong with it.
LONGEST_SHOWN = 80


def to_plain(value: Any) -> Any:
    """Dataclasses and mappings become dicts, tuples lists; the rest stays."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {name: to_plain(item) for name, item in value.items()}
    return [to_plain(item) for item in value] if isinstance(value, tuple | list) else value


def json_ready(value: Any) -> Any:
    """The same with what JSON has no word for: arrays as lists, None for NaN and infinity.

    Examples
    --------
    >>> json_ready({"sqnr_db": float("inf"), "counts": np.arange(3), "few": np.bool_(True)})
    {'sqnr_db': None, 'counts': [0, 1, 2], 'few': True}
    """
    plain = to_plain(value)
    if isinstance(plain, dict):
        return {name: json_ready(item) for name, item in plain.items()}
    if isinstance(plain, np.ndarray | np.generic):
        return json_ready(plain.tolist())
    if isinstance(plain, list):
        return [json_ready(item) for item in plain]
    return None if isinstance(plain, float) and not isfinite(plain) else plain


def from_plain(kind: type[T], data: Any, name: str) -> T:
    """`kind(**data)`; refuses what is no mapping and keys that `kind` does not have."""
    return kind(**known_keys(kind, data, name))


def known_keys(kind: type, data: Any, name: str) -> dict[str, Any]:
    """`data` as a dict whose keys are fields of the dataclass `kind`."""
    instance_of(data, Mapping, name, "a mapping of settings")
    allowed = [f.name for f in fields(kind)]
    for key in data:
        if key not in allowed:
            raise ValueError(
                f"{name} has the key {shown(key)}, but {kind.__name__} knows only "
                f"{', '.join(allowed)}: correct the key or leave it out."
            )
    return dict(data)


def shown(value: Any) -> str:
    """The value as Python writes it, cut where that is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def one_of(value: Any, allowed: tuple[Any, ...], name: str) -> None:
    """Refuse a value that is not among `allowed`."""
    # By type too: True equals 1, and an unhashable value is still to get its sentence.
    if not any(type(value) is type(one) and value == one for one in allowed):
        raise ValueError(
            f"{name} is {shown(value)}, but it is one of {', '.join(map(str, allowed))}: "
            "choose one."
        )


def instance_of(value: Any, kind: type, name: str, described: str) -> None:
    """Refuse a value of another type."""
    if not isinstance(value, kind):
        raise ValueError(f"{name} is {shown(value)}, but it must be {described}: pass one.")


def whole(value: Any, name: str, at_least: int) -> None:
    """Refuse what is no int or below `at_least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise ValueError(
            f"{name} is {shown(value)}, but it is a whole number of at least {at_least}: "
            "pass an int."
        )


def real(value: Any, name: str, *, above: float | None = None, at_least: float = 0.0) -> None:
    """Refuse what is no finite number, not larger than `above`, or below `at_least`."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        number = number and isfinite(value)
    except OverflowError:  # an int beyond every float
        number = False
    if not number or value < at_least or (above is not None and value <= above):
        limit = f"above {above:g}" if above is not None else f"of at least {at_least:g}"
        raise ValueError(f"{name} is {shown(value)}, but it is a finite number {limit}: pass one.")
