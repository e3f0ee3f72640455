"""One float32 operator, computed by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from quantlab.deploy.runtime.session import open_session
from quantlab.deploy.simulator.steps import RuntimeStep


def run_node(step: RuntimeStep, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The node's outputs, in order.

    Parameters
    ----------
    step : RuntimeStep
    arrays : mapping
        Every source by name.
    """
    session = _session(step, tuple((name, a.dtype, a.ndim) for name, a in arrays.items()))
    outputs: list[np.ndarray] = session.run(list(step.targets), dict(arrays))
    return outputs


@lru_cache(maxsize=256)  # a session costs milliseconds, its node microseconds
def _session(
    step: RuntimeStep, entries: tuple[tuple[str, np.dtype, int], ...]
) -> onnxruntime.InferenceSession:
    node = onnx.NodeProto.FromString(step.proto)
    inputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(dtype), [f"{name}:{i}" for i in range(ndim)]
        )
        for name, dtype, ndim in entries
    ]
    # A name is enough: ONNX Runtime infers the types of what a node writes.
    outputs = [onnx.ValueInfoProto(name=name) for name in step.targets]
    stored = [numpy_helper.from_array(array, name) for name, array in step.constants.items()]
    graph = helper.make_graph([node], step.name, inputs, outputs, stored)
    opset = helper.make_opsetid("", step.opset)
    return open_session(helper.make_model(graph, opset_imports=[opset], ir_version=10))
