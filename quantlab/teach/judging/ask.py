"""How the judge gets answers: as plain data, from whoever holds the learner's code.

`Ask` is the border between the two sides. The judge sends a name and plain arguments; back comes a
`Reply`. Here the learner's notebook answers (`LocalAsk`); a class grader can put a process or a
sandbox behind the same four methods, and the judge will not notice.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, Protocol

import numpy as np

from quantlab.teach.judging.reading import names_used


@dataclass(frozen=True)
class Reply:
    """What came back for one question.

    kind      "value": `value` holds plain data; "missing": the name is not defined; "unfilled": a
              gap is still empty, that of the function named in `message` if it is another one;
              "raised": the code stopped with `error`, `message`, at `line`;
              "refused": the answer is no plain data, `message` says what it is.
    changed   places of the arguments that the call wrote into.
    """

    kind: Literal["value", "missing", "unfilled", "raised", "refused"]
    value: Any = None
    error: str = ""
    message: str = ""
    line: str = ""
    changed: tuple[int, ...] = ()


class Ask(Protocol):
    """The four questions a judge may ask."""

    def call(self, name: str, args: tuple[Any, ...]) -> Reply:
        """Call the learner's function `name` with a copy of `args`."""

    def value(self, name: str) -> Reply:
        """The learner's value `name`."""

    def source(self, name: str) -> str | None:
        """The text of the learner's function, or None where it cannot be read."""

    def uses(self, name: str) -> tuple[str, ...]:
        """The dotted names that the learner's function reads, wherever they were imported."""


#: Where the two values stand that say themselves what they are as plain data.
PLAIN_BY_THEMSELVES = ("teach.plans.plan", "methods.recipe")


#: What a float64 holds, with some room: answers are compared as numbers.
LARGEST_INT_BITS = 1_000


#: Numbers that are no subclass of float, and have one next to them.
EXACT_NUMBERS = (Fraction, Decimal)


class NotPlain(TypeError):
    """The value is not plain data; the message says what was seen and what is expected."""


#: How each is read where a subclass may have methods of its own: an operator of the base itself.
NUMBERS_AND_TEXTS: dict[type, Callable[[Any], Any]] = {
    int: lambda value: int.__add__(value, 0),
    float: lambda value: float.__mul__(value, 1.0),
    str: lambda value: str.__getitem__(value, slice(None)),
}


def plain(value: Any, depth: int = 0) -> Any:
    """A copy of `value` made of None, bool, int, float, str, list, tuple, dict and numpy arrays.

    A subclass is read as what it is made of, past its own methods, so that it cannot lie about what
    it equals: a named tuple becomes a tuple, a masked array without a masked value an array. Torch
    tensors become numpy arrays, numpy scalars 0-d arrays, a text of numpy's a str, a fraction and a
    decimal the nearest float, a Plan or a Recipe what its `to_dict` says. Raises NotPlain for all
    else.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    for base, read in NUMBERS_AND_TEXTS.items():
        if issubclass(kind, base) and not issubclass(kind, np.generic):
            value = read(value)
            if base is int and value.bit_length() > LARGEST_INT_BITS:
                raise NotPlain("The answer is a number of more than 300 digits; no float holds it.")
            return value
    if kind in EXACT_NUMBERS:
        return _nearest_float(value)
    if depth > 8:
        raise NotPlain("The answer is nested more than 8 levels deep; expected is a flat value.")
    if issubclass(kind, tuple):
        return tuple(plain(v, depth + 1) for v in tuple.__iter__(value))
    if issubclass(kind, list):
        return [plain(v, depth + 1) for v in list.__iter__(value)]
    if issubclass(kind, dict):
        return {_key(k, depth + 1): plain(v, depth + 1) for k, v in dict.items(value)}
    plans, recipes = (sys.modules.get(f"quantlab.{name}") for name in PLAIN_BY_THEMSELVES)
    if (plans and kind is plans.Plan) or (recipes and kind is recipes.Recipe):
        return plain(value.to_dict(), depth + 1)
    torch = sys.modules.get("torch")
    if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
        value = _of_tensor(value, torch)
        kind = np.ndarray
    if issubclass(kind, np.ndarray):
        if issubclass(kind, np.ma.MaskedArray) and np.ma.is_masked(value):
            raise NotPlain("The answer is an array with masked values; expected are numbers alone.")
        value = np.ndarray.view(value, np.ndarray)
        kind = np.ndarray
    if kind is np.ndarray or (issubclass(kind, np.generic) and kind.__module__ == "numpy"):
        array = np.array(value)
        if array.dtype.kind in "biuf":
            return array
        if array.dtype.kind == "U" and array.ndim == 0:
            return array.item()
        raise NotPlain(f"The answer is an array of dtype {array.dtype}; expected are numbers.")
    raise NotPlain(
        f"The answer is a {kind.__name__}; expected is a number, a text, an array, "
        "or a tuple or list of these."
    )


def _nearest_float(value: Fraction | Decimal) -> float:
    try:
        return float(value)
    except (OverflowError, ValueError):
        raise NotPlain("The answer is a number that no float holds.") from None


def _key(value: Any, depth: int) -> Any:
    """A key of a dict: a number of numpy's has to become one that a dict can find."""
    key = plain(value, depth)
    key = key.item() if isinstance(key, np.ndarray) and key.ndim == 0 else key
    try:
        hash(key)
    except TypeError:
        name = type(value).__name__
        raise NotPlain(
            f"The answer is a dict with a {name} as key; expected is a number."
        ) from None
    return key


