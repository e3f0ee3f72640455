"""Functions of one number, and of two tensors number by number."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall

# ONNX operators without attributes, and every name torch has for them.
UNARY: dict[str, tuple[Any, ...]] = {
    "Abs": (abs, torch.abs, "abs"),
    "Exp": (torch.exp, "exp"),
    "Log": (torch.log, "log"),
    "Mish": (nn.Mish, F.mish),
    "Neg": (operator.neg, torch.neg, "neg"),
    "Reciprocal": (torch.reciprocal, "reciprocal"),
    "Sqrt": (torch.sqrt, "sqrt"),
    "Tanh": (nn.Tanh, F.tanh, torch.tanh, "tanh"),
}
BINARY: dict[str, tuple[Any, ...]] = {
    "Add": (operator.add, torch.add, "add"),
    "Div": (operator.truediv, torch.div, torch.true_divide, "div"),
    "MatMul": (operator.matmul, torch.matmul, torch.bmm, "matmul", "bmm"),
    "Max": (torch.maximum, "maximum"),
    "Min": (torch.minimum, "minimum"),
    "Mul": (operator.mul, torch.mul, "mul"),
    "Pow": (operator.pow, torch.pow, "pow"),
    "Sub": (operator.sub, torch.sub, "sub"),
}


def _unary(onnx_operator: str) -> Callable[[LoweringCall], None]:
    return lambda call: call.write(onnx_operator, call.x)


def _binary(onnx_operator: str) -> Callable[[LoweringCall], None]:
    def lowering(call: LoweringCall) -> None:
        a, b = call.argument(0, "input"), call.argument(1, "other")
        factor, rounding = call.node.kwargs.get("alpha", 1), call.node.kwargs.get("rounding_mode")
        if factor != 1 or rounding is not None:
            raise ValueError(
                f"layer {call.name!r} uses alpha or rounding_mode, which ONNX {onnx_operator} does "
                f"not have: write the product or the rounding as an operator of its own."
            )
        call.write(onnx_operator, call.tensor(a, "a"), call.tensor(b, "b"))

    return lowering


def gelu(call: LoweringCall) -> None:
    approximate = _setting(call, "approximate", 1, "none")
    call.write("Gelu", call.x, approximate=approximate)


def elu(call: LoweringCall) -> None:
    call.write("Elu", call.x, alpha=float(_setting(call, "alpha", 1, 1.0)))


def prelu(call: LoweringCall) -> None:
    """One slope, or one for each channel: along axis 1, so the axes behind it are added."""
    slope = call.array(_setting(call, "weight", 1, None))
    aligned = slope.reshape(-1, *(1,) * (len(call.shape) - 2)) if slope.size > 1 else slope
    call.write("PRelu", call.x, call.constant("slope", aligned))


def silu(call: LoweringCall) -> None:
    """x * sigmoid(x): an operator of its own only since opset 24."""
    call.write("Mul", call.x, call.before("Sigmoid", call.x, part="sigmoid"))


def softplus(call: LoweringCall) -> None:
    """log(1 + exp(beta x)) / beta; torch returns x itself where beta x is above its threshold."""
    beta = float(_setting(call, "beta", 1, 1.0))
    scaled = call.before("Mul", call.x, call.constant("beta", np.float32(beta)), part="scaled")
    soft = call.before("Softplus", scaled, part="soft")
    call.write("Div", soft, f"{call.name}_beta")


def log_softmax(call: LoweringCall) -> None:
    call.write("LogSoftmax", call.x, axis=int(_setting(call, "dim", 1, None)))


def softmax_over_channels(call: LoweringCall) -> None:
    call.write("Softmax", call.x, axis=-3)


def _setting(call: LoweringCall, name: str, position: int, default: Any) -> Any:
    """A setting: an attribute of a module, an argument of a function or method."""
    if call.node.op == "call_module":
        return getattr(call.module, name)
    return call.argument(position, name, default)


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **{key: _unary(name) for name, keys in UNARY.items() for key in keys},
    **{key: _binary(name) for name, keys in BINARY.items() for key in keys},
    **dict.fromkeys((nn.GELU, F.gelu), gelu),
    **dict.fromkeys((nn.ELU, F.elu), elu),
    **dict.fromkeys((nn.PReLU, F.prelu, torch.prelu, "prelu"), prelu),
    **dict.fromkeys((nn.SiLU, F.silu), silu),
    **dict.fromkeys((nn.Softplus, F.softplus), softplus),
    nn.Softmax2d: softmax_over_channels,
    **dict.fromkeys((nn.LogSoftmax, F.log_softmax, torch.log_softmax, "log_softmax"), log_softmax),
}
