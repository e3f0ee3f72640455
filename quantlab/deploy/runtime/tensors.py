"""Every quantized tensor as ONNX Runtime computed it, not as somebody simulated it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.onnx_graph.load import AnyModel, as_model
from quantlab.deploy.onnx_graph.qoperators import in_qdq_format
from quantlab.deploy.runtime.create_session import run_session
from quantlab.deploy.runtime.session import open_session


@dataclass(frozen=True, eq=False)
class RuntimeTensors:
    """What one run of ONNX Runtime computed.

    Attributes
    ----------
    tensors : mapping
        Name of a QuantizeLinear's output to its integers, in the order of the graph.
    outputs : mapping
        Name of a graph output to its array, in order.
    """

    tensors: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]


def runtime_tensors(model: AnyModel, x: Any, *, exact: bool = False) -> RuntimeTensors:
    """Run a quantized model once; return its outputs, and the integers of each quantized tensor.

    The integers are those of the fused kernels. ONNX Runtime lets a QuantizeLinear's output be a
    graph output and fuses all the same, so the copy of the model that runs here, with all of them
    as outputs, runs the same kernels.

    Parameters
    ----------
    model : path of an .onnx file or onnx.ModelProto
    x : array, or mapping of input name to array
        What the model is fed with, of the dtypes and shapes it says.
    exact : bool
        As in `open_session`: sums of 32 bits also on an x86 CPU without VNNI. Left out, the
        integers are what the model gives on this machine.

    Returns
    -------
    RuntimeTensors

    Raises
    ------
    ValueError
        As load_model and open_session; an `x` that does not fit the model's inputs.
    OSError
        As load_model.
    """
    return TensorSession(as_model(model), exact=exact)(x)


class TensorSession:
    """What `runtime_tensors` runs, opened once for many batches.

    Parameters
    ----------
    model : onnx.ModelProto
    exact : bool
        As in `open_session`.

    Raises
    ------
    ValueError
        As `open_session`.
    """

    def __init__(self, model: onnx.ModelProto, *, exact: bool = False) -> None:
        self.tensors = quantized_tensors(model)
        self.outputs = tuple(entry.name for entry in model.graph.output)
        self.session = open_session(with_quantized_outputs(model), exact=exact)
        self.names = [entry.name for entry in self.session.get_outputs()]

    def __call__(self, x: Any) -> RuntimeTensors:
        """One run; ValueError for an `x` that does not fit the model's inputs."""
        feeds = checked_feeds(self.session, x)
        arrays = dict(zip(self.names, run_session(self.session, feeds, self.names), strict=True))
        return RuntimeTensors(
            tensors={name: arrays[name] for name in self.tensors},
            outputs={name: arrays[name] for name in self.outputs},
        )


def quantized_tensors(model: onnx.ModelProto) -> tuple[str, ...]:
    """Names of the integer tensors that have a ruler, in the order of the graph.

    A QuantizeLinear writes them, or an operator of the QOperator format.
    """
    return tuple(node.output[0] for node in _quantizers(in_qdq_format(model)))


def _quantizers(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type == "QuantizeLinear"]


def with_quantized_outputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the model whose outputs include all `quantized_tensors`."""
    tapped = onnx.ModelProto()
    tapped.CopyFrom(model)
    there = {entry.name for entry in model.graph.output}
    types = _constant_types(model)
    for node in _quantizers(in_qdq_format(model)):
        if node.output[0] not in there:
            # A QuantizeLinear writes the type of its zero_point.
            kind = types[node.input[2]] if len(node.input) > 2 else _type_said(node)
            tapped.graph.output.append(helper.make_tensor_value_info(node.output[0], kind, None))
    return tapped


def _constant_types(model: onnx.ModelProto) -> dict[str, int]:
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            types[node.output[0]] = node.attribute[0].t.data_type
    return types


def _type_said(node: onnx.NodeProto) -> int:
    """The type of a QuantizeLinear without zero_point: its attribute's, or UINT8."""
    said = [attribute.i for attribute in node.attribute if attribute.name == "output_dtype"]
    return said[0] if said and said[0] else TensorProto.UINT8
