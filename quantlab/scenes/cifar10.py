"""CIFAR-10's own files ("python version"), read without running anything they might hold."""

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quantlab.scenes.image_folder import existing_folder

TRAIN_FILES = tuple(f"data_batch_{k}" for k in range(1, 6))
TEST_FILES = ("test_batch",)
SIDE = 32


@dataclass(frozen=True)
class Cifar10:
    """CIFAR-10.

    Attributes
    ----------
    images : uint8 array (N, 32, 32, 3), RGB
    labels : int64 array (N,)
    names : tuple of str
        Of the classes, by number.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]


def read_cifar10(folder: str | Path, train: bool = True) -> Cifar10:
    """The training or the test pictures of a folder such as `cifar-10-batches-py`.

    The files are pickles. Only what the format needs is let through: plain containers, numbers,
    text, and arrays of bytes.

    Raises
    ------
    FileNotFoundError
        No such folder, or a file missing in it.
    ValueError
        A file that is damaged, of another content, or that asks for anything else.
    """
    root = existing_folder(folder)
    parts = [_read_batch(root / name) for name in (TRAIN_FILES if train else TEST_FILES)]
    meta = _unpickled(root / "batches.meta")
    names = tuple(_text(name) for name in _entry(root / "batches.meta", meta, "label_names"))
    labels = np.concatenate([labels for _, labels in parts])
    if labels.min() < 0 or labels.max() >= len(names):
        raise ValueError(f"{root} holds label {labels.max()}, but names {len(names)} classes.")
    return Cifar10(np.concatenate([images for images, _ in parts]), labels, names)


def _read_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    batch = _unpickled(path)
    data, labels = _entry(path, batch, "data"), _entry(path, batch, "labels")
    whole = isinstance(labels, list) and all(type(label) is int for label in labels)
    if (
        not isinstance(data, np.ndarray)
        or data.dtype != np.uint8
        or not whole
        or data.shape != (len(labels), 3 * SIDE * SIDE)
        or not labels
    ):
        raise ValueError(
            f"{path} is not a CIFAR-10 batch: data of uint8 (N, 3072) and N whole labels are "
            f"expected."
        )
    images = data.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.asarray(labels, np.int64)


def _unpickled(path: Path) -> Any:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no file {path}: unpack the whole of cifar-10-python.tar.gz."
        ) from None
    try:
        return _Restricted(io.BytesIO(content), encoding="bytes").load()
    except _Refused as refusal:
        raise ValueError(f"{path} asks for {refusal}, which CIFAR-10 does not need.") from None
    except Exception as problem:  # a damaged pickle can raise anything
        raise ValueError(
            f"{path} is damaged ({type(problem).__name__}): unpack the archive again."
        ) from problem


def _entry(path: Path, content: Any, key: str) -> Any:
    """CIFAR's keys are bytes, since Python 2 wrote them; text is read too."""
    for name in (key.encode(), key):
        if isinstance(content, dict) and name in content:
            return content[name]
    raise ValueError(f"{path} is not one of CIFAR-10's files: it has no entry {key!r}.")


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


class _Refused(Exception):
    """A name that a pickle may not ask for."""


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name))
        if found is None:
            raise _Refused(f"{module}.{name}")
        return found


def _bytes_of(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes in an old protocol: as text in latin1."""
    if encoding != "latin1":
        raise _Refused(f"the encoding {encoding}")
    return text.encode("latin1")


def _empty_array(kind: object, shape: object, code: object) -> np.ndarray:
    """The array that the pickle then fills."""
    return np.ndarray((0,), np.uint8)


def _byte_type(code: object, align: object = False, copy: object = True) -> np.dtype:
    if code not in (b"u1", "u1"):
        raise _Refused(f"an array of {code!r}")
    return np.dtype("u1", copy=True)


_ALLOWED: dict[tuple[str, str], Callable[..., Any] | type] = {
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _byte_type,
    ("_codecs", "encode"): _bytes_of,
}
