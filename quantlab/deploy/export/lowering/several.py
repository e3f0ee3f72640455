"""Operators that give several tensors: each result has its own place in the exporter's values."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from quantlab.deploy.export.lowering.call import LoweringCall, place_of
from quantlab.deploy.export.lowering.reductions import variance_and_mean


def top(call: LoweringCall) -> None:
    """The largest or smallest numbers along an axis, in order, and their places."""
    axis = int(call.argument(2, "dim", -1)) % len(call.shape)
    _ordered(call, int(call.argument(1, "k")), axis, bool(call.argument(3, "largest", True)))


def sort(call: LoweringCall) -> None:
    """All of an axis."""
    axis = int(call.argument(1, "dim", -1)) % len(call.shape)
    down = bool(call.argument(2, "descending", False))
    _ordered(call, call.shape[axis], axis, down)


def _ordered(call: LoweringCall, count: int, axis: int, largest: bool) -> None:
    several(call, "TopK", [call.x, call.whole("count", count)], 2, axis=axis, largest=int(largest))


def argsort(call: LoweringCall) -> None:
    """The places alone."""
    axis = int(call.argument(1, "dim", -1)) % len(call.shape)
    down = int(bool(call.argument(2, "descending", False)))
    count = call.whole("count", call.shape[axis])
    outputs = [f"{call.name}_in_order", call.output]
    call.writer.node("TopK", [call.x, count], outputs, call.name, axis=axis, largest=down)


def max_pool_with_places(call: LoweringCall) -> None:
    """The maxima of windows, and where in the picture each was, for MaxUnpool alone.

    ONNX counts places through all images and channels, torch through one picture.
    """
    window = _window(call)
    if window["ceil_mode"]:
        raise ValueError(
            f"layer {call.name!r} is a max pool that gives places, with ceil_mode, which the "
            f"export does not know: pad the picture, and leave ceil_mode out."
        )
    odd = [reader.name for reader in _readers(call.node, 1) if not _unpools(call, reader)]
    if odd:
        raise ValueError(
            f"layer {call.name!r} gives the places of its maxima to {odd[0]!r}, but ONNX counts "
            f"them otherwise than torch, and only a max unpool reads both alike: use one, or "
            f"return no indices."
        )
    several(call, "MaxPool", [call.x], 2, **window)


def max_unpool(call: LoweringCall) -> None:
    """Each maximum back where it was, between zeros."""
    channels, height, width = call.node.meta["shape"][1:]
    size = call.before("Shape", call.x, part="images", start=0, end=1)
    rest = call.whole("rest", [channels, height, width])
    whole = call.before("Concat", size, rest, part="size", axis=0)
    window = _window(call, first=2)
    places = call.tensor(call.argument(1, "indices"))
    kept = ("kernel_shape", "strides", "pads")
    call.write("MaxUnpool", call.x, places, whole, **{name: window[name] for name in kept})


def _readers(node: fx.Node, index: int) -> list[fx.Node]:
    """Who reads one result of an operator."""
    taken = [user for user in node.users if user.args[1:] == (index,)]
    return [reader for one in taken for reader in one.users]


def _unpools(call: LoweringCall, node: fx.Node) -> bool:
    if node.op == "call_module":
        return isinstance(call.graph.get_submodule(str(node.target)), nn.MaxUnpool2d)
    return node.target is F.max_unpool2d


def _window(call: LoweringCall, first: int = 1) -> dict[str, Any]:
    names = ("kernel_size", "stride", "padding")
    if call.node.op == "call_module":
        kernel, stride, padding = (getattr(call.module, name) for name in names)
        ceil, dilation = (
            getattr(call.module, n, d) for n, d in (("ceil_mode", 0), ("dilation", 1))
        )
    else:
        kernel, stride, padding = (
            call.argument(at, name, default)
            for at, name, default in zip(range(first, 9), names, (None, None, 0), strict=False)
        )
        dilation, ceil = call.argument(4, "dilation", 1), call.argument(5, "ceil_mode", False)
    stride = kernel if stride in (None, [], ()) else stride
    return {
        "kernel_shape": _pair(kernel),
        "strides": _pair(stride),
        "pads": _pair(padding) * 2,
        "dilations": _pair(dilation) if first == 1 else None,
        "ceil_mode": int(bool(ceil)) if first == 1 else 0,
    }


def _pair(value: Any) -> list[int]:
    both = list(value) if isinstance(value, tuple | list) else [value, value]
    return [int(number) for number in both]


def several(
    call: LoweringCall, operator: str, inputs: list[str], results: int, **attributes: Any
) -> None:
    """One node with several results, each at its place."""
    outputs = [f"{call.output}_{at}" for at in range(results)]
    call.writer.node(operator, inputs, outputs, call.name, **attributes)
    for at, output in enumerate(outputs):
        call.put((at,), output)


def var_mean(call: LoweringCall) -> None:
    """Variance and mean along axes."""
    spread, mean = variance_and_mean(call)
    call.put((0,), spread)
    if not call.argument(3, "keepdim", False):
        mean = call.before("Squeeze", mean, f"{call.name}_axes", part="mean_alone")
    call.put((1,), mean)


def taken(call: LoweringCall) -> bool:
    """Whether a getitem takes one result of such an operator; then it is written."""
    name, path = place_of(call.node)
    if (found := call.results.get((name, path))) is not None:
        call.write("Identity", found)
    return found is not None or any(
        known == name and place[: len(path)] == path for known, place in call.results
    )


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((torch.topk, "topk"), top),
    **dict.fromkeys((torch.sort, "sort"), sort),
    **dict.fromkeys((torch.argsort, "argsort"), argsort),
    **dict.fromkeys((torch.var_mean,), var_mean),
    **dict.fromkeys((nn.MaxUnpool2d, F.max_unpool2d), max_unpool),
    **dict.fromkeys((nn.MaxPool2d, F.max_pool2d_with_indices), max_pool_with_places),
}
