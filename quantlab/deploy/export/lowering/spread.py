"""Tensors made as large as others: repeated along an axis, or filled with one number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.methods.graph.calls import BATCH_AXIS
from quantlab.methods.graph.layer_names import INPUT


def expand(call: LoweringCall) -> None:
    """Along the axis of the images as often as there are images when the model runs.

    Where they are cut into windows, that is so many times for each image.
    """
    shape = list(call.node.meta["shape"])
    images = call.node.meta.get(BATCH_AXIS)
    if images is None:
        call.write("Expand", call.x, call.whole("shape", shape))
        return
    parts = [call.whole("front", shape[:images])] if images else []
    count = call.before("Shape", INPUT, part="images", start=0, end=1)
    source = next(node for node in call.graph.graph.nodes if node.op == "placeholder")
    for_each = shape[images] // source.meta["shape"][0]
    if for_each > 1:
        count = call.before("Mul", count, call.whole("for_each", for_each), part="windows")
    parts.append(count)
    parts += [call.whole("back", shape[images + 1 :])] if shape[images + 1 :] else []
    whole = call.before("Concat", *parts, part="shape", axis=0)
    call.write("Expand", call.x, whole)


def repeat(call: LoweringCall) -> None:
    """A whole number of times along each axis; the images stay as many as they are.

    Raises
    ------
    ValueError
        It repeats the images, or something for each of them.
    """
    given = call.node.args[1:] or tuple(call.node.kwargs.values())
    times = [int(n) for n in call.argument(1, "repeats")] if _is_one(given) else list(given)
    source: Any = call.argument(0, "input")
    axis, before = call.node.meta.get(BATCH_AXIS), source.meta.get(BATCH_AXIS)
    added = len(times) - len(call.shape)
    if axis is not None and (before is None or axis != before + added or times[axis] != 1):
        raise ValueError(
            f"layer {call.name!r} repeats along the axis of the images, whose number is free in a "
            f"file: use expand there."
        )
    aligned = call.x
    if added:
        aligned = call.before(
            "Unsqueeze", call.x, call.whole("added", range(added)), part="aligned"
        )
    call.write("Tile", aligned, call.whole("times", times))


def _is_one(given: tuple[Any, ...]) -> bool:
    return len(given) == 1 and isinstance(given[0], tuple | list)


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
    "repeat": repeat,
    torch.zeros_like: _filled(0.0),
    torch.ones_like: _filled(1.0),
}
