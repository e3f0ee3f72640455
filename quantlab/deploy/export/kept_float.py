"""Layers that stay float, said so that ONNX Runtime understands it."""

from collections.abc import Collection, Sequence

import onnx
from onnx import helper

from quantlab.numerics.integer_operators import integer_operator


def keep_float(
    nodes: Sequence[onnx.NodeProto], float_nodes: Collection[str], constants: Collection[str]
) -> list[onnx.NodeProto]:
    """The nodes, with a Clip without ends at each float one that would not stay float.

    Such a Clip changes no number, and no fusion reaches past it. ONNX Runtime would quantize an
    operator whose inputs come from integers and whose output becomes integers again; of one with
    weights the first input counts alone. The Clip stands before it then. Where the runtime would
    fold what is behind it into its weights, the Clip stands between these two.

    Parameters
    ----------
    nodes : sequence of onnx.NodeProto
        In the order in which they run. Guarded ones are changed in place.
    float_nodes : names of the nodes to keep in float
        The Clip beside one of them is called `{name}_kept_float`.
    constants : names of the tensors that the model stores
    """
    wires = _Wires(nodes, frozenset(constants))
    guarded: list[onnx.NodeProto] = []
    for node in nodes:
        guarded.append(node)
        if node.name not in float_nodes or not wires.leads_to_integers(node.output[0]):
            continue
        if not wires.comes_from_integers(node):
            continue
        folded = wires.folded_into(node)
        if folded is not None:
            guarded.append(_guard(node.name, node.output[0], folded))
        elif wires.would_be_quantized(node):
            guarded.insert(-1, _guard(node.name, node.input[0], node))
    return guarded


def _guard(name: str, tensor: str, reader: onnx.NodeProto) -> onnx.NodeProto:
    """A Clip without ends between a tensor and one that reads it."""
    guard = f"{name}_kept_float"
    reader.input[:] = [guard if read == tensor else read for read in reader.input]
    return helper.make_node("Clip", [tensor], [guard], name=guard)


class _Wires:
    """Which tensors come from integers and which become integers, as far as fusions reach."""

    def __init__(self, nodes: Sequence[onnx.NodeProto], constants: frozenset[str]) -> None:
        self.constants = constants
        self.readers: dict[str, list[onnx.NodeProto]] = {}
        self.dequantized: set[str] = set()  # behind a DequantizeLinear, moved or not
        self.padded: set[str] = set()  # and padded
        self.quantized: set[str] = set()  # before a QuantizeLinear: moved, clipped, folded or not
        for node in nodes:
            self._read(node)
        for node in reversed(nodes):
            operator = integer_operator(node.op_type)
            passes = operator.carries_qparams or operator.clips or self._varying(node) is not None
            to_integers = passes and not self.quantized.isdisjoint(node.output)
            if node.op_type == "QuantizeLinear" or to_integers:
                self.quantized.update(node.input)

    def _read(self, node: onnx.NodeProto) -> None:
        for tensor in node.input:
            self.readers.setdefault(tensor, []).append(node)
        moves = integer_operator(node.op_type).carries_qparams
        if node.op_type == "DequantizeLinear" or (moves and node.input[0] in self.dequantized):
            self.dequantized.update(node.output)
        if node.op_type == "Pad" and node.input[0] in self.dequantized:
            self.padded.update(node.output)

    def _varying(self, node: onnx.NodeProto) -> str | None:
        """The one input of a node that is no constant; None where several are not."""
        found = [tensor for tensor in node.input if tensor and tensor not in self.constants]
        return found[0] if len(found) == 1 else None

    def leads_to_integers(self, tensor: str) -> bool:
        return tensor in self.quantized

    def comes_from_integers(self, node: onnx.NodeProto) -> bool:
        operator = integer_operator(node.op_type)
        counted = node.input[:1] if operator.weighted else node.input
        padded = self.padded if operator.folds_pad else set()
        return (self.dequantized | padded | self.constants).issuperset(counted)

    def folded_into(self, node: onnx.NodeProto) -> onnx.NodeProto | None:
        """Who alone reads a node's output and goes into its weights."""
        readers, folds = self.readers.get(node.output[0], []), integer_operator(node.op_type).folds
        if len(readers) != 1 or readers[0].op_type not in folds:
            return None
        return readers[0] if self._varying(readers[0]) == node.output[0] else None

    def would_be_quantized(self, node: onnx.NodeProto) -> bool:
        operator = integer_operator(node.op_type)
        stored = not self.constants.isdisjoint(node.input)
        return operator.quantizes_weights or (operator.computes and not stored)
