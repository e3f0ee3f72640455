"""Where rulers are laid in a file, by the same table of operators as for a torch model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import inf

import numpy as np

from quantlab.deploy.onnx_graph.graph import Graph, Node, graphs_inside
from quantlab.deploy.quantize_file.tensor_types import FLOAT, TensorType
from quantlab.methods.recipe import Recipe
from quantlab.numerics.integer_operators import integer_operator, why_no_kernel


@dataclass(frozen=True)
class FilePlacement:
    """Where rulers are laid.

    Attributes
    ----------
    rulers : mapping of str to str
        A tensor that is read as integers, to the one whose ruler it is on: itself, or what it was
        moved from.
    fused : mapping of str to str
        A node, to the Relu or Clip behind it that its ruler does.
    quantized : frozenset of str
        Nodes that compute on integers or move them.
    reasons : mapping of str to str
        Every other node that writes float numbers, to why it stays float.
    """

    rulers: Mapping[str, str]
    fused: Mapping[str, str]
    quantized: frozenset[str]
    reasons: Mapping[str, str]

    @property
    def own(self) -> tuple[str, ...]:
        """The tensors with a ruler of their own."""
        return tuple(tensor for tensor, root in self.rulers.items() if tensor == root)


def find_nodes(graph: Graph, names: Iterable[str], setting: str) -> dict[str, str]:
    """Node to the name that was given for it: its own, or the beginning of a path.

    Raises
    ------
    ValueError
        A name that no node has.
    """
    known, found = [node.name for node in graph.nodes], {}
    for name in names:
        nodes = [n for n in known if n == name or n.startswith((f"{name}/", f"{name}."))]
        if not nodes:
            near = get_close_matches(name, known, n=3, cutoff=0.5) or known[:3]
            raise ValueError(
                f"{setting} names {name!r}, but the file has no such node: did you mean "
                f"{', '.join(near)}?"
            )
        found.update(dict.fromkeys(nodes, name))
    return found


def activations(node: Node) -> tuple[str, ...]:
    """The inputs that are read on a ruler; weights, biases, shapes and bounds are not."""
    operator = integer_operator(node.operator)
    alone = operator.weighted or operator.moves or operator.clips
    return node.inputs[:1] if alone else tuple(filter(None, node.inputs))


def place_in_file(graph: Graph, types: Mapping[str, TensorType], recipe: Recipe) -> FilePlacement:
    """Decide where rulers are laid: see `quantlab.methods.place_qparams`.

    Raises
    ------
    ValueError
        keep_float names a node that the file does not have.
    """
    return _Placer(graph, types, recipe).place()


class _Placer:
    def __init__(self, graph: Graph, types: Mapping[str, TensorType], recipe: Recipe) -> None:
        self.graph, self.types, self.recipe = graph, types, recipe
        self.kept = find_nodes(graph, recipe.keep_float, "keep_float")
        self.nodes = [node for node in graph.nodes if self._is_float(node.outputs[0])]
        self.reasons: dict[str, str] = {}
        self.fused: dict[str, str] = {}

    def place(self) -> FilePlacement:
        for node in self.nodes:
            reason = self._why_float(node)
            if reason:
                self.reasons[node.name] = reason
        writers = {tensor: node for node in self.nodes for tensor in node.outputs}
        for node in self.nodes:
            if node.name not in self.kept and integer_operator(node.operator).clips:
                self._clip(node, writers.get(node.inputs[0]))
        moved, own = self._moved(), set(self._read_and_written())
        roots = {moved.get(tensor, tensor) for tensor in own}
        for node in self.nodes:
            if node.outputs[0] in moved and moved[node.outputs[0]] not in roots:
                self.reasons[node.name] = "the layers around it stay float"
        order = [*self.graph.inputs, *self.graph.constants, *self.types]
        rulers = {
            tensor: moved.get(tensor, tensor)
            for tensor in dict.fromkeys(order)
            if moved.get(tensor, tensor) in roots
        }
        quantized = {node.name for node in self.nodes} - self.reasons.keys()
        return FilePlacement(rulers, self.fused, frozenset(quantized), self.reasons)

    def _is_float(self, tensor: str) -> bool:
        stored = self.graph.constants.get(tensor)
        if stored is not None:
            return bool(stored.dtype == np.float32)
        return tensor in self.types and self.types[tensor].type == FLOAT

    def _why_float(self, node: Node) -> str | None:
        operator = integer_operator(node.operator)
        if node.name in self.kept:
            return f"keep_float names {self.kept[node.name]}"
        if any(graphs_inside(node.proto)):
            return "it holds graphs of its own, in which no rulers are laid"
        if node.domain:
            return f"its operator is of {node.domain}, and not one of ONNX's own"
        if operator.clips:
            return None  # `_clip` decides
        if node.operator == "BatchNormalization":
            return "no convolution or linear layer before it, that it alone reads, to fold it into"
        lacking = why_no_kernel(node.operator, node.attributes)
        if lacking:
            return lacking
        if not operator.moves and not operator.simulated:
            return f"quantlab does not compute {node.operator} on integers"
        if not all(map(self._is_float, activations(node))):
            return "not all that it reads is float32"
        if node.inputs[0] in self.graph.constants and (operator.weighted or operator.moves):
            return "what it reads is stored in the file"
        return self._why_weights(node) if operator.weighted else self._why_settings(node)

    def _why_weights(self, node: Node) -> str | None:
        parts = [self.graph.constants.get(name) for name in node.inputs[1:] if name]
        weight = parts[0] if parts else None
        if any(part is None for part in parts) or weight is None:
            return "its weights are computed while the model runs"
        if weight.ndim != (4 if node.operator == "Conv" else 2) or weight.dtype != np.float32:
            return f"its weights are {weight.dtype} of {weight.ndim} axes, which has no ruler here"
        if {node.attributes.get(name, 1.0) for name in ("alpha", "beta")} != {1.0}:
            return "it has factors besides its weights"
        rows = node.operator == "Conv" or node.attributes.get("transB", 0)
        outputs = weight.shape[0 if rows else 1]
        if len(parts) > 1 and parts[1] is not None and parts[1].size != outputs:
            return "its bias is not one number an output"
        return None

    def _why_settings(self, node: Node) -> str | None:
        given = node.attributes
        if len(node.outputs) > 1 and node.operator == "MaxPool":
            return "it also writes where the largest values were"
        if given.get("ceil_mode") and given.get("count_include_pad"):
            return (
                "its last windows reach beyond the padding, which ONNX Runtime's integer kernel "
                "counts as values"
            )
        if "Pool" in node.operator:
            shape = self.types[node.outputs[0]].shape
            if shape and len(shape) != 4:
                return f"it pools over {len(shape) - 2} axes, and integers are pooled over 2"
            if node.operator == "AveragePool" and set(given.get("dilations", ())) - {1}:
                return "ONNX Runtime's integer kernel pools without dilations"
        return None

    def _clip(self, node: Node, before: Node | None) -> None:
        """A Relu or Clip behind a layer on integers is done by the ruler; others stay float."""
        ends = self._ends(node)
        if self.recipe.activations.scheme == "symmetric":
            reason = "symmetric rulers reach as far below 0 as above, so none can clip for it"
        elif ends is None or not ends[0] <= 0 <= ends[1]:
            reason = "it clips away from 0, which every ruler contains, so none can clip for it"
        elif before is None or not integer_operator(before.operator).fuses_clip:
            reason = "no operator on integers before it, whose ruler could clip for it"
        elif before.name in self.reasons:
            reason = f"{before.name} before it stays float, so no ruler clips for it"
        elif self.graph.only_reader(before.outputs[0]) is not node:
            reason = f"{before.name} before it has other readers, so its ruler cannot clip for it"
        else:
            self.fused[before.name] = node.name
            return
        self.reasons[node.name] = reason

    def _ends(self, node: Node) -> tuple[float, float] | None:
        if node.operator == "Relu":
            return 0.0, inf
        found = []
        for position, otherwise in ((1, -inf), (2, inf)):
            name = node.input(position)
            value = self.graph.constants.get(name) if name else np.float32(otherwise)
            if value is None:
                return None
            found.append(float(np.asarray(value).reshape(())))
        return found[0], found[1]

    def _moved(self) -> dict[str, str]:
        """Every tensor that is moved integers, to the one that it was moved from."""
        moved: dict[str, str] = {}
        for node in self.nodes:
            if integer_operator(node.operator).moves and node.name not in self.reasons:
                root = moved.get(node.inputs[0], node.inputs[0])
                moved.update((t, root) for t in node.outputs if self._is_float(t))
        return moved

    def _read_and_written(self) -> Iterable[str]:
        """What the operators on integers read and write; what one hands to its Relu is neither."""
        done = set(self.fused.values())
        for node in self.nodes:
            if node.name in self.reasons or integer_operator(node.operator).moves:
                continue
            if node.name not in self.fused:
                yield node.outputs[0]
            if node.name not in done:
                yield from activations(node)
