"""The convolutions of the shipped classifier as ONNX Runtime computed them: all their integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from quantlab.deploy import build_onnx, runtime_tensors
from quantlab.deploy.simulator.recognize import plan_of
from quantlab.deploy.simulator.steps import WeightedLayer
from quantlab.numerics import QParams
from quantlab.numerics.ops.conv import conv_accumulator

#: Crops that a ruler is measured on, and crops that the integers are compared on: a class each.
CALIBRATION_CROPS, TEST_CROPS, COMPARED = 4, 4, 32


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """One convolution: what it reads, and what the runtime wrote.

    x_q, y_q     uint8 (N, C, H, W), the runtime's tensors
    w_q, bias_q  int8 (M, C, kh, kw) and int32 (M,)
    x, w, y      their rulers; w's has a scale for each of the M channels
    stride, pad  the same in both directions
    """

    name: str
    x_q: np.ndarray
    w_q: np.ndarray
    bias_q: np.ndarray
    y_q: np.ndarray
    x: QParams
    w: QParams
    y: QParams
    stride: int
    pad: int

    @property
    def multiplier(self) -> np.ndarray:
        """float32 (M,): steps of y in one step of the sum."""
        return np.asarray((self.x.scale * self.w.scale) / self.y.scale)

    def accumulators(self) -> np.ndarray:
        """int32 (N, M, H', W'): the sums with the bias, before they are requantized."""
        return conv_accumulator(
            self.x_q, self.x, self.w_q, self.w, self.bias_q, strides=self.stride, pads=self.pad
        )


@cache
def quantized_classifier() -> tuple[onnx.ModelProto, np.ndarray]:
    """The shipped classifier in INT8, and 32 prepared test crops, float32 (32, 3, 32, 32)."""
    from quantlab.methods import Recipe, Rule, quantize_model
    from quantlab.scenes import Calibration, Test, crops
    from quantlab.zoo import load

    net: Any = load("classifier")
    ranges = Rule("uint8", "asymmetric", "per-tensor", observer="minmax")
    quantized = quantize_model(
        net, crops(Calibration, CALIBRATION_CROPS), Recipe(activations=ranges), progress=True
    )
    pictures = crops(Test, TEST_CROPS).images[:COMPARED]
    return build_onnx(quantized), net.preprocessing.batch(pictures)


def convolutions(model: onnx.ModelProto, x: np.ndarray) -> tuple[IntegerLayer, ...]:
    """Every Conv of a QDQ model that is computed on integers, with the tensors of an exact session.

    Each layer reads what the runtime itself handed it, so no difference is inherited.
    """
    plan, there = plan_of(model), runtime_tensors(model, x, exact=True).tensors
    rulers = _rulers(model)
    return tuple(
        _layer(found, there, rulers[found.target])
        for found in plan.weighted
        if found.node.operator == "Conv"
    )


def _rulers(model: onnx.ModelProto) -> dict[str, QParams]:
    """The ruler of each tensor that a QuantizeLinear writes, as the file says it."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return {
        node.output[0]: QParams(stored[node.input[1]], stored[node.input[2]], "uint8")
        for node in model.graph.node
        if node.op_type == "QuantizeLinear"
    }


def _layer(found: WeightedLayer, there: Mapping[str, np.ndarray], y: QParams) -> IntegerLayer:
    x, w, bias = found.operands
    assert w.constant is not None, "weights are constants"
    assert bias.constant is not None, "and so are biases"
    return IntegerLayer(
        found.node.name, there[x.tensor], w.constant, bias.constant, there[found.target],
        x.qparams, w.qparams, y,
        found.node.attributes["strides"][0], found.node.attributes["pads"][0],
    )  # fmt: skip
