"""A question for the simulator and ONNX Runtime alike: a QDQ model of one operator, and its inputs.

Inputs are float32 numbers that lie on a ruler, quantized by the model itself: so INT8 activations
are fused too, which ONNX Runtime does on x86 only behind a QuantizeLinear.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from quantlab.numerics import DTYPES, QParams, dequantize
from tests.support.operator_cases import bias_scale, random_integers, random_ruler
from tests.support.operator_models import Operand, qdq_model


@dataclass(frozen=True, eq=False)
class Question:
    """A model and what it is fed with."""

    model: onnx.ModelProto
    feeds: dict[str, np.ndarray]


def question(
    operator: str,
    inputs: list[Operand],
    constants: list[Operand],
    y: QParams,
    bias: tuple[np.ndarray, np.ndarray] | None = None,
    settings: dict[str, Any] | None = None,
) -> Question:
    """`qdq_model`, each input behind a QuantizeLinear and fed with numbers on its ruler."""
    model = qdq_model(operator, inputs, constants, y, bias, **(settings or {}))
    feeds = {}
    for i, (q, qparams) in reversed(list(enumerate(inputs))):
        entry = model.graph.input[i]
        entry.CopyFrom(helper.make_tensor_value_info(f"x{i}_float", TensorProto.FLOAT, q.shape))
        names = [entry.name, f"s{i}", f"z{i}"]
        model.graph.node.insert(0, helper.make_node("QuantizeLinear", names, [f"q{i}"]))
        feeds[entry.name] = dequantize(q, qparams)
    return Question(model, feeds)


def with_clip(asked: Question, low: float, high: float | None) -> Question:
    """A Relu, or a Clip where there is an upper end, in front of the last QuantizeLinear."""
    graph = asked.model.graph
    at = next(i for i, node in enumerate(graph.node) if node.output[0] == "qy")
    graph.node[at].input[0] = "clipped"
    if high is None:
        graph.node.insert(at, helper.make_node("Relu", ["r"], ["clipped"]))
        return asked
    graph.node.insert(at, helper.make_node("Clip", ["r", "low", "high"], ["clipped"]))
    for name, bound in (("low", low), ("high", high)):
        graph.initializer.append(numpy_helper.from_array(np.float32(bound), name))
    return asked


def with_inputs(asked: Question, names: list[str], values: dict[str, np.ndarray]) -> Question:
    """Further constant inputs of the operator, such as sizes; "" leaves one out."""
    graph = asked.model.graph
    node = next(node for node in graph.node if node.output[0] == "r")
    node.input.extend(names)
    graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in values.items())
    return asked


def random_operand(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Operand:
    """Any integers on any ruler."""
    return random_integers(rng, shape, dtype), random_ruler(rng, dtype)


def random_shape(rng: np.random.Generator, largest: int = 9) -> tuple[int, int, int, int]:
    """(N, C, H, W), small."""
    n, c = (int(v) for v in rng.integers(1, 5, 2))
    h, w = (int(v) for v in rng.integers(1, largest, 2))
    return n, c, h, w


def near_ruler(rng: np.random.Generator, dtype: str, scale: float) -> QParams:
    """A scale within a factor of 1.5 of `scale`, or the power of two nearest to it, for ties."""
    chosen = scale * float(rng.uniform(2 / 3, 3 / 2))
    if rng.random() < 0.5:
        chosen = float(2.0 ** np.round(np.log2(scale)))
    return random_ruler(rng, dtype, chosen)


def probabilities(rng: np.random.Generator, dtype: str) -> QParams:
    """The usual ruler from 0 to 1, or any other."""
    if rng.random() < 0.5:
        return QParams(1 / 256, DTYPES[dtype].qmin, dtype)
    return near_ruler(rng, dtype, 1 / 256)


def weight_type(rng: np.random.Generator, dtype: str) -> str:
    """INT8 weights go with every activation, UINT8 ones with UINT8."""
    return "uint8" if dtype == "uint8" and rng.random() < 0.3 else "int8"


def scaled(bias: np.ndarray | None, x: QParams, w: QParams) -> Any:
    """A bias beside its scale, if there is one."""
    return None if bias is None else (bias, bias_scale(x, w))


def pool_settings(rng: np.random.Generator, size: tuple[int, ...]) -> dict[str, list[int]]:
    """A window that fits the image, padding smaller than the window, any stride."""
    kernel = [int(rng.integers(1, min(n, 4) + 1)) for n in size]
    return {
        "kernel_shape": kernel,
        "strides": [int(s) for s in rng.integers(1, 4, len(size))],
        "pads": [int(rng.integers(0, k)) for k in [*kernel, *kernel]],
    }
