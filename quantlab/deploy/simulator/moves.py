"""Operators that hand integers on as they are: they move them, repeat them or choose among them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from quantlab.deploy.onnx_graph.graph import Graph, Node
from quantlab.deploy.simulator.steps import Kernel
from quantlab.deploy.simulator.windows import window_settings
from quantlab.numerics.ops import max_pool, resize

NEAREST_SETTINGS = ("coordinate_transformation_mode", "nearest_mode")
WITHOUT_EFFECT_ON_NEAREST = {"mode", "cubic_coeff_a", "exclude_outside", "extrapolation_value"}


def max_pool_kernel(graph: Graph, node: Node) -> Kernel | None:
    """The largest integer of a window stands for the largest number: scales are above 0."""
    if len(node.outputs) > 1:
        return None
    settings = window_settings(node, "kernel_shape")
    settings["ceil_mode"] = bool(node.attributes.get("ceil_mode", 0))
    return lambda q: max_pool(q, **settings)


def resize_kernel(graph: Graph, node: Node) -> Kernel | None:
    """Nearest neighbours only: other modes mix numbers, which is done in float32."""
    chosen = {k: v for k, v in node.attributes.items() if k in NEAREST_SETTINGS}
    nearest = node.attributes.get("mode", "nearest") == "nearest"
    if not nearest or set(node.attributes) - set(chosen) - WITHOUT_EFFECT_ON_NEAREST:
        return None
    given = {name: graph.constants.get(node.input(i)) for i, name in ((2, "scales"), (3, "sizes"))}
    target = {k: v.tolist() for k, v in given.items() if v is not None and v.size}
    return (lambda q: resize(q, **target, **chosen)) if target else None


def flatten_kernel(graph: Graph, node: Node) -> Kernel | None:
    """Two dimensions: those before `axis`, and the rest."""
    axis = int(node.attributes.get("axis", 1))
    return lambda q: q.reshape(int(np.prod(q.shape[:axis])), -1)


def reshape_kernel(graph: Graph, node: Node) -> Kernel | None:
    """A new shape; 0 keeps a dimension, unless `allowzero` says that it is meant."""
    target = graph.constants.get(node.input(1))
    if target is None or (node.attributes.get("allowzero", 0) and 0 in target):
        return None
    wanted = target.tolist()
    return lambda q: q.reshape([q.shape[i] if n == 0 else n for i, n in enumerate(wanted)])


def transpose_kernel(graph: Graph, node: Node) -> Kernel | None:
    """Dimensions in another order; reversed where none is given."""
    order = node.attributes.get("perm")
    return lambda q: q.transpose(order)


def squeeze_kernel(graph: Graph, node: Node) -> Kernel | None:
    """Without dimensions of 1."""
    axes = _axes(graph, node)
    return lambda q: q.squeeze(axes)


def unsqueeze_kernel(graph: Graph, node: Node) -> Kernel | None:
    """With further dimensions of 1."""
    axes = _axes(graph, node)
    return None if axes is None else lambda q: np.expand_dims(q, axes)


def slice_kernel(graph: Graph, node: Node) -> Kernel | None:
    """From start to end along some axes; since opset 10 all of it are inputs."""
    starts, ends, axes, steps = (graph.constants.get(node.input(at)) for at in (1, 2, 3, 4))
    computed = any(node.input(at) and node.input(at) not in graph.constants for at in (1, 2, 3, 4))
    if starts is None or ends is None or computed:
        return None
    along = np.arange(starts.size) if axes is None else axes
    strides = np.ones(starts.size, np.int64) if steps is None else steps

    def kernel(q: np.ndarray) -> np.ndarray:
        cut = [slice(None)] * q.ndim
        for axis, start, end, step in zip(along, starts, ends, strides, strict=True):
            cut[axis] = _cut(int(start), int(end), int(step), q.shape[axis])
        return q[tuple(cut)]

    return kernel


def _cut(start: int, end: int, step: int, length: int) -> slice:
    """ONNX counts from the end where below 0, then clips: going down, -1 is before the first."""
    start, end = (at + length if at < 0 else at for at in (start, end))
    if step > 0:
        return slice(max(start, 0), max(end, 0), step)
    return slice(min(start, length - 1), end if end >= 0 else None, step)


def depth_to_space_kernel(graph: Graph, node: Node) -> Kernel | None:
    """Channels become squares of pixels; CRD is torch's order of channels, DCR TensorFlow's."""
    block, crd = int(node.attributes["blocksize"]), node.attributes.get("mode", "DCR") == "CRD"

    def kernel(q: np.ndarray) -> np.ndarray:
        images, channels, height, width = q.shape
        each = channels // block**2
        apart = (each, block, block) if crd else (block, block, each)
        order = (0, 1, 4, 2, 5, 3) if crd else (0, 3, 4, 1, 5, 2)
        moved = q.reshape(images, *apart, height, width).transpose(order)
        return moved.reshape(images, each, height * block, width * block)

    return kernel


def identity_kernel(graph: Graph, node: Node) -> Kernel | None:
    """Nothing happens."""
    return lambda q: q


def _axes(graph: Graph, node: Node) -> tuple[int, ...] | None:
    """An input since opset 13, an attribute before."""
    axes = graph.constants.get(node.input(1), node.attributes.get("axes"))
    return None if axes is None else tuple(int(axis) for axis in axes)


#: (graph, node) to what it does with an array, or to None where this node only works on floats.
MOVES: dict[str, Callable[[Graph, Node], Kernel | None]] = {
    "MaxPool": max_pool_kernel,
    "Reshape": reshape_kernel,
    "Transpose": transpose_kernel,
    "Squeeze": squeeze_kernel,
    "Unsqueeze": unsqueeze_kernel,
    "Identity": identity_kernel,
    "Flatten": flatten_kernel,
    "Resize": resize_kernel,
    "Slice": slice_kernel,
    "DepthToSpace": depth_to_space_kernel,
}
