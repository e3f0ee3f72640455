"""Small faults of an export, made on purpose in a file that has none."""

from __future__ import annotations

from collections.abc import Iterable

import onnx
from onnx import TensorProto, helper

from quantlab.deploy.onnx_graph.load import AnyModel, as_model

Q, DQ = "QuantizeLinear", "DequantizeLinear"
#: What `export_onnx` calls a tensor in front of its ruler.
BEFORE_THE_RULER = "_float"


def without_pair(model: AnyModel, *tensors: str) -> onnx.ModelProto:
    """A copy in which the QuantizeLinear and DequantizeLinear that make these tensors are missing.

    Parameters
    ----------
    model : path or onnx.ModelProto
    tensors : str
        Outputs of a DequantizeLinear behind a QuantizeLinear, "stage_4_1_up_2" for example.

    Raises
    ------
    ValueError
        A tensor that no such pair makes.
    """
    broken = _copy(model)
    nodes, outputs = broken.graph.node, {entry.name for entry in broken.graph.output}
    for tensor in tensors:
        writers = {output: node for node in nodes for output in node.output}
        dequantize = writers.get(tensor)
        quantize = writers.get(dequantize.input[0]) if dequantize is not None else None
        if dequantize is None or dequantize.op_type != DQ or quantize is None:
            raise ValueError(f"No pair makes the tensor {tensor!r}: name one behind a ruler.")
        before = quantize.input[0]
        nodes.remove(dequantize)
        nodes.remove(quantize)
        if tensor in outputs:  # its name is promised to the caller, so its writer takes it over
            writers[before].output[:] = [tensor]
        else:
            _rename_inputs(nodes, tensor, before)
    return _checked(broken)


def without_pairs_at_the_end(model: AnyModel) -> onnx.ModelProto:
    """A copy whose outputs come straight from their layers: no rulers at the end."""
    return without_pair(model, *(entry.name for entry in as_model(model).graph.output))


def without_last_dequantize(model: AnyModel) -> onnx.ModelProto:
    """A copy that hands out integers: its last DequantizeLinear nodes alone are missing."""
    broken = _copy(model)
    writers = {output: node for node in broken.graph.node for output in node.output}
    types = {tensor.name: tensor.data_type for tensor in broken.graph.initializer}
    for entry in broken.graph.output:
        last = writers[entry.name]
        entry.name, zero_point = last.input[0], last.input[2]
        entry.type.tensor_type.elem_type = types.get(zero_point, TensorProto.UINT8)
        broken.graph.node.remove(last)
    return _checked(broken)


def with_hard_swish(
    model: AnyModel, names: Iterable[str], *, pair: bool = False
) -> onnx.ModelProto:
    """A copy of a quantized file with a HardSwish in front of the rulers of these tensors.

    `names` are tensors that a convolution with a ReLU6 made. With `pair` a QuantizeLinear and a
    DequantizeLinear of the same ruler stand between convolution and HardSwish. Only the speed of
    such a file means something: nobody trained it.
    """
    swished = _copy(model)
    wanted, nodes = set(names), []
    for node in swished.graph.node:
        made = node.input[0].removesuffix(BEFORE_THE_RULER) if node.op_type == Q else ""
        if made in wanted:
            source = node.input[0]
            if pair:
                ruler, q, real = node.input[1:], f"{made}_before_q", f"{made}_before"
                nodes.append(helper.make_node(Q, [source, *ruler], [q], name=q))
                nodes.append(helper.make_node(DQ, [q, *ruler], [real], name=real))
                source = real
            output = f"{made}_hard_swish"
            nodes.append(helper.make_node("HardSwish", [source], [output], name=output))
            node.input[0] = output
        nodes.append(node)
    return _with_nodes(swished, nodes)


def clipped_tensors(model: AnyModel) -> tuple[str, ...]:
    """The tensors that a Clip of a float file makes: where its ReLU6 are."""
    return tuple(n.output[0] for n in as_model(model).graph.node if n.op_type == "Clip")


def _copy(model: AnyModel) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(as_model(model))
    return copy


def _rename_inputs(nodes: Iterable[onnx.NodeProto], old: str, new: str) -> None:
    for node in nodes:
        node.input[:] = [new if name == old else name for name in node.input]


def _with_nodes(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> onnx.ModelProto:
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return _checked(model)


def _checked(model: onnx.ModelProto) -> onnx.ModelProto:
    onnx.checker.check_model(model)
    return model
