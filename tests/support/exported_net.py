"""A float net as several exporters write nets: what is odd in their files, in one small file."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SHAPE = (3, 14, 14)  # SAME padding adds a row below and none above
#: Nodes that nothing can compute on integers, in the order of the file.
FLOATS = ("swish", "up", "grown", "grown_norm", "tanh")


def pictures(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (count, *SHAPE)).astype(np.float32)


def exported_net(opset: int = 17) -> onnx.ModelProto:
    """A stem with SAME padding, a scaled branch, a head of MatMul and Add, shapes computed.

    BatchNorm behind Conv and behind ConvTranspose, weights that are transposed in the graph,
    factors of a Gemm, biases as Add, a constant operand, control numbers as Constant nodes.
    """
    net = _Net()
    w = net.weight
    same = {"auto_pad": "SAME_UPPER", "strides": [2, 2]}
    net.add("Transpose", ["input"], "nhwc", perm=[0, 2, 3, 1])  # as a file of TensorFlow begins
    net.add("Transpose", ["nhwc"], "nchw", perm=[0, 3, 1, 2])
    net.add("Conv", ["nchw", w("stem_w", 8, 3, 3, 3)], "stem", kernel_shape=[3, 3], **same)
    net.add("BatchNormalization", ["stem", *net.norm("stem", 8)], "stem_norm")
    net.add("Clip", ["stem_norm", net.number("zero", 0.0), net.number("six", 6.0)], "relu6")
    net.add("Transpose", [w("mix_wt", 3, 3, 8, 8)], "mix_w", perm=[3, 2, 0, 1])
    net.add("Conv", ["relu6", "mix_w"], "mix", pads=[1, 1, 1, 1])
    net.add("Mul", ["mix", w("mix_scale", 1, 8, 1, 1)], "scaled")
    net.add("Add", ["scaled", w("mix_bias", 8, 1, 1)], "shifted")
    net.add("HardSwish" if opset > 13 else "Tanh", ["shifted"], "swish")
    net.add("Add", ["swish", "relu6"], "joined")
    net.add("Relu", ["joined"], "joined_relu")
    net.add("MaxPool", ["joined_relu"], "pool", kernel_shape=[2, 2], strides=[2, 2])
    scales = net.constant("scales", np.float32([1, 1, 2, 2]))
    net.add("Resize", ["pool", "", scales], "up", mode="linear")
    net.add("ConvTranspose", ["pool", w("grown_w", 8, 8, 2, 2)], "grown", strides=[2, 2])
    net.add("BatchNormalization", ["grown", *net.norm("grown", 8)], "grown_norm")
    net.add("Concat", ["up", "grown_norm"], "both", axis=1)
    net.add("Mul", ["both", w("gate", 1, 16, 1, 1)], "gated")
    net.add("LeakyRelu", ["gated"], "leaky", alpha=0.2)
    net.add("AveragePool", ["leaky"], "average", kernel_shape=[3, 3], strides=[2, 2])
    net.add("Shape", ["average"], "size")
    net.add("Gather", ["size", net.constant("first", np.int64(0))], "batch", axis=0)
    net.add("Unsqueeze", ["batch", net.constant("axes", np.int64([0]))], "batch1")
    net.add("Concat", ["batch1", net.constant("rest", np.int64([-1]))], "shape", axis=0)
    net.add("Reshape", ["average", "shape"], "flat")
    net.add("MatMul", ["flat", w("head_w", 64, 10)], "head")
    net.add("Add", ["head", w("head_b", 10)], "head_bias")
    net.add("Tanh", ["head_bias"], "tanh")
    net.add("Gemm", ["tanh", w("last_w", 10, 4), w("last_b", 1, 4)], "logits", alpha=0.5, beta=2.0)
    return net.model(opset)


class _Net:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(2)
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> None:
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))

    def constant(self, name: str, value: np.ndarray) -> str:
        self.stored.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def number(self, name: str, value: float) -> str:
        self.add("Constant", [], name, value=numpy_helper.from_array(np.float32(value)))
        return name

    def weight(self, name: str, *shape: int) -> str:
        scale = max(1, np.prod(shape) / max(shape)) ** -0.5
        return self.constant(name, self.rng.normal(0, scale, shape).astype(np.float32))

    def norm(self, name: str, channels: int) -> list[str]:
        draw = self.rng.uniform(0.5, 1.5, (4, channels)).astype(np.float32)
        parts = zip(("scale", "offset", "mean", "variance"), draw, strict=True)
        return [self.constant(f"{name}_{part}", values) for part, values in parts]

    def model(self, opset: int) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "exported",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", *SHAPE])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 4])],
            self.stored,
        )
        opsets = [helper.make_opsetid("", opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)
