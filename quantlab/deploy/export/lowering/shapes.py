"""Operators that move numbers and compute nothing."""

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall


def transpose(call: LoweringCall) -> None:
    """Two axes change places."""
    rank = len(call.shape)
    a, b = call.argument(1, "dim0") % rank, call.argument(2, "dim1") % rank
    order = list(range(rank))
    order[a], order[b] = b, a
    call.write("Transpose", call.x, perm=order)


def permute(call: LoweringCall) -> None:
    rank = len(call.shape)
    call.write("Transpose", call.x, perm=[axis % rank for axis in _dims(call, "dims")])


def reshape(call: LoweringCall) -> None:
    """One that takes the batch in: by an axis in front whose size is left open."""
    if _dims(call, "shape")[0] != -1:
        raise ValueError(
            f"layer {call.name!r} mixes the batch with other axes by fixed sizes, but the batch "
            f"of an exported model is free: write -1 for the first size."
        )
    flatten(call)


def flatten(call: LoweringCall) -> None:
    """From axis 0 on, so that the batch is in the first axis."""
    call.write("Reshape", call.x, call.whole("shape", [-1, *call.node.meta["shape"][1:]]))


def concat(call: LoweringCall) -> None:
    """Along the batch."""
    parts = [call.tensor(part) for part in call.argument(0, "tensors")]
    call.write("Concat", *parts, axis=int(call.argument(1, "dim", 0)))


def split(call: LoweringCall) -> None:
    """torch.chunk and torch.split: their pieces are written for the getitems that read them."""
    pieces = _pieces(call)
    axis = int(call.argument(2, "dim", 0))
    names = [piece_of(call.output, at) for at in range(len(pieces))]
    call.writer.node("Split", [call.x, call.whole("split", pieces)], names, call.name, axis=axis)


def item(call: LoweringCall) -> None:
    """One piece of a split, or a slice of a tensor."""
    source: Any = call.node.args[0]
    index: Any = call.node.args[1]
    if "shape" in source.meta:
        return _slice(call, index if isinstance(index, tuple) else (index,))
    pieces = _pieces(replace(call, node=source))
    call.write("Identity", piece_of(call.values[source.name], index % len(pieces)))


def pixel_shuffle(call: LoweringCall) -> None:
    call.write("DepthToSpace", call.x, blocksize=_factor(call, "upscale_factor"), mode="CRD")


def pixel_unshuffle(call: LoweringCall) -> None:
    """SpaceToDepth orders channels otherwise than torch; so by reshaping and transposing."""
    block = _factor(call, "downscale_factor")
    _, channels, height, width = call.shape
    apart = [0, channels, height // block, block, width // block, block]
    cut = call.before("Reshape", call.x, call.whole("apart", apart), part="cut")
    moved = call.before("Transpose", cut, part="moved", perm=[0, 1, 3, 5, 2, 4])
    joined = [0, channels * block * block, height // block, width // block]
    call.write("Reshape", moved, call.whole("joined", joined))


def _factor(call: LoweringCall, name: str) -> int:
    if call.node.op == "call_module":
        return int(getattr(call.module, name))
    return int(call.argument(1, name))


def piece_of(output: str, at: int) -> str:
    """The ONNX tensor that holds one piece of a split."""
    return f"{output}_{at}_piece"


def _dims(call: LoweringCall, name: str) -> tuple[int, ...]:
    """`x.permute(0, 2, 1)` and `torch.permute(x, (0, 2, 1))` alike."""
    first = call.argument(1, name)
    if isinstance(first, int):
        return tuple(call.argument(at, name) for at in range(1, len(call.node.args)))
    return tuple(first)


def _pieces(call: LoweringCall) -> list[int]:
    shape, axis = call.shape, call.argument(2, "dim", 0)
    names = ("chunks", "split_size", "split_size_or_sections")
    length = shape[axis]
    wanted = next(v for name in names if (v := call.argument(1, name)) is not None)
    if not isinstance(wanted, int):
        return list(wanted)
    chunked = call.node.target in (torch.chunk, "chunk")
    size = -(-length // wanted) if chunked else wanted
    return [min(size, length - start) for start in range(0, length, size)]


def _slice(call: LoweringCall, index: tuple[Any, ...]) -> None:
    rank = len(call.shape)
    if any(part is Ellipsis for part in index):
        at = index.index(Ellipsis)
        whole = (slice(None),) * (rank - sum(part is not None for part in index) + 1)
        index = (*index[:at], *whole, *index[at + 1 :])
    if not all(isinstance(part, slice | int | None) for part in index):
        raise ValueError(
            f"layer {call.name!r} indexes a tensor by {index}, but only whole numbers and slices "
            f"have an ONNX form here: use torch operators instead."
        )
    *before, (last, given) = _steps(call, index) or [("Identity", ())]
    x = call.x
    for step, constants in before:
        x = call.before(step, x, *constants, part=step.lower())
    call.write(last, x, *given)


def _steps(call: LoweringCall, index: tuple[Any, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Slice, Squeeze of the axes that a number indexes, Unsqueeze where None stands: as needed."""
    read = [part for part in index if part is not None]
    cuts = [
        (axis, *_ends(part, call.shape[axis]))
        for axis, part in enumerate(read)
        if part != slice(None)
    ]
    dropped = [axis for axis, part in enumerate(read) if isinstance(part, int)]
    left = [part for part in index if not isinstance(part, int)]
    added = [axis for axis, part in enumerate(left) if part is None]
    steps: list[tuple[str, tuple[str, ...]]] = []
    if cuts:
        names = ("axes", "starts", "ends", "steps")
        whole = dict(zip(names, np.array(cuts, dtype=np.int64).T, strict=True))
        in_order = ("starts", "ends", "axes", "steps")
        steps.append(("Slice", tuple(call.whole(name, whole[name]) for name in in_order)))
    if dropped:
        steps.append(("Squeeze", (call.whole("dropped", dropped),)))
    if added:
        steps.append(("Unsqueeze", (call.whole("added", added),)))
    return steps


def _ends(part: slice | int, length: int) -> tuple[int, int, int]:
    if isinstance(part, int):
        start = part % length
        return start, start + 1, 1
    return part.indices(length)


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((torch.transpose, torch.swapaxes, "transpose", "swapaxes"), transpose),
    **dict.fromkeys((torch.permute, "permute"), permute),
    **dict.fromkeys((torch.reshape, "reshape"), reshape),
    **dict.fromkeys((nn.Flatten, torch.flatten, "flatten"), flatten),
    **dict.fromkeys((torch.cat, torch.concat), concat),
    **dict.fromkeys((torch.chunk, torch.split, "chunk", "split"), split),
    operator.getitem: item,
    **dict.fromkeys((nn.PixelShuffle, F.pixel_shuffle), pixel_shuffle),
    **dict.fromkeys((nn.PixelUnshuffle, F.pixel_unshuffle), pixel_unshuffle),
}
