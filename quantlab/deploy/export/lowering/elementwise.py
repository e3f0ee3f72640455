"""Functions of one number, and of two tensors number by number."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.deploy.export.lowering.element_types import of_type
from quantlab.methods.graph.calls import DTYPE

# ONNX operators without attributes, and every name torch has for them.
UNARY: dict[str, tuple[Any, ...]] = {
    "Abs": (abs, torch.abs, "abs"),
    "Acos": (torch.acos, "acos"),
    "Asin": (torch.asin, "asin"),
    "Asinh": (torch.asinh, "asinh"),
    "Atan": (torch.atan, torch.arctan, "atan"),
    "Atanh": (torch.atanh, "atanh"),
    "Ceil": (torch.ceil, "ceil"),
    "Cos": (torch.cos, "cos"),
    "Cosh": (torch.cosh, "cosh"),
    "Erf": (torch.erf, torch.special.erf, "erf"),
    "Exp": (torch.exp, "exp"),
    "Floor": (torch.floor, "floor"),
    "Log": (torch.log, "log"),
    "Mish": (nn.Mish, F.mish),
    "Neg": (operator.neg, torch.neg, "neg"),
    "Reciprocal": (torch.reciprocal, "reciprocal"),
    "Round": (torch.round, "round"),
    "Selu": (nn.SELU, F.selu, torch.selu),
    "Sign": (torch.sign, "sign"),
    "Sin": (torch.sin, "sin"),
    "Sinh": (torch.sinh, "sinh"),
    "Softsign": (nn.Softsign, F.softsign),
    "Sqrt": (torch.sqrt, "sqrt"),
    "Tan": (torch.tan, "tan"),
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
        dtype = call.node.meta[DTYPE]
        parts = zip(("a", "b"), (a, b), strict=True)
        call.write(onnx_operator, *(of_type(call, v, dtype, part) for part, v in parts))

    return lowering


def einsum(call: LoweringCall) -> None:
    """Of any number of tensors, given one by one or as a list."""
    given = call.argument(1, "operands")
    several = isinstance(given, tuple | list)
    operands = given if several else [call.argument(at, "") for at in range(1, len(call.node.args))]
    call.write("Einsum", *map(call.tensor, operands), equation=call.argument(0, "equation"))


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


def square(call: LoweringCall) -> None:
    call.write("Mul", call.x, call.x)


def rsqrt(call: LoweringCall) -> None:
    call.write("Reciprocal", call.before("Sqrt", call.x, part="root"))


def gated(call: LoweringCall) -> None:
    """One half of an axis by the sigmoid of the other."""
    axis = int(_setting(call, "dim", 1, -1)) % len(call.shape)
    half = call.shape[axis] // 2
    first, second = (
        call.before(
            "Slice",
            call.x,
            *(call.whole(f"{part}_{name}", n) for name, n in ends),
            part=part,
        )
        for part, ends in (
            ("first", (("start", 0), ("end", half), ("axis", axis))),
            ("second", (("start", half), ("end", 2 * half), ("axis", axis))),
        )
    )
    call.write("Mul", first, call.before("Sigmoid", second, part="gate"))


def log_sigmoid(call: LoweringCall) -> None:
    """-log(1 + exp(-x)), which no large number overflows."""
    turned = call.before("Neg", call.x, part="turned")
    call.write("Neg", call.before("Softplus", turned, part="soft"))


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
    **dict.fromkeys((nn.Softplus, F.softplus), softplus),
    torch.einsum: einsum,
    **dict.fromkeys((torch.square, "square"), square),
    **dict.fromkeys((torch.rsqrt, "rsqrt"), rsqrt),
    **dict.fromkeys((nn.GLU, F.glu), gated),
    **dict.fromkeys((nn.LogSigmoid, F.logsigmoid), log_sigmoid),
    nn.Softmax2d: softmax_over_channels,
    **dict.fromkeys((nn.LogSoftmax, F.log_softmax, torch.log_softmax, "log_softmax"), log_softmax),
}
