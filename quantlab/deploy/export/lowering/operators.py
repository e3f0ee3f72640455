"""The operators that quantlab.methods knows by their ONNX names: their attributes are ONNX's."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.methods.graph.calls import BATCH_AXIS
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
    """torch keeps linear weights as (outputs, inputs), and multiplies along the last axis.

    Between two Reshapes where there are more axes than two: so the bias is added in int32, before
    anything is rounded, which a MatMul and an Add would not do.
    """
    x, *parameters = inputs
    if len(call.shape) == 2:
        call.write("Gemm", x, *parameters, transB=1)
        return
    rows = call.before("Reshape", x, call.whole("in_rows", [-1, call.shape[-1]]), part="rows")
    product = f"{call.name}_product"
    call.writer.node("Gemm", [rows, *parameters], product, call.name, transB=1)
    shape = list(call.node.meta["shape"])
    shape[call.node.meta.get(BATCH_AXIS, 0)] = -1
    again = call.whole("shape", shape)
    call.writer.node("Reshape", [product, again], call.output, f"{call.name}_reshape")


def _clip(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    ends = [
        call.tensor(end, part) if math.isfinite(end) else ""
        for part, end in (("min", operator.attributes["min"]), ("max", operator.attributes["max"]))
    ]
    call.write("Clip", *inputs, *ends)


def _reshape(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    call.write("Reshape", *inputs, call.whole("shape", operator.attributes["shape"]))


def _slice(call: LoweringCall, operator: OnnxOperator, inputs: Sequence[str]) -> None:
    """Slice, Squeeze of the axes that a number indexed, Unsqueeze where None stands: as needed."""
    cuts, dropped, added = (operator.attributes[part] for part in ("cuts", "dropped", "added"))
    steps: list[tuple[str, tuple[str, ...]]] = []
    if cuts:
        axes, starts, ends, strides = zip(*cuts, strict=True)
        parts = {"starts": starts, "ends": ends, "axes": axes, "steps": strides}
        steps.append(("Slice", tuple(call.whole(part, each) for part, each in parts.items())))
    if dropped:
        steps.append(("Squeeze", (call.whole("dropped", dropped),)))
    if added:
        steps.append(("Unsqueeze", (call.whole("added", added),)))
    *before, (last, given) = steps or [("Identity", ())]
    (x,) = inputs
    for step, constants in before:
        x = call.before(step, x, *constants, part=step.lower())
    call.write(last, x, *given)


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
    "Slice": _slice,
}
