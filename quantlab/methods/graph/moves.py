"""What torch says of moving numbers, in ONNX's terms: nothing is computed, so integers stay valid.

A function returns (kind, attributes), or the reason why this call has none.

Reshape              shape: 0 keeps the batch in front, -1 is the axis of the batch elsewhere
Flatten              axis
Transpose            perm
DepthToSpace         blocksize, mode
Slice                cuts: (axis, start, end, step) each; dropped: axes that a number indexed;
                     added: axes of 1, counted when the others are gone
Identity             none
"""

from typing import Any

from quantlab.methods.graph.calls import TorchCall

Found = tuple[str, dict[str, Any]] | str


def flatten(call: TorchCall) -> Found:
    axes = len(call.shape)
    start, end = call.settings["start_dim"] % axes, call.settings["end_dim"] % axes
    if (start, end) == (1, axes - 1):
        return "Flatten", {"axis": 1}
    return reshape(call)


def reshape(call: TorchCall) -> Found:
    if call.batch_axis in (None, 0) and call.result[:1] == call.shape[:1]:
        return "Reshape", {"shape": (0, *call.result[1:])}
    if call.batch_axis is None:
        return "it mixes the batch with other axes"
    shape = list(call.result)
    shape[call.batch_axis] = -1
    return "Reshape", {"shape": tuple(shape)}


def transpose(call: TorchCall) -> Found:
    """Two axes change places."""
    order = list(range(len(call.shape)))
    a, b = call.settings["dim0"] % len(order), call.settings["dim1"] % len(order)
    order[a], order[b] = b, a
    return "Transpose", {"perm": tuple(order)}


def permute(call: TorchCall) -> Found:
    return "Transpose", {
        "perm": tuple(int(axis) % len(call.shape) for axis in call.settings["dims"])
    }


def pixel_shuffle(call: TorchCall) -> Found:
    if len(call.shape) != 4:
        return "its input has no batch axis"
    return "DepthToSpace", {"blocksize": int(call.settings["upscale_factor"]), "mode": "CRD"}


def item(call: TorchCall) -> Found:
    """A tensor indexed by whole numbers, slices, None and Ellipsis."""
    if not call.shape or not call.result:
        return "it takes one of several results apart"
    index = call.settings["index"]
    index = index if isinstance(index, tuple) else (index,)
    if any(part is Ellipsis for part in index):
        at = next(i for i, part in enumerate(index) if part is Ellipsis)
        given = sum(part is not None for part in index) - 1
        whole = (slice(None),) * (len(call.shape) - given)
        index = (*index[:at], *whole, *index[at + 1 :])
    if not all(part is None or type(part) is int or _is_plain(part) for part in index):
        return "it indexes by a tensor, only whole numbers and slices have an ONNX form here"
    read = [part for part in index if part is not None]
    left = [part for part in index if type(part) is not int]
    return "Slice", {
        "cuts": tuple(
            (axis, *_ends(part, call.shape[axis]))
            for axis, part in enumerate(read)
            if part != slice(None)
        ),
        "dropped": tuple(axis for axis, part in enumerate(read) if type(part) is int),
        "added": tuple(axis for axis, part in enumerate(left) if part is None),
    }


def _is_plain(part: Any) -> bool:
    if not isinstance(part, slice):
        return False
    return all(end is None or type(end) is int for end in (part.start, part.stop, part.step))


def _ends(part: slice | int, length: int) -> tuple[int, int, int]:
    if isinstance(part, int):
        start = part % length
        return start, start + 1, 1
    return part.indices(length)
