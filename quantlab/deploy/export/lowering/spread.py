"""Tensors made as large as others: repeated along an axis, or filled with one number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.methods.graph.calls import BATCH_AXIS
from quantlab.methods.graph.layer_names import INPUT


def expand(call: LoweringCall) -> None:
    """Along the axis of the images as often as there are images when the model runs."""
    shape = list(call.node.meta["shape"])
    images = call.node.meta.get(BATCH_AXIS)
    if images is None:
        call.write("Expand", call.x, call.whole("shape", shape))
        return
    parts = [call.whole("front", shape[:images])] if images else []
    parts.append(call.before("Shape", INPUT, part="images", start=0, end=1))
    parts += [call.whole("back", shape[images + 1 :])] if shape[images + 1 :] else []
    whole = call.before("Concat", *parts, part="shape", axis=0)
    call.write("Expand", call.x, whole)


def _filled(number: float) -> Callable[[LoweringCall], None]:
    def lowering(call: LoweringCall) -> None:
        shape = call.before("Shape", call.x, part="shape")
        value = call.constant("value", np.array([number], np.float32))
        one = call.before(
            "Reshape", value, call.whole("one", [1] * len(call.shape)), part="one_value"
        )
        call.write("Expand", one, shape)

    return lowering


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys(("expand", "expand_as"), expand),
    torch.zeros_like: _filled(0.0),
    torch.ones_like: _filled(1.0),
}
