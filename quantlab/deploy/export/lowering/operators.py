"""The operators that quantlab.methods knows by their ONNX names: their attributes are ONNX's."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.methods.graph.operators import OnnxOperator

Lowering = Callable[[LoweringCall, OnnxOperator, Sequence[str]], None]


def lower_operator(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    """Write one operator.

    Parameters
    ----------
    call : LoweringCall
    operator : OnnxOperator
    inputs : ONNX tensors
        Activations first, then weight and bias or the four parameters of a BatchNormalization.
    """
    LOWERINGS.get(operator.kind, _as_it_is)(call, operator, inputs)


def _as_it_is(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    call.write(operator.kind, *inputs, **operator.attributes)


def _gemm(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    call.write("Gemm", *inputs, transB=1)  # torch keeps linear weights as (outputs, inputs)


def _clip(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    ends = [
        call.tensor(end, part) if math.isfinite(end) else ""
        for part, end in (("min", operator.attributes["min"]), ("max", operator.attributes["max"]))
    ]
    call.write("Clip", *inputs, *ends)


def _reshape(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    call.write("Reshape", *inputs, call.whole("shape", operator.attributes["shape"]))


def _resize(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    attributes = dict(operator.attributes)
    scales = call.constant("scales", np.float32(attributes.pop("scales")))
    if attributes["mode"] == "cubic":
        _cubic(call, inputs[0], scales, attributes)
    else:
        call.write("Resize", *inputs, "", scales, **attributes)


def _cubic(call: LoweringCall, x: str, scales: str, attributes: dict[str, Any]) -> None:
    """Between two Reshapes: ONNX Runtime moves its Transposes past a Resize beside integer layers,
    and then refuses its own result, as cubic weights are known along the last two axes only."""
    _, *channels, height, width = call.shape
    joined = call.before(
        "Reshape", x, call.whole("joined_shape", [1, -1, height, width]), part="joined"
    )
    resized = call.before("Resize", joined, "", scales, part="resized", **attributes)
    out = [-1, *channels, *call.node.meta["shape"][-2:]]
    call.write("Reshape", resized, call.whole("shape", out))


LOWERINGS: dict[str, Lowering] = {
    "Gemm": _gemm,
    "Clip": _clip,
    "Reshape": _reshape,
    "Resize": _resize,
}
