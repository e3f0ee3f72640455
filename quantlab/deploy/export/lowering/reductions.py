"""Means and sums over axes, and the normalizations made of them."""

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall


def _reduction(onnx_operator: str) -> Callable[[LoweringCall], None]:
    def lowering(call: LoweringCall) -> None:
        dim = call.argument(1, "dim")
        kept = int(call.argument(2, "keepdim", False))
        axes = () if dim is None else (call.whole("axes", dim),)
        call.write(onnx_operator, call.x, *axes, keepdims=kept)

    return lowering


def norm(call: LoweringCall) -> None:
    """The sum of sizes, the root of the sum of squares, or the largest size."""
    order, dim = call.argument(1, "p", call.node.kwargs.get("ord", 2)), call.argument(2, "dim")
    order = 2 if order in (None, "fro") else order
    if order not in NORMS or dim is None:
        raise ValueError(
            f"layer {call.name!r} is a norm of order {order!r} over the axes {dim}, but the export "
            f"knows those of order 1, 2 and inf over given axes: write it with torch operators."
        )
    kept = int(call.argument(3, "keepdim", False))
    x = call.before("Abs", call.x, part="sizes") if order == inf else call.x
    call.write(NORMS[order], x, call.whole("axes", dim), keepdims=kept)


NORMS: dict[Any, str] = {1: "ReduceL1", 2: "ReduceL2", inf: "ReduceMax"}


