"""Comparators: is an answer within its tolerance of the truth, and if not, what is seen?

A tolerance here is derived, never chosen by taste: `exact` for integers on a grid, `steps(n)` where
n roundings meet, `ulps(n)` for n float32 roundings in a row. The sentence a comparator returns
names what the learner gave and never the right value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

NOT_IT = "That is not it."


@dataclass(frozen=True)
class Within:
    """Base of all comparators: call it with (got, want); "" means within tolerance."""

    def __call__(self, got: Any, want: Any) -> str:
        raise NotImplementedError

    def alike(self, got: Any, wrong: Any, want: Any) -> bool:
        """Is `got` this wrong answer, computed in another order? `want` is the truth."""
        return self(got, wrong) == ""


@dataclass(frozen=True)
class _Numbers(Within):
    """Element by element on arrays or scalars: same shape, then |got - want| <= bound(want)."""

    dtype: str | None = None

    def bound(self, want: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def __call__(self, got: Any, want: Any) -> str:
        truth = np.asarray(want)
        if truth.ndim and self.dtype is not None and type(got) in (list, tuple):
            return f"This is {kind_name(got)}; expected is an array of dtype {self.dtype}."
        try:
            seen = np.asarray(got)
        except ValueError:
            return f"The rows have different lengths: {show(got)}."
        if seen.dtype.kind not in "biuf":
            return f"This is {kind_name(got)}; a number is expected."
        if not truth.ndim and seen.ndim:
            return f"This is {kind_name(got)}; a single number is expected."
        if type(want) is list and seen.ndim == truth.ndim == 1 and seen.size != truth.size:
            return f"It has {seen.size} entries, and that is not how many there are."
        if seen.shape != truth.shape:
            return f"The shape is {seen.shape}; expected is {truth.shape}."
        if self.dtype is not None and seen.dtype != np.dtype(self.dtype):
            return f"The dtype is {seen.dtype}; expected is {self.dtype}."
        one, other = seen.astype(np.float64), truth.astype(np.float64)
        with np.errstate(invalid="ignore"):  # inf - inf
            near = np.abs(one - other) <= self.bound(truth)
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        off = ~(near | same)  # a NaN is only like a NaN
        if not off.any():
            return ""
        if seen.ndim == 0:
            return NOT_IT
        first = tuple(int(i) for i in np.argwhere(off)[0])
        where = first[0] if len(first) == 1 else first
        return (
            f"{int(off.sum())} of {off.size} values are off; the first one is {show(seen[first])} "
            f"at index {where}."
        )


@dataclass(frozen=True)
class _Exact(_Numbers):
    def bound(self, want: np.ndarray) -> np.ndarray:
        return np.zeros(want.shape)

    def __call__(self, got: Any, want: Any) -> str:
        if isinstance(want, str | bool | None):
            same = type(got) is type(want) and got == want
            if isinstance(want, bool) and type(got) is np.ndarray and got.shape == ():
                same = got.dtype == bool and bool(got) == want
            if isinstance(want, str) and type(got) is not str:
                return f"This is {kind_name(got)}; a text is expected."
            return "" if same else NOT_IT
        return super().__call__(got, want)

    def alike(self, got: Any, wrong: Any, want: Any) -> bool:
        """A wrong answer may be no integer; 8 float32 roundings on the way to it are allowed."""
        fraction = isinstance(wrong, float | np.floating) or np.asarray(wrong).dtype.kind == "f"
        return (_Ulps(self.dtype, 8) if fraction else self)(got, wrong) == ""


@dataclass(frozen=True)
class _Steps(_Numbers):
    n: int = 0

    def bound(self, want: np.ndarray) -> np.ndarray:
        return np.full(want.shape, float(self.n))


@dataclass(frozen=True)
class _Ulps(_Numbers):
    n: float = 1.0

    def bound(self, want: np.ndarray) -> np.ndarray:
        return self.n * np.spacing(np.abs(want.astype(np.float32))).astype(np.float64)


@dataclass(frozen=True)
class _Absolute(_Numbers):
    limit: float = 0.0

    def bound(self, want: np.ndarray) -> np.ndarray:
        return np.full(want.shape, self.limit)

    def alike(self, got: Any, wrong: Any, want: Any) -> bool:
        """A wrong answer k times as large as the truth carries roundings k times as large."""
        size = float(np.max(np.abs(want), initial=0.0))
        times = float(np.max(np.abs(wrong), initial=0.0)) / size if size else 1.0
        return replace(self, limit=self.limit * max(1.0, times))(got, wrong) == ""


@dataclass(frozen=True)
class _Each(Within):
    parts: tuple[tuple[str, Within], ...] = ()

    def __call__(self, got: Any, want: Any) -> str:
        values = self.values(got)
        if values is None:
            names = ", ".join(name for name, _ in self.parts)
            return f"You returned {show(got)}; expected are {len(self.parts)} values: {names}."
        for (name, within), g, w in zip(self.parts, values, want, strict=True):
            if said := within(g, w):
                return f"Your `{name}` is {show(g)}. {said}"
        return ""

    def alike(self, got: Any, wrong: Any, want: Any) -> bool:
        values, others = self.values(got), self.values(wrong)
        if values is None or others is None:
            return False
        parts = zip(self.parts, values, others, want, strict=True)
        return all(within.alike(g, o, w) for (_, within), g, o, w in parts)

    def values(self, got: Any) -> tuple[Any, ...] | None:
        """One value a part, from a tuple, a list or an array of numbers; None for all else."""
        if type(got) is np.ndarray and got.ndim == 1:
            got = tuple(np.asarray(value) for value in got)
        return tuple(got) if type(got) in (tuple, list) and len(got) == len(self.parts) else None


def exact(dtype: str | None = None) -> Within:
    """Equal, value by value; with `dtype` the numpy dtype must be that one too."""
    return _Exact(dtype)


def steps(n: int, dtype: str | None = None) -> Within:
    """Integers at most n grid steps apart: n roundings may each fall the other way."""
    return _Steps(dtype, n)


def ulps(n: float, dtype: str | None = None) -> Within:
    """Floats at most n float32 spacings of the truth apart: one for each rounding on the way."""
    return _Ulps(dtype, n)


def absolute(limit: float, dtype: str | None = None) -> Within:
    """Numbers at most `limit` apart, in the unit of the answer; derive it where you write it."""
    return _Absolute(dtype, limit)


def each(**parts: Within) -> Within:
    """A tuple answer: one comparator per part, named as the learner knows it."""
    return _Each(tuple(parts.items()))


def kind_name(value: Any) -> str:
    """What a plain value is, for a sentence: "a list", "an array of shape (1,)"."""
    if type(value) is np.ndarray and value.ndim:
        return f"an array of shape {value.shape}"
    if type(value) in (tuple, list):
        return f"a {type(value).__name__} of {len(value)}"
    article = "an" if type(value).__name__[0] in "aeiou" else "a"
    return "text" if type(value) is str else f"{article} {type(value).__name__}"


def show(value: Any) -> str:
    """A short, one-line form of a plain value, for a sentence."""
    if isinstance(value, tuple | list):
        inner = ", ".join(show(v) for v in value[:8]) + (", …" if len(value) > 8 else "")
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, np.ndarray | np.generic) and np.ndim(value) > 0:
        text = np.array2string(
            np.asarray(value), precision=5, threshold=8, edgeitems=3, separator=", "
        )
        return " ".join(text.split())
    if isinstance(value, np.ndarray | np.generic):
        value = np.asarray(value).item()
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
