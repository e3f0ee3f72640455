"""Calibration of a file: ONNX Runtime runs it, quantlab's observers watch its tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any

import numpy as np
import onnx

from quantlab.base.progress import counting
from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.quantize_file.tensor_types import with_outputs
from quantlab.deploy.runtime.create_session import run_session
from quantlab.deploy.runtime.session import open_session
from quantlab.numerics import QParams
from quantlab.numerics.observers.observer import Observer

Feeds = dict[str, np.ndarray]


def observe(
    model: onnx.ModelProto,
    observers: Mapping[str, Observer],
    batches: Iterable[Any],
    *,
    progress: bool = False,
) -> tuple[dict[str, QParams], Feeds]:
    """The ruler of every tensor after all batches, and the first batch.

    Streams: one batch and one observer a tensor are held.

    Parameters
    ----------
    model : onnx.ModelProto
        In float32.
    observers : mapping of tensor to Observer
        Inputs and constants among them.
    batches : iterable of arrays, or of mappings of input name to array
    progress : bool
        Show a bar on stderr.

    Raises
    ------
    ValueError
        No batches; one that does not fit; a tensor that is not finite.
    """
    session = open_session(with_outputs(model))
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    inputs = {entry.name for entry in session.get_inputs()}
    written = [name for name in observers if name not in stored and name not in inputs]
    first: Feeds | None = None
    total = len(batches) if isinstance(batches, Sized) else None
    with counting("calibrating", total, progress) as count:
        for batch in batches:
            for feeds in _fed(session, batch):
                first = first or feeds
                arrays = run_session(session, feeds, written) if written else []
                values = dict(zip(written, arrays, strict=True)) | feeds
                for name in filter(values.__contains__, observers):
                    _watch(observers[name], name, values[name])
            count()
    if first is None:
        raise ValueError(
            "calibration holds no batch, but ranges come from data: pass a list or loader with at "
            "least one batch; a generator that was read before is empty."
        )
    for name in filter(stored.__contains__, observers):
        _watch(observers[name], name, stored[name])
    return {name: observer.qparams() for name, observer in observers.items()}, first


def _watch(observer: Observer, name: str, values: np.ndarray) -> None:
    try:
        observer.partial_fit(values)
    except ValueError as error:
        raise ValueError(f"tensor {name!r} on the calibration data: {error}") from error


def _fed(session: Any, batch: Any) -> Iterator[Feeds]:
    """A batch as the model takes it: in parts, where the file fixes how many images it reads."""
    if not isinstance(batch, Mapping):
        array = np.asarray(batch.detach() if hasattr(batch, "detach") else batch)
        (*_, given) = session.get_inputs()
        size = given.shape[0] if given.shape and isinstance(given.shape[0], int) else len(array)
        if array.ndim == len(given.shape) and size and len(array) % size == 0:
            for start in range(0, len(array), size):
                yield checked_feeds(session, array[start : start + size])
            return
        batch = array
    yield checked_feeds(session, batch)