def _of_tensor(value: Any, torch: Any) -> Any:
    """The numbers of a tensor as numpy holds them."""
    if value.is_quantized:
        raise NotPlain(
            "The answer is a quantized tensor of torch's; expected are its integers, "
            "`.int_repr()`, or its real numbers, `.dequantize()`."
        )
    try:
        dense = value.detach().to_dense().cpu().resolve_conj()
        small = dense.dtype.is_floating_point and dense.dtype.itemsize < 4
        return (dense.float() if small and dense.dtype != torch.float16 else dense).numpy()
    except (TypeError, RuntimeError, NotImplementedError):
        said = f"{value.dtype}, {value.layout}, on {value.device}"
        raise NotPlain(f"The answer is a tensor that numpy cannot hold ({said}).") from None


@dataclass(frozen=True)
class LocalAsk:
    """Asks a namespace in this process: the learner's notebook, alone at home."""

    namespace: Mapping[str, Any]

    def call(self, name: str, args: tuple[Any, ...]) -> Reply:
        function = self.namespace.get(name)
        if name not in self.namespace:
            return Reply("missing")
        if function is ...:
            return Reply("unfilled")
        if not callable(function):
            kind = type(function).__name__
            return Reply("refused", message=f"`{name}` is a {kind}; expected is a function.")
        return _guarded(function, args)

    def value(self, name: str) -> Reply:
        if name not in self.namespace:
            return Reply("missing")
        if self.namespace[name] is ...:
            return Reply("unfilled")
        return _as_plain(self.namespace[name])

    def source(self, name: str) -> str | None:
        try:
            return inspect.getsource(self.namespace[name])
        except (KeyError, OSError, TypeError):
            return None

    def uses(self, name: str) -> tuple[str, ...]:
        return names_used(self.namespace.get(name))


def _guarded(function: Callable[..., Any], args: tuple[Any, ...]) -> Reply:
    """One call with a copy of `args`; what it prints or warns is not part of the answer.

    Ctrl-C passes through.
    """
    sink = io.StringIO()
    given = copy.deepcopy(args)
    try:
        with (
            contextlib.redirect_stdout(sink),
            contextlib.redirect_stderr(sink),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            answer = function(*given)
    except NotImplementedError as gap:
        return Reply("unfilled", message=_other_gap(gap, function))
    except (Exception, SystemExit) as stopped:
        return Reply(
            "raised",
            error=type(stopped).__name__,
            message=str(stopped)[:300],
            line=_learners_line(stopped),
        )
    changed = tuple(n for n, (a, b) in enumerate(zip(args, given, strict=True)) if not _same(a, b))
    return replace(_as_plain(answer), changed=changed)


def _same(before: Any, after: Any) -> bool:
    """Equal through and through, NaN included."""
    if isinstance(before, np.ndarray):
        return before.dtype == after.dtype and before.tobytes() == after.tobytes()
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after or (before != before and after != after))


def _other_gap(gap: BaseException, function: Callable[..., Any]) -> str:
    """The name of the empty function that `function` called, or "" when the gap is its own."""
    frames = traceback.extract_tb(gap.__traceback__)
    name = frames[-1].name
    return "" if name == getattr(function, "__name__", name) else name


def _as_plain(value: Any) -> Reply:
    try:
        return Reply("value", plain(value))
    except NotPlain as said:
        return Reply("refused", message=str(said))
    except Exception as fault:  # of a class of the learner's own, while it is looked at
        why = f"{type(fault).__name__} ({str(fault)[:100]})"
        return Reply("refused", message=f"The answer cannot be read: {why}.")


def _learners_line(stopped: BaseException) -> str:
    """The first line below this module on the way to the error: the learner's own code."""
    frames = traceback.extract_tb(stopped.__traceback__)
    for frame in frames:
        if frame.filename != __file__:
            return f"line {frame.lineno}: `{frame.line}`" if frame.line else f"line {frame.lineno}"
    return ""
