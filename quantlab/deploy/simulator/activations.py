"""Operators between activations on integers: sums, products, joins, means and curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.simulator.operand import Operand
from quantlab.deploy.simulator.steps import Kernel
from quantlab.deploy.simulator.unsigned import moved_down, moved_qparams, moved_up
from quantlab.deploy.simulator.windows import window_settings
from quantlab.numerics import QParams
from quantlab.numerics.ops import (
    add,
    average_pool,
    concat,
    global_average_pool,
    leaky_relu,
    mul,
    sigmoid,
    softmax,
)

Builder = Callable[[Node, Sequence[Operand], QParams], Kernel]


def unsigned(build: Builder) -> Builder:
    """The same operator for INT8 too, by way of UINT8, as ONNX Runtime computes it on x86.

    The real numbers are the same, but a kernel that adds the zero_point before it rounds may round
    the other way.
    """

    def builder(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
        if y.dtype != "int8":
            return build(node, operands, y)
        moved = [replace(o, optional_qparams=moved_qparams(o.qparams)) for o in operands]
        kernel = build(node, moved, moved_qparams(y))
        return lambda *arrays: moved_down(kernel(*map(moved_up, arrays)))

    return builder


@unsigned
def add_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearAdd."""
    a, b = operands[0].qparams, operands[1].qparams
    return lambda left, right: add(left, a, right, b, y)


@unsigned
def mul_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearMul."""
    a, b = operands[0].qparams, operands[1].qparams
    return lambda left, right: mul(left, a, right, b, y)


@unsigned
def concat_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearConcat."""
    each, axis = [o.qparams for o in operands], int(node.attributes["axis"])
    return lambda *tensors: concat(tensors, each, y, axis=axis)


@unsigned
def global_average_pool_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearGlobalAveragePool."""
    x = operands[0].qparams
    return lambda q: global_average_pool(q, x, y)


@unsigned
def average_pool_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearAveragePool."""
    x, settings = operands[0].qparams, window_settings(node, "kernel_shape")
    if set(settings.pop("dilations", ())) - {1}:
        raise ValueError(
            f"{node} has dilations, which ONNX Runtime's integer kernel does not know: "
            f"pool without them."
        )
    for flag in ("ceil_mode", "count_include_pad"):
        settings[flag] = bool(node.attributes.get(flag, 0))
    return lambda q: average_pool(q, x, y, **settings)


@unsigned
def sigmoid_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearSigmoid."""
    x = operands[0].qparams
    return lambda q: sigmoid(q, x, y)


@unsigned
def leaky_relu_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearLeakyRelu."""
    x, alpha = operands[0].qparams, float(node.attributes.get("alpha", 0.01))
    return lambda q: leaky_relu(q, x, y, alpha=alpha)


@unsigned
def softmax_kernel(node: Node, operands: Sequence[Operand], y: QParams) -> Kernel:
    """QLinearSoftmax."""
    x, axis = operands[0].qparams, int(node.attributes.get("axis", -1))
    return lambda q: softmax(q, x, y, axis=axis)