def adaptive_max_pool(call: LoweringCall) -> None:
    """Windows of different sizes, one axis after the other; short ones read their end again."""
    shape = call.node.meta["shape"][2:]
    if len(shape) != 2:
        raise ValueError(
            f"layer {call.name!r} is an adaptive max pool of {len(shape)} axes, but the export "
            f"knows those of two: use one, with an axis of 1."
        )
    x = call.x
    for axis, (length, windows) in enumerate(zip(call.shape[2:], shape, strict=True), start=2):
        ends = [(at * length // windows, -(-(at + 1) * length // windows)) for at in range(windows)]
        longest = max(end - start for start, end in ends)
        inside = [[min(start + k, end - 1) for k in range(longest)] for start, end in ends]
        places = call.constant(f"places_{axis}", np.array(inside, np.int64))
        apart = call.before("Gather", x, places, part=f"windows_{axis}", axis=axis)
        over = call.whole(f"axis_{axis}", axis + 1)
        if axis == 2:
            x = call.before("ReduceMax", apart, over, part="rows", keepdims=0)
        else:
            call.write("ReduceMax", apart, over, keepdims=0)


def adaptive_average_pool(call: LoweringCall) -> None:
    """Windows of different sizes: each axis by a product with a matrix of window means."""
    rows, columns = zip(call.shape[2:], call.node.meta["shape"][2:], strict=True)
    down = call.constant("rows", _window_means(*rows))
    across = call.constant("columns", _window_means(*columns).T)
    call.write("MatMul", call.before("MatMul", down, call.x, part="by_rows"), across)


def _window_means(length: int, windows: int) -> np.ndarray:
    """float32 (windows, length): window k reaches from floor(k n / w) to ceil((k + 1) n / w)."""
    means = np.zeros((windows, length), np.float32)
    for at in range(windows):
        start, end = at * length // windows, -(-(at + 1) * length // windows)
        means[at, start:end] = 1 / (end - start)
    return means


def local_response_norm(call: LoweringCall) -> None:
    """Divided by a power of the mean square of neighbouring channels, with k added to it."""
    if call.node.op == "call_module":
        size, alpha, beta, k = (getattr(call.module, name) for name, _ in LOCAL_RESPONSE)
    else:
        size, alpha, beta, k = (
            call.argument(position, name, default)
            for position, (name, default) in enumerate(LOCAL_RESPONSE, start=1)
        )
    # A convolution sums up the squares. ONNX's LRN, or an average pool over the channels, takes
    # several times as long in the runtime.
    distance = np.arange(call.shape[1]) - np.arange(call.shape[1])[:, None]
    near = (distance >= -(size // 2)) & (distance <= (size - 1) // 2)
    window = np.float32(near * (alpha / size)).reshape(*near.shape, *(1,) * (len(call.shape) - 2))
    shift = call.constant("k", np.full(call.shape[1], k, np.float32))
    square = call.before("Mul", call.x, call.x, part="square")
    near_squares = call.before("Conv", square, call.constant("window", window), shift, part="near")
    call.write(
        "Div", call.x, call.before("Pow", near_squares, call.tensor(beta, "beta"), part="root")
    )


LOCAL_RESPONSE = (("size", None), ("alpha", 1e-4), ("beta", 0.75), ("k", 1.0))


def layer_norm(call: LoweringCall) -> None:
    """Over the last axes, as many as the normalized shape has."""
    if call.node.op == "call_module":
        module = call.module
        shape, weight, bias = module.normalized_shape, module.weight, module.bias
        epsilon = module.eps
    else:
        shape, epsilon = call.argument(1, "normalized_shape"), call.argument(4, "eps", 1e-5)
        weight, bias = call.argument(2, "weight"), call.argument(3, "bias")
    scale = call.tensor(np.ones(shape) if weight is None else weight, "weight")
    shift = () if bias is None else (call.tensor(bias, "bias"),)
    call.write("LayerNormalization", call.x, scale, *shift, axis=-len(shape), epsilon=epsilon)


def rms_norm(call: LoweringCall) -> None:
    """x over the root of its mean square, over the last axes."""
    if call.node.op == "call_module":
        shape, weight, given = call.module.normalized_shape, call.module.weight, call.module.eps
    else:
        shape, weight = call.argument(1, "normalized_shape"), call.argument(2, "weight")
        given = call.argument(3, "eps")
    epsilon = float(np.finfo(np.float32).eps if given is None else given)
    axes = call.whole("axes", range(-len(shape), 0))
    square = call.before("Mul", call.x, call.x, part="square")
    mean = call.before("ReduceMean", square, axes, part="mean", keepdims=1)
    shifted = call.before("Add", mean, call.tensor(epsilon, "epsilon"), part="shifted")
    root = call.before("Sqrt", shifted, part="root")
    if weight is None:
        call.write("Div", call.x, root)
    else:
        even = call.before("Div", call.x, root, part="even")
        call.write("Mul", even, call.tensor(weight, "weight"))


def variance(call: LoweringCall) -> None:
    call.write("Identity", variance_and_mean(call)[0])


def deviation(call: LoweringCall) -> None:
    call.write("Sqrt", variance_and_mean(call)[0])


def variance_and_mean(call: LoweringCall) -> tuple[str, str]:
    """The mean square distance from the mean, with one less in the denominator where torch has.

    The mean keeps its axes; the variance does where the call says so.
    """
    dim = call.argument(1, "dim")
    less = call.argument(2, "unbiased", call.argument(9, "correction", 1))
    kept = bool(call.argument(3, "keepdim", False))
    whole = [dim] if isinstance(dim, int) else list(dim or ())
    if not whole:
        raise ValueError(
            f"layer {call.name!r} is a variance over the whole batch, but a batch may have any "
            f"size: give it the axes."
        )
    count = int(np.prod([call.shape[axis] for axis in whole]))
    axes = call.whole("axes", whole)
    mean = call.before("ReduceMean", call.x, axes, part="mean", keepdims=1)
    apart = call.before("Sub", call.x, mean, part="apart")
    square = call.before("Mul", apart, apart, part="square")
    spread = call.before("ReduceMean", square, axes, part="spread", keepdims=int(kept))
    factor = count / (count - int(1 if less is None else less))
    return call.before("Mul", spread, call.tensor(factor, "factor"), part="variance"), mean


def group_norm(call: LoweringCall) -> None:
    """Each group of channels is one channel of an InstanceNormalization.

    ONNX's GroupNormalization is no kernel of the runtime, which takes it apart into more nodes.
    """
    module = call.module
    groups, epsilon = module.num_groups, module.eps
    ones, zeros = (
        call.constant(part, np.full(groups, number, np.float32))
        for part, number in (("ones", 1), ("zeros", 0))
    )
    as_groups = call.before("Reshape", call.x, call.whole("groups", (0, groups, -1)), part="split")
    even = call.before(
        "InstanceNormalization", as_groups, ones, zeros, part="even", epsilon=epsilon
    )
    shape = call.before("Shape", call.x, part="shape")
    if not module.affine:
        call.write("Reshape", even, shape)
        return
    together = call.before("Reshape", even, shape, part="together")
    aligned = (-1, *(1,) * (len(call.shape) - 2))
    weight, bias = (
        call.constant(name, call.array(value).reshape(aligned))
        for name, value in (("weight", module.weight), ("bias", module.bias))
    )
    call.write("Add", call.before("Mul", together, weight, part="scaled"), bias)


def instance_norm(call: LoweringCall) -> None:
    """Each channel of each image by its own mean and variance."""
    if call.module.track_running_stats:
        raise ValueError(
            f"layer {call.name!r} is an InstanceNorm with running statistics, which ONNX does not "
            f"have: use BatchNorm, or track_running_stats=False."
        )
    scale, shift = _affine(call, call.shape[1])
    call.write("InstanceNormalization", call.x, scale, shift, epsilon=call.module.eps)


def _affine(call: LoweringCall, channels: int) -> tuple[str, str]:
    """weight and bias of a normalization; 1 and 0 where it has none."""
    weight, bias = call.module.weight, call.module.bias
    return (
        call.tensor(np.ones(channels) if weight is None else weight, "weight"),
        call.tensor(np.zeros(channels) if bias is None else bias, "bias"),
    )


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((torch.mean, "mean"), _reduction("ReduceMean")),
    **dict.fromkeys((torch.sum, "sum"), _reduction("ReduceSum")),
    **dict.fromkeys((torch.amax, "amax"), _reduction("ReduceMax")),
    **dict.fromkeys((torch.amin, "amin"), _reduction("ReduceMin")),
    **dict.fromkeys((torch.prod, "prod"), _reduction("ReduceProd")),
    **dict.fromkeys((torch.logsumexp, "logsumexp"), _reduction("ReduceLogSumExp")),
    **dict.fromkeys((torch.var, "var"), variance),
    **dict.fromkeys((torch.std, "std"), deviation),
    **dict.fromkeys((nn.LayerNorm, F.layer_norm), layer_norm),
    **dict.fromkeys((nn.RMSNorm, F.rms_norm), rms_norm),
    **dict.fromkeys((torch.norm, "norm", torch.linalg.vector_norm, torch.linalg.norm), norm),
    **dict.fromkeys((nn.AdaptiveMaxPool2d, F.adaptive_max_pool2d), adaptive_max_pool),
    **dict.fromkeys((nn.AdaptiveAvgPool2d, F.adaptive_avg_pool2d), adaptive_average_pool),
    **dict.fromkeys((nn.LocalResponseNorm, F.local_response_norm), local_response_norm),
    nn.GroupNorm: group_norm,
    **dict.fromkeys((nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d), instance_norm),
}
