"""The float model's own tensors, by name, as ONNX Runtime computes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx

from quantlab.analysis.model_pair import BATCH, batches
from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.runtime.create_session import run_session
from quantlab.deploy.runtime.session import open_session

#: Values of the tensors wanted that are held at once, unless one image alone has more. Each takes
#: 4 bytes here, at most 4 in each session it is compared with, and as much again in their runs.
VALUES_AT_ONCE = 2**22


class ReferenceTensors:
    """A session of the float model that also returns some of its inner tensors.

    Parameters
    ----------
    model : FP32 model
    names : its tensors that are wanted besides the outputs, inputs among them
    """

    def __init__(self, model: onnx.ModelProto, names: Sequence[str]) -> None:
        self.names = names
        self.outputs = [output.name for output in model.graph.output]
        inputs = {entry.name for entry in model.graph.input}
        self.wanted = list(dict.fromkeys([*self.outputs, *(n for n in names if n not in inputs)]))
        observed = onnx.ModelProto()
        observed.CopyFrom(model)
        observed.graph.output.extend(
            onnx.ValueInfoProto(name=name) for name in self.wanted if name not in self.outputs
        )
        self.session = open_session(observed)

    def __call__(self, x: Any) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
        """(name -> float32 array, the model's outputs in order) for one batch."""
        feeds = checked_feeds(self.session, x, "the float model")
        arrays = run_session(self.session, feeds, self.wanted, "the float model")
        values = dict(zip(self.wanted, arrays, strict=True)) | feeds
        return {name: values[name] for name in self.names}, [values[n] for n in self.outputs]

    def batches(self, model: onnx.ModelProto, x: Any) -> Iterator[np.ndarray]:
        """x in parts as `model_pair.batches` makes them, of few images where tensors are large."""
        checked_feeds(self.session, next(batches(model, x)), "the float model")
        floats, _ = self(next(batches(model, x, 1)))
        values = sum(array.size for array in floats.values())
        return batches(model, x, max(1, min(BATCH, VALUES_AT_ONCE // values)))
