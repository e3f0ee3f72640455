"""Cut a QDQ model so that every layer starts from given values instead of its predecessors'.

Each QuantizeLinear is both the end of one layer and the beginning of the next. The cut gives the
beginning a graph input of its own and keeps the end, so that one session runs every layer alone:
quantized inputs, integer operator, quantized output, fused by the runtime as in the whole model.
"""

from __future__ import annotations

from collections.abc import Iterable

import onnx
from onnx import TensorProto, helper

from quantlab.analysis.compared_tensors import ComparedTensor


def given_name(tensor: ComparedTensor) -> str:
    """The graph input of the cut model that takes the tensor's float values."""
    return f"{tensor.name}_given"


def alone_name(tensor: ComparedTensor) -> str:
    """The float32 graph output of the cut model: the tensor computed from given inputs alone."""
    return f"{tensor.name}_alone"


def isolate_layers(model: onnx.ModelProto, tensors: Iterable[ComparedTensor]) -> onnx.ModelProto:
    """A model with an input `given_name(t)` and an output `alone_name(t)` for each tensor.

    Parameters
    ----------
    model : QDQ model, which is not changed
    tensors : what `compared_tensors(model)` found
    """
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    graph = cut.graph
    quantizers = {n.output[0]: n for n in graph.node if n.op_type == "QuantizeLinear"}
    del graph.output[:]
    begin, end = [], []
    for tensor in tensors:
        node = quantizers[tensor.integers]
        ruler = list(node.input)[1:]
        # The readers keep the old name, so the beginning takes it and the end gets a new one.
        begin.append(_node("QuantizeLinear", [given_name(tensor), *ruler], tensor.integers))
        node.output[0] = f"{alone_name(tensor)}_q"
        end.append(_node("DequantizeLinear", [node.output[0], *ruler], alone_name(tensor)))
        for values, name in ((graph.input, given_name), (graph.output, alone_name)):
            values.append(helper.make_tensor_value_info(name(tensor), TensorProto.FLOAT, None))
    nodes = [*begin, *graph.node, *end]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]  # written for the whole model; ONNX Runtime infers what it needs
    return cut


def _node(operator: str, inputs: list[str], output: str) -> onnx.NodeProto:
    return helper.make_node(operator, inputs, [output], name=f"{output}_{operator}")
