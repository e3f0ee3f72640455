"""Messages between the grader and the student's side: JSON and raw array bytes, nothing else.

One message is two lengths, a JSON text and the bytes of its arrays. No pickle, no zip, no type but
plain data, and every length is held against a cap before it is believed. Both sides use this file;
the grader's side trusts nothing that `decode` gets.

A value stands in JSON as itself where JSON has it (None, bool, str, small int, finite float), and
otherwise as a list of a letter and what it holds: i an int in hex, f a float by name, t a tuple,
l a list, d a dict as pairs, a an array (dtype, shape, order, offset, bytes).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

HEAD = struct.Struct(">II")
MOST_JSON = 4_000_000
MOST_BYTES = 64_000_000
#: One more than `plain` lets a value be nested, and room for the message around it.
DEEPEST = 12
LARGEST_INT_BITS = 1_000
DTYPES = {
    np.dtype(code).str: np.dtype(code)
    for code in ("?", "b", "B", "h", "H", "i", "I", "q", "Q", "e", "f", "d", "g")
}
EXACT_INTS = 2**53


class BadMessage(ValueError):
    """What came over the wire is no message; the text says what is wrong with it."""


def pack(message: dict[str, Any], values: dict[str, Any] | None = None) -> bytes:
    """The bytes of one message; `values` are plain data that travel beside it, by name."""
    blobs: list[bytes] = []
    whole = message | {"values": {k: encode(v, blobs) for k, v in (values or {}).items()}}
    text = json.dumps(whole, ensure_ascii=True, allow_nan=False).encode("ascii")
    blob = b"".join(blobs)
    if len(text) > MOST_JSON or len(blob) > MOST_BYTES:
        raise BadMessage(
            f"The answer is {(len(text) + len(blob)) / 1e6:.0f} MB large; at most "
            f"{MOST_BYTES // 1_000_000} MB of numbers and {MOST_JSON // 1_000_000} MB of all else "
            "are read."
        )
    return HEAD.pack(len(text), len(blob)) + text + blob


def unpack(read: Callable[[int], bytes]) -> dict[str, Any]:
    """The next message; `read(n)` gives exactly n bytes. BadMessage for what is none."""
    text_size, blob_size = HEAD.unpack(read(HEAD.size))
    if text_size > MOST_JSON or blob_size > MOST_BYTES:
        raise BadMessage(f"a message of {text_size} + {blob_size} bytes")
    text, blob = read(text_size), read(blob_size)
    try:
        message = json.loads(text)
        values = message.pop("values")
        message["values"] = {str(k): decode(v, blob) for k, v in values.items()}
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as fault:
        raise BadMessage(f"{type(fault).__name__}: {fault}"[:200]) from None
    return dict(message)


def encode(value: Any, blobs: list[bytes]) -> Any:
    """The JSON of a plain value; the bytes of its arrays are added to `blobs`."""
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        if value.bit_length() > LARGEST_INT_BITS:
            raise BadMessage("The answer holds a number of more than 300 digits.")
        return value if -EXACT_INTS < value < EXACT_INTS else ["i", hex(value)]
    if kind is float:
        return value if math.isfinite(value) else ["f", repr(value)]
    if kind in (tuple, list):
        return ["t" if kind is tuple else "l", [encode(v, blobs) for v in value]]
    if kind is dict:
        return ["d", [[encode(k, blobs), encode(v, blobs)] for k, v in value.items()]]
    if kind is np.ndarray and value.dtype.newbyteorder("=").str in DTYPES:
        return _array(value, blobs)
    raise BadMessage(f"The answer holds a {kind.__name__}, which is no plain data.")


def decode(node: Any, blob: bytes, depth: int = 0) -> Any:
    """The value of one JSON node. BadMessage for everything that `encode` never writes."""
    if depth > DEEPEST:
        raise BadMessage("a value nested too deep")
    kind = type(node)
    if kind is str:  # JSON can hold half of a surrogate pair, which no file and no page can
        return node.encode("utf-8", "replace").decode("utf-8")
    if node is None or kind in (bool, int):
        return node
    if kind is float:
        return node if math.isfinite(node) else _bad("a number that JSON has not")
    if kind is not list or len(node) < 2 or type(node[0]) is not str:
        raise BadMessage("a node of no known kind")
    return _tagged(node, blob, depth)


def _tagged(node: list[Any], blob: bytes, depth: int) -> Any:
    letter, held = node[0], node[1]
    if letter == "i" and type(held) is str and len(held) <= LARGEST_INT_BITS // 4 + 3:
        return int(held, 16)
    if letter == "f" and held in ("nan", "inf", "-inf"):
        return float(held)
    if letter in ("t", "l") and type(held) is list:
        values = [decode(v, blob, depth + 1) for v in held]
        return tuple(values) if letter == "t" else values
    if letter == "d" and type(held) is list:
        return {decode(k, blob, depth + 1): decode(v, blob, depth + 1) for k, v in held}
    if letter == "a" and len(node) == 6:
        return _read_array(node[1:], blob)
    raise BadMessage(f"a node of the kind {letter!r:.20}")


def _array(value: np.ndarray, blobs: list[bytes]) -> list[Any]:
    native = value.astype(value.dtype.newbyteorder("="), copy=False)
    order: Literal["F", "C"] = (
        "F" if native.flags.f_contiguous and not native.flags.c_contiguous else "C"
    )
    data = native.tobytes(order)
    offset = sum(map(len, blobs))
    blobs.append(data)
    return ["a", native.dtype.str, list(native.shape), order, offset, len(data)]


def _read_array(parts: list[Any], blob: bytes) -> np.ndarray:
    code, shape, order, offset, size = parts
    dtype = DTYPES.get(code) if type(code) is str else None
    whole = [type(n) is int and 0 <= n <= MOST_BYTES for n in (*shape, offset, size)]
    if dtype is None or order not in ("C", "F") or len(shape) > 16 or not all(whole):
        raise BadMessage("an array of no known kind")
    if math.prod(shape) * dtype.itemsize != size or offset + size > len(blob):
        raise BadMessage("an array whose size is not that of its shape")
    flat = np.frombuffer(blob, dtype, math.prod(shape), offset)
    return flat.reshape(shape, order=order).copy(order)


def _bad(said: str) -> Any:
    raise BadMessage(said)
