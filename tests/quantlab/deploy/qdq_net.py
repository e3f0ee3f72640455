"""Small quantized nets in QDQ form, node by node: what the reports of deploy are tested on."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SCALE, ZERO_POINT = "scale", "zero_point"
STEP = 2.0**-5
FLOAT = TensorProto.FLOAT
MIDDLE = {"uint8": 128, "int8": 0, "uint16": 2**15, "int16": 0}


class QdqNet:
    """A graph under construction; every method adds nodes and returns the name of its tensor.

    The input is "input", float32 (N, 8, 16, 16). A node is called like the tensor it writes.
    Weights are int8 with a scale a channel, biases int32.

    Parameters
    ----------
    dtype : str
        Of the activations' integers.
    zero_point : int, optional
        The middle of the type unless given.
    """

    def __init__(self, dtype: str = "uint8", zero_point: int | None = None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.rng = np.random.default_rng(0)
        z = MIDDLE[dtype] if zero_point is None else zero_point
        self.constant(SCALE, np.float32(STEP))
        self.constant(ZERO_POINT, np.array(z, dtype=dtype))
        self.x = self.qdq("input", "x")

    def constant(self, name: str, value: Any) -> str:
        self.constants[name] = np.asarray(value)
        return name

    def node(self, operator: str, inputs: str | list[str], name: str, **settings: Any) -> str:
        given = [inputs] if isinstance(inputs, str) else inputs
        self.nodes.append(helper.make_node(operator, given, [name], name=name, **settings))
        return name

    def q(self, tensor: str, name: str, scale: str = SCALE, zero_point: str = ZERO_POINT) -> str:
        return self.node("QuantizeLinear", [tensor, scale, zero_point], name)

    def dq(self, tensor: str, name: str, scale: str = SCALE, zero_point: str = ZERO_POINT) -> str:
        return self.node("DequantizeLinear", [tensor, scale, zero_point], name)

    def qdq(self, tensor: str, name: str) -> str:
        return self.dq(self.q(tensor, f"{name}_q"), name)

    def weights(self, name: str, shape: tuple[int, ...], dtype: str = "int8") -> str:
        """Random integers with a scale for every entry of the first axis."""
        self.constant(f"{name}_q", self.rng.integers(1, 60, shape).astype(dtype))
        scale = self.constant(f"{name}_scale", np.full(shape[0], STEP, np.float32))
        zero = self.constant(f"{name}_zero", np.zeros(shape[0], dtype))
        return self.node("DequantizeLinear", [f"{name}_q", scale, zero], name, axis=0)

    def bias(self, name: str, count: int) -> str:
        self.constant(f"{name}_q", np.zeros(count, np.int32))
        scale = self.constant(f"{name}_scale", np.full(count, STEP * STEP, np.float32))
        return self.node("DequantizeLinear", [f"{name}_q", scale], name, axis=0)

    def float_weights(self, name: str, shape: tuple[int, ...]) -> str:
        return self.constant(name, self.rng.normal(size=shape).astype(np.float32))

    def conv(
        self, x: str, name: str, kernel: int = 1, weights: str = "", bias: str = "", group: int = 1
    ) -> str:
        """From 8 to 8 channels, as large as before; a weight or bias of one's own may be named."""
        w = weights or self.weights(f"{name}_w", (8, 8 // group, kernel, kernel))
        b = bias or self.bias(f"{name}_b", 8)
        return self.node("Conv", [x, w, b], name, pads=[kernel // 2] * 4, group=group)

    def model(self, output: str, kind: int = FLOAT, given: int = FLOAT) -> onnx.ModelProto:
        shape = ["N", 8, 16, 16]
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("input", given, shape)],
            [helper.make_tensor_value_info(output, kind, None)],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", 21)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)
