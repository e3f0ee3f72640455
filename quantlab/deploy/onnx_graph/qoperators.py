"""A file in QOperator format, said in QDQ format: the same integers, in words that we read.

QLinearConv and its kin compute on integers and carry their rulers as inputs. The same is a float
operator between DequantizeLinear and QuantizeLinear, and a runtime fuses these to that again. The
integer tensors keep their names.

Source: ONNX's QLinearConv and QLinearMatMul, ONNX Runtime's docs/ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from quantlab.deploy.onnx_graph.graph import Node, read_graph
from quantlab.deploy.onnx_graph.opset import PER_CHANNEL, at_least_opset

#: What ONNX Runtime's tool adds to a tensor's name for its integers.
QUANTIZED = "_quantized"


@dataclass(frozen=True)
class Form:
    """Where an operator's inputs stand: triples (integers, scale, zero_point), one for its output.

    operands : positions where the triples of the operands begin
    result : where the output's scale stands, its zero_point behind it
    bias : position of INT32 biases, or None
    weighted : the second operand is weights, which may have a scale a channel
    """

    operator: str
    operands: tuple[int, ...]
    result: int
    bias: int | None = None
    weighted: bool = False


FORMS: Mapping[str, Form] = {
    "QLinearConv": Form("Conv", (0, 3), 6, bias=8, weighted=True),
    "QLinearMatMul": Form("MatMul", (0, 3), 6, weighted=True),
    "QGemm": Form("Gemm", (0, 3), 7, bias=6, weighted=True),
    "QLinearAdd": Form("Add", (0, 3), 6),
    "QLinearMul": Form("Mul", (0, 3), 6),
    "QLinearAveragePool": Form("AveragePool", (0,), 3),
    "QLinearGlobalAveragePool": Form("GlobalAveragePool", (0,), 3),
    "QLinearLeakyRelu": Form("LeakyRelu", (0,), 3),
    "QLinearSigmoid": Form("Sigmoid", (0,), 3),
    "QLinearSoftmax": Form("Softmax", (0,), 3),
    "QLinearConcat": Form("Concat", (), 0),
}
#: Attributes that the integer form has and the float one does not.
OWN_ATTRIBUTES = ("channels_last", "opset")


def in_qdq_format(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model itself, or a copy with float operators where it has QLinear ones.

    What has no form here stays as it is.

    Raises
    ------
    ValueError
        It is of an old opset, and onnx cannot convert it.
    """
    if not any(node.op_type in FORMS for node in model.graph.node):
        return model
    writer = _Writer(model)
    for node in read_graph(model).nodes:
        if node.operator in FORMS and not node.attributes.get("channels_last", 0):
            writer.rewrite(node, FORMS[node.operator])
        else:
            writer.nodes.append(node.proto)
    return at_least_opset(writer.model(), PER_CHANNEL)


class _Writer:
    """The nodes so far, and the constants that came with them."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.source = model
        self.graph = read_graph(model)
        self.nodes: list[onnx.NodeProto] = [
            node for node in model.graph.node if node.op_type == "Constant"
        ]
        self.constants: list[onnx.TensorProto] = []
        self.taken = {name for node in self.graph.nodes for name in (*node.inputs, *node.outputs)}

    def rewrite(self, node: Node, form: Form) -> None:
        inputs = [self._operand(node, form, number) for number in range(self._operands(node, form))]
        if form.bias is not None and node.input(form.bias):
            inputs.append(self._bias(node, form, node.input(form.bias)))
        to_float = not node.input(form.result)  # QGemm without a ruler writes floats
        integers = node.outputs[0]
        written = integers if to_float else self._free(integers.removesuffix(QUANTIZED))
        attributes = {k: v for k, v in node.attributes.items() if k not in OWN_ATTRIBUTES}
        self.nodes.append(
            helper.make_node(form.operator, inputs, [written], name=node.name, **attributes)
        )
        if not to_float:
            ruler = [node.input(form.result), node.input(form.result + 1)]
            self._convert("QuantizeLinear", [written, *filter(None, ruler)], integers, None)

    def model(self) -> onnx.ModelProto:
        made = onnx.ModelProto()
        made.CopyFrom(self.source)
        del made.graph.node[:]
        made.graph.node.extend(self.nodes)
        made.graph.initializer.extend(self.constants)
        return made

    def _operands(self, node: Node, form: Form) -> int:
        return len(form.operands) or (len(node.inputs) - 2) // 3

    def _operand(self, node: Node, form: Form, number: int) -> str:
        """A DequantizeLinear before one operand; a ruler a channel lies along the outputs."""
        at = form.operands[number] if form.operands else 2 + 3 * number
        triple = [node.input(at), node.input(at + 1), node.input(at + 2)]
        scale, axis = self.graph.constants.get(triple[1]), None
        if form.weighted and number == 1 and scale is not None and scale.size > 1:
            rows = form.operator == "Conv" or bool(node.attributes.get("transB", 0))
            axis = 0 if rows else self.graph.constants[triple[0]].ndim - 1
        output = self._free(f"{triple[0]}_dequantized")
        return self._convert("DequantizeLinear", list(filter(None, triple)), output, axis)

    def _bias(self, node: Node, form: Form, bias: str) -> str:
        """INT32 biases are in steps of x.scale * w.scale."""
        x, w = (self.graph.constants[node.input(at + 1)] for at in form.operands)
        scale = (x.reshape(()) * (w if w.size > 1 else w.reshape(()))).astype(np.float32)
        step = self._free(f"{bias}_scale")
        self.constants.append(numpy_helper.from_array(np.asarray(scale), step))
        output = self._free(f"{bias}_dequantized")
        return self._convert("DequantizeLinear", [bias, step], output, 0 if scale.ndim else None)

    def _convert(self, operator: str, inputs: list[str], output: str, axis: int | None) -> str:
        given: dict[str, Any] = {} if axis is None else {"axis": axis}
        name = f"{output}/{operator}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=name, **given))
        return output

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "_float"
        self.taken.add(name)
        return name
