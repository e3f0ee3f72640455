"""What a session is fed with: arrays checked against the model's inputs, or random ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort

#: ONNX Runtime's names of the types an image model's inputs have.
DTYPES: dict[str, np.dtype] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(double)": np.dtype(np.float64),
    "tensor(float16)": np.dtype(np.float16),
    "tensor(uint8)": np.dtype(np.uint8),
    "tensor(int8)": np.dtype(np.int8),
    "tensor(int32)": np.dtype(np.int32),
    "tensor(int64)": np.dtype(np.int64),
    "tensor(bool)": np.dtype(np.bool_),
}


class HasInputs(Protocol):
    """A session, or whatever else says like one which name, type and shape its inputs have."""

    def get_inputs(self) -> Any: ...


def checked_feeds(
    session: HasInputs, inputs: Any, model: str = "the model"
) -> dict[str, np.ndarray]:
    """`inputs` as the session wants them, or a sentence why they do not fit.

    Parameters
    ----------
    session : onnxruntime.InferenceSession, or a description of its inputs
    inputs : array, or mapping of input name to array
        One array alone feeds a model with one input, whatever its name.
    model : str
        What a refusal calls the model.

    Raises
    ------
    ValueError
        An input is missing or unknown, or has another dtype or shape than the model says.
    """
    wanted = {given.name: given for given in session.get_inputs()}
    if isinstance(inputs, Mapping):
        feeds = {str(name): np.asarray(array) for name, array in inputs.items()}
    elif len(wanted) == 1:
        feeds = {next(iter(wanted)): np.asarray(inputs)}
    else:
        raise ValueError(
            f"{model} has {len(wanted)} inputs ({', '.join(wanted)}), but one array was given: "
            f"pass a dict of input name to array."
        )
    if feeds.keys() != wanted.keys():
        raise ValueError(
            f"inputs has {', '.join(map(repr, feeds)) or 'no entry'}, but {model} takes "
            f"{', '.join(map(repr, wanted))}: name exactly these."
        )
    for name, array in feeds.items():
        _check(wanted[name], array, model)
    return feeds


def random_feeds(session: ort.InferenceSession, model: str = "the model") -> dict[str, np.ndarray]:
    """Normal noise, seeded, for every input; a first dimension without a size becomes 1.

    How long a kernel takes hardly depends on the numbers in it, so noise is good enough to time.

    Raises
    ------
    ValueError
        Another dimension has no size, or the input is of a type that noise cannot fill.
    """
    rng = np.random.default_rng(0)
    feeds = {}
    for given in session.get_inputs():
        shape = [1 if at == 0 and not _is_size(n) else n for at, n in enumerate(given.shape)]
        dtype = DTYPES.get(given.type)
        if dtype is None or not shape or not all(_is_size(n) for n in shape):
            raise ValueError(
                f"input {given.name!r} of {model} is {given.type} of shape "
                f"{_shape(given.shape)}, for which no noise can be made: pass inputs."
            )
        noise = rng.standard_normal(shape)
        feeds[given.name] = (noise if dtype.kind == "f" else 64 + 16 * noise).astype(dtype)
    return feeds


def _check(wanted: Any, array: np.ndarray, model: str) -> None:
    dtype = DTYPES.get(wanted.type)
    if dtype is not None and array.dtype != dtype:
        raise ValueError(
            f"input {wanted.name!r} has dtype {array.dtype}, but {model} takes {dtype}: "
            f"convert it with .astype(np.{dtype})."
        )
    # ONNX Runtime tells of an input without a shape as of a scalar: it takes anything.
    fits = not wanted.shape or (
        len(array.shape) == len(wanted.shape)
        and all(not _is_size(n) or n == m for n, m in zip(wanted.shape, array.shape, strict=True))
    )
    if not fits or 0 in array.shape:
        raise ValueError(
            f"input {wanted.name!r} has shape {array.shape}, but {model} takes "
            f"{_shape(wanted.shape)}: reshape it, or export the model for this shape."
        )


def _is_size(dimension: Any) -> bool:
    return isinstance(dimension, int) and dimension > 0


def _shape(shape: Any) -> str:
    """(N, 3, 224, 224), with a question mark for a dimension that has neither size nor name."""
    return f"({', '.join('?' if n is None else str(n) for n in shape)})" if shape else "unknown"
