"""From an ONNX graph to a plan: which nodes belong together, decided as ONNX Runtime decides it.

A group is an operator between DequantizeLinear and QuantizeLinear that ONNX Runtime replaces by an
integer kernel. Between operator and QuantizeLinear may stand a Relu or Clip that the ruler does
anyway, and moves, past which ONNX Runtime carries the QuantizeLinear back. Whatever is no group
stays float32, there and here.

Source: onnxruntime/core/optimizer/qdq_transformer (selectors, propagation, relu and clip fusion).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from quantlab.deploy.onnx_graph.graph import Graph, Node, read_graph
from quantlab.deploy.simulator.float_parameters import quantized_bias, quantized_weight
from quantlab.deploy.simulator.moves import MOVES
from quantlab.deploy.simulator.node_qparams import holds_int32, node_qparams
from quantlab.deploy.simulator.operand import Operand
from quantlab.deploy.simulator.operators import KERNELS, TO_FLOAT
from quantlab.deploy.simulator.redundant import clip_node_is_redundant
from quantlab.deploy.simulator.refusals import refuse_foreign
from quantlab.deploy.simulator.steps import (
    DequantizeStep,
    FloatStep,
    IntegerStep,
    Kernel,
    Layer,
    Plan,
    QuantizeStep,
    RuntimeStep,
    Step,
    WeightedLayer,
)
from quantlab.deploy.simulator.unsigned import becomes_unsigned
from quantlab.numerics import QParams
from quantlab.numerics.integer_operators import IntegerOperator, integer_operator


def plan_of(model: onnx.ModelProto, exact: bool = True) -> Plan:
    """Recognize every node of a model.

    Parameters
    ----------
    model : onnx.ModelProto
    exact : bool
        Whether products are added up in 32 bits, as in quantlab.numerics.ops.

    Raises
    ------
    ValueError
        A node that the simulator cannot compute, named with its operator.
    """
    return _Recognizer(read_graph(model), exact).plan()


class _Recognizer:
    """One walk over the nodes, in their order. What is known about tensors grows with it."""

    def __init__(self, graph: Graph, exact: bool) -> None:
        self.graph = graph
        self.exact = exact
        self.steps: list[Step] = []
        self.operands: dict[str, Operand] = {}  # float tensor -> the integers behind it
        self.floats: set[str] = {*graph.inputs, *graph.constants}  # tensors that will have a value
        self.int32: dict[str, Node] = {}  # what dequantizes a bias, in case a float32 node reads it
        self.done: set[str] = set()  # outputs of nodes that a group has computed already
        self.constants = dict(graph.constants)  # and what is made of them
        self.quantized: dict[str, Layer] = {}
        self.weighted: list[WeightedLayer] = []

    def plan(self) -> Plan:
        for node in self.graph.nodes:
            if node.outputs[0] not in self.done:
                self._node(node)
        for tensor in self.graph.outputs:
            self._need_float(tensor)
        return Plan(
            steps=tuple(self.steps),
            constants=self.constants,
            inputs=self.graph.inputs,
            outputs=self.graph.outputs,
            quantized=self.quantized,
            weighted=tuple(self.weighted),
        )

    def _node(self, node: Node) -> None:
        refuse_foreign(node)
        if node.operator == "DequantizeLinear":
            self._dequantize(node)
        elif node.operator == "QuantizeLinear":
            self._quantize(node)
        elif not (self._group(node) or self._to_float(node) or self._move(node)):
            self._runtime(node)

    def _dequantize(self, node: Node) -> None:
        integers, is_int32 = node.inputs[0], holds_int32(self.graph, node)
        if is_int32:
            self.int32[node.outputs[0]] = node
        qparams = None if is_int32 else node_qparams(self.graph, node)
        constant = self.graph.constants.get(integers)
        self.operands[node.outputs[0]] = Operand(integers, qparams, constant)

    def _quantize(self, node: Node) -> None:
        qparams = node_qparams(self.graph, node)
        source = self._need_float(node.inputs[0])
        self.steps.append(QuantizeStep(node.name, source, node.outputs[0], qparams))
        self._writes(node.outputs[0], node)

    def _group(self, node: Node) -> bool:
        """An operator with an integer kernel, with all that ONNX Runtime fuses into it."""
        build, operator = KERNELS.get(node.operator), integer_operator(node.operator)
        last, through = self._behind_clip(node)
        quantizer = self._quantizer_behind(last)
        if build is None or quantizer is None:
            return False
        y = node_qparams(self.graph, quantizer)
        operands = self._operands(node, quantize_parameters=True)
        if operands is None or not fits(operator, operands, y, self.exact):
            return False
        if not all(clip_node_is_redundant(self.graph, clip, y) for clip in through):
            return False
        self.done.update(clip.outputs[0] for clip in through)
        summing = {"exact": self.exact} if operator.weighted else {}
        self._integers(node, operands, last, y, build(node, operands, y, **summing))
        if operator.weighted:
            target = self.operands[last].tensor
            self.weighted.append(WeightedLayer(node, tuple(operands), target))
        return True

    def _integers(
        self, node: Node, operands: Sequence[Operand], tensor: str, y: QParams, kernel: Kernel
    ) -> None:
        """Add a step that writes the integers behind `tensor`, into the QuantizeLinear that alone
        reads it if there is one. From here on `tensor` stands for these integers."""
        self.constants |= {o.tensor: o.constant for o in operands if o.constant is not None}
        quantizer = self._next_quantizer(tensor)
        target = f"{tensor} (integers)"
        if quantizer is not None and node_qparams(self.graph, quantizer) == y:
            target = quantizer.outputs[0]
            self.done.add(target)
            self._writes(target, node)
        sources = tuple(operand.tensor for operand in operands)
        self.steps.append(IntegerStep(node.name, node.operator, sources, target, kernel))
        self.operands[tensor] = Operand(target, y)

    def _to_float(self, node: Node) -> bool:
        """A product of matrices with no QuantizeLinear behind: integers in, float32 out."""
        kernel = TO_FLOAT.get(node.operator)
        operands = self._operands(node)
        last, _ = self._behind_clip(node)
        if kernel is None or operands is None or last != node.outputs[0]:
            return False
        operator, readers = integer_operator(node.operator), self.graph.readers.get(last, ())
        if not fits(operator, operands, None, self.exact):
            return False
        if "QuantizeLinear" in {reader.operator for reader in readers}:
            return False
        sources = tuple(operand.tensor for operand in operands)
        compute = kernel(node, operands, self.exact)
        self.steps.append(FloatStep(node.name, node.operator, sources, last, compute))
        self.floats.add(last)
        self.weighted.append(WeightedLayer(node, tuple(operands), last))
        return True

    def _move(self, node: Node) -> bool:
        """An operator that hands integers on: they keep their ruler."""
        build, operand = MOVES.get(node.operator), self.operands.get(node.inputs[0])
        if build is None or operand is None or operand.optional_qparams is None:
            return False
        out, y = node.outputs[0], operand.qparams
        quantizer = self._next_quantizer(out)
        same = quantizer is not None and node_qparams(self.graph, quantizer) == y
        kernel = build(self.graph, node) if y.axis is None else None
        carried = integer_operator(node.operator).carries_qparams
        if kernel is None or not (carried or same):
            return False
        self._integers(node, [operand], out, y, kernel)
        return True

    def _runtime(self, node: Node) -> None:
        """Anything else is float32: this one node goes through ONNX Runtime."""
        read, targets = filter(None, node.inputs), tuple(filter(None, node.outputs))
        sources = tuple(dict.fromkeys(self._need_float(tensor) for tensor in read))
        stored = self.graph.constants
        constants = {name: stored[name] for name in sources if name in stored}
        self.steps.append(
            RuntimeStep(
                name=node.name,
                operator=node.operator,
                sources=tuple(name for name in sources if name not in constants),
                targets=targets,
                constants=constants,
                proto=node.proto.SerializeToString(),
                opset=self.graph.opset,
            )
        )
        self.floats.update(targets)

    def _writes(self, tensor: str, node: Node) -> None:
        self.quantized[tensor] = Layer(node.name, node.operator)
        self.floats.add(tensor)

    def _need_float(self, tensor: str) -> str:
        """Make sure that a float32 tensor will have a value when it is read."""
        if tensor in self.int32:
            self._runtime(self.int32.pop(tensor))
        elif tensor not in self.floats:
            operand = self.operands.get(tensor)
            if operand is None:
                raise ValueError(
                    f"tensor {tensor!r} is read, but nothing in the file writes it: export it anew."
                )
            name = f"{tensor} (DequantizeLinear)"
            self.steps.append(DequantizeStep(name, operand.tensor, tensor, operand.qparams))
            self.floats.add(tensor)
        return tensor

    def _operands(self, node: Node, quantize_parameters: bool = False) -> list[Operand] | None:
        """The integers behind every input; None where an input is float32 and stays so."""
        found: list[Operand] = []
        for position, tensor in enumerate(filter(None, node.inputs)):
            operand = self.operands.get(tensor)
            quantizes = quantize_parameters and integer_operator(node.operator).quantizes_weights
            if operand is None and quantizes:
                operand = self._float_parameter(tensor, position, found)
            if operand is None:
                return None
            found.append(operand)
        return found if len(node.outputs) == 1 else None

    def _float_parameter(
        self, tensor: str, position: int, before: Sequence[Operand]
    ) -> Operand | None:
        """A layer's float32 weight or bias as ONNX Runtime quantizes it."""
        value = self.graph.constants.get(tensor)
        if value is None or value.dtype != np.float32 or position == 0:
            return None
        if position == 1:
            return quantized_weight(tensor, value)
        return quantized_bias(tensor, value, before[0].qparams, before[1].qparams)

    def _behind_clip(self, node: Node) -> tuple[str, tuple[Node, ...]]:
        """The tensor behind a Relu or Clip that alone reads the node, and that Relu or Clip."""
        after = self.graph.only_reader(node.outputs[0])
        if after is not None and integer_operator(after.operator).clips:
            return after.outputs[0], (after,)
        return node.outputs[0], ()

    def _next_quantizer(self, tensor: str) -> Node | None:
        after = self.graph.only_reader(tensor)
        return after if after is not None and after.operator == "QuantizeLinear" else None

    def _quantizer_behind(self, tensor: str) -> Node | None:
        """The QuantizeLinear that alone reads a tensor, perhaps behind moves."""
        after = self.graph.only_reader(tensor)
        while after is not None and integer_operator(after.operator).carries_qparams:
            after = self.graph.only_reader(after.outputs[0])
        return after if after is not None and after.operator == "QuantizeLinear" else None


def fits(
    operator: IntegerOperator, operands: Sequence[Operand], y: QParams | None, exact: bool
) -> bool:
    """Whether ONNX Runtime has an integer kernel for these types: 8 bits, one for x and y."""
    types = [
        operand.optional_qparams.dtype if operand.optional_qparams else "int32"
        for operand in operands
    ]
    activations = types[:1] if operator.weighted else types
    if len({*activations, *([y.dtype] if y else [])}) > 1 or types[0] not in ("int8", "uint8"):
        return False
    read_with_one_scale = operands[:1] if operator.weighted else operands
    if any(operand.qparams.axis is not None for operand in read_with_one_scale):
        return False
    if not operator.weighted:
        return types[0] == "uint8" or all(becomes_unsigned(o, exact) for o in operands)
    weights = ("int8",) if types[0] == "int8" else ("int8", "uint8")
    return len(types) > 1 and types[1] in weights and types[2:] in ([], ["int32"])
