"""A float file in the form that rulers are laid on: few operators, each with plain weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper, inliner, numpy_helper

from quantlab.deploy.onnx_graph.graph import read_graph
from quantlab.deploy.onnx_graph.opset import PER_CHANNEL, at_least_opset
from quantlab.deploy.precision.fallback.site import is_quantized
from quantlab.deploy.quantize_file.constants import drop_unread, fold_constants, names_read
from quantlab.deploy.quantize_file.tensor_types import TensorType, tensor_types
from quantlab.deploy.runtime.optimized_graph import named

#: (factor, offset) of each output channel.
Affine = tuple[np.ndarray, np.ndarray]


def normal_form(model: onnx.ModelProto, opset: int = PER_CHANNEL) -> onnx.ModelProto:
    """A copy that computes the same: constants folded, BatchNorm and biases in the layers.

    Functions are written out, padding is in numbers where the sizes are known, a MatMul of matrices
    is a Gemm, and the opset is the one given or later. Nodes keep their names, or get one.

    Raises
    ------
    ValueError
        The model is quantized already; ONNX Runtime refuses it; onnx cannot bring it to that opset.
    """
    integers = [node for node in read_graph(model).nodes if is_quantized(node)]
    if integers:
        raise ValueError(
            f"{integers[0]} says that the model is quantized already: pass the float file that it "
            "was made from."
        )
    copy = named(inliner.inline_local_functions(at_least_opset(model, opset)))
    fold_constants(copy)
    del copy.graph.value_info[:]
    writer = _Rewriter(copy, tensor_types(copy))
    writer.rewrite()
    return copy


class _Rewriter:
    """One walk over the nodes, which are changed in place."""

    def __init__(self, model: onnx.ModelProto, types: dict[str, TensorType]) -> None:
        self.graph, self.types = model.graph, types
        self.constants = dict(read_graph(model).constants)
        read = [*names_read(list(model.graph.node)), *(o.name for o in model.graph.output)]
        self.times_read = {name: read.count(name) for name in set(read)}
        self.layers: dict[str, onnx.NodeProto] = {}  # by the tensor that a layer writes

    def rewrite(self) -> None:
        kept: list[onnx.NodeProto] = []
        for node in self.graph.node:
            self._pad_in_numbers(node)
            self._as_gemm(node)
            if self._without_factors(node):
                self.layers[node.output[0]] = node
            layer = self.layers.get(self._varying(node))
            affine = None if layer is None else self._affine(node, layer)
            if layer is None or affine is None or self.times_read[layer.output[0]] > 1:
                kept.append(node)
                continue
            self._fold(layer, affine)
            layer.output[0] = node.output[0]
            self.layers[node.output[0]] = layer
        del self.graph.node[:]
        self.graph.node.extend(kept)
        drop_unread(self.graph)

    def _store(self, name: str, array: np.ndarray) -> str:
        while name in self.constants or name in self.types:
            name += "_"
        self.constants[name] = array
        self.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def _sizes(self, tensor: str) -> tuple[int | str | None, ...]:
        return self.types[tensor].shape if tensor in self.types else ()

    def _varying(self, node: onnx.NodeProto) -> str:
        """The one input that is no constant; "" where there are several."""
        found = [tensor for tensor in node.input if tensor and tensor not in self.constants]
        return found[0] if len(found) == 1 else ""

    def _pad_in_numbers(self, node: onnx.NodeProto) -> None:
        """auto_pad as pads, where the sizes are known: that of a Conv or of a pool."""
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        same = given.get("auto_pad", b"NOTSET").decode() if "auto_pad" in given else ""
        if node.op_type not in ("Conv", "MaxPool", "AveragePool") or not same.startswith("SAME"):
            return
        sides, window = self._sizes(node.input[0])[2:], given.get("kernel_shape")
        if window is None and node.op_type == "Conv" and node.input[1] in self.constants:
            window = self.constants[node.input[1]].shape[2:]
        if window is None or not sides or not all(isinstance(side, int) for side in sides):
            return
        ones = [1] * len(sides)
        strides, dilations = given.get("strides", ones), given.get("dilations", ones)
        missing = [
            max(0, (-(-side // s) - 1) * s + (k - 1) * d + 1 - side)  # type: ignore[operator]
            for side, s, k, d in zip(sides, strides, window, dilations, strict=True)
        ]
        less, more = [m // 2 for m in missing], [m - m // 2 for m in missing]
        pads = less + more if same == "SAME_UPPER" else more + less
        kept = [a for a in node.attribute if a.name not in ("auto_pad", "pads")]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute("pads", pads)])

    def _as_gemm(self, node: onnx.NodeProto) -> None:
        """A product of two matrices, the second one stored."""
        if node.op_type == "MatMul" and len(self._sizes(node.output[0])) == 2:
            weight = self.constants.get(node.input[1])
            if weight is not None and weight.ndim == 2 and node.input[0] not in self.constants:
                node.op_type = "Gemm"

    def _without_factors(self, node: onnx.NodeProto) -> bool:
        """Whether a node is a layer with stored weights; alpha and beta of a Gemm go into them."""
        if node.op_type not in ("Conv", "Gemm") or len(node.input) < 2 or node.domain:
            return False
        parts = [self.constants.get(name) for name in node.input[1:] if name]
        if any(part is None or part.dtype != np.float32 for part in parts):
            return False
        for at, name in ((1, "alpha"), (2, "beta")):
            factor = next((a for a in node.attribute if a.name == name), None)
            if factor is not None and node.op_type == "Gemm":
                if len(node.input) > at and node.input[at] and factor.f != 1:
                    scaled = self.constants[node.input[at]] * np.float32(factor.f)
                    node.input[at] = self._store(f"{node.name}_{name}", scaled)
                node.attribute.remove(factor)
        return True

    def _affine(self, node: onnx.NodeProto, layer: onnx.NodeProto) -> Affine | None:
        """What a node does to each channel of a layer's output; None where it does more."""
        build = AFFINE.get(node.op_type)
        if build is None or node.domain or len(node.output) > 1:
            return None
        others = [self.constants[name] for name in node.input if name in self.constants]
        rank, weight = len(self._sizes(layer.output[0])), self.constants[layer.input[1]]
        channels = len(weight) if layer.op_type == "Conv" or _rows(layer) else weight.shape[1]
        if node.op_type != "BatchNormalization":
            after = 0 if layer.op_type == "Gemm" else rank - 2  # axes behind the channels
            if rank < 2 or not _one_a_channel(others[0], channels, after, rank):
                return None
            others = [np.broadcast_to(others[0].reshape(-1), channels)]
        epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
        return build([part.astype(np.float64) for part in others], epsilon)

    def _fold(self, layer: onnx.NodeProto, affine: Affine) -> None:
        factor, offset = affine
        weight = self.constants[layer.input[1]].astype(np.float64)
        rows = layer.op_type == "Conv" or _rows(layer)
        along = factor.reshape(-1, *[1] * (weight.ndim - 1)) if rows else factor
        layer.input[1] = self._store(f"{layer.name}_weight", (weight * along).astype(np.float32))
        bias = np.zeros(())
        if len(layer.input) > 2 and layer.input[2]:
            bias = self.constants[layer.input[2]].astype(np.float64)
        moved = np.asarray(bias * factor + offset, np.float32)
        del layer.input[2:]
        layer.input.append(self._store(f"{layer.name}_bias", moved))


def _rows(layer: onnx.NodeProto) -> bool:
    """Whether a Gemm's outputs lie along the rows of its weights."""
    return any(a.name == "transB" and a.i for a in layer.attribute)


def _one_a_channel(constant: np.ndarray, channels: int, after: int, rank: int) -> bool:
    if constant.dtype != np.float32 or constant.ndim > rank:
        return False
    at = constant.ndim - 1 - after
    return constant.size == 1 or (
        at >= 0 and constant.size == channels and constant.shape[at] == channels
    )


def _of_batchnorm(parts: list[np.ndarray], epsilon: float) -> Affine:
    scale, offset, mean, variance = parts
    factor = scale / np.sqrt(variance + epsilon)
    return factor, offset - mean * factor


AFFINE: dict[str, Callable[[list[np.ndarray], float], Affine]] = {
    "BatchNormalization": _of_batchnorm,
    "Mul": lambda parts, _: (parts[0], np.zeros_like(parts[0])),
    "Add": lambda parts, _: (np.ones_like(parts[0]), parts[0]),
}
