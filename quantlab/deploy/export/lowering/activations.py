"""Activations and functions of one number that ONNX has under another form, or as several."""

import operator
from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.deploy.export.lowering.element_types import of_type
from quantlab.methods.graph.calls import DTYPE


def setting(call: LoweringCall, name: str, position: int, default: Any = None) -> Any:
    """A setting: an attribute of a module, an argument of a function or method."""
    if call.node.op == "call_module":
        return getattr(call.module, name)
    return call.argument(position, name, default)


def celu(call: LoweringCall) -> None:
    call.write("Celu", call.x, alpha=float(setting(call, "alpha", 1, 1.0)))


def hard_shrink(call: LoweringCall) -> None:
    """0 near 0."""
    call.write("Shrink", call.x, lambd=float(setting(call, "lambd", 1, 0.5)), bias=0.0)


def soft_shrink(call: LoweringCall) -> None:
    """0 near 0, and all else nearer to it by as much."""
    near = float(setting(call, "lambd", 1, 0.5))
    call.write("Shrink", call.x, lambd=near, bias=near)


def tanh_shrink(call: LoweringCall) -> None:
    call.write("Sub", call.x, call.before("Tanh", call.x, part="tanh"))


def threshold(call: LoweringCall) -> None:
    """x above the threshold, a number elsewhere."""
    end = call.tensor(float(setting(call, "threshold", 1)), "end")
    other = call.tensor(float(setting(call, "value", 2)), "value")
    call.write("Where", call.before("Greater", call.x, end, part="above"), call.x, other)


def random_leaky_relu(call: LoweringCall) -> None:
    """In use, not in training: the mean of the slopes."""
    ends = setting(call, "lower", 1, 1 / 8), setting(call, "upper", 2, 1 / 3)
    call.write("LeakyRelu", call.x, alpha=float(sum(ends) / 2))


def softmin(call: LoweringCall) -> None:
    axis = setting(call, "dim", 1)
    if axis is None:
        raise ValueError(f"layer {call.name!r} is a softmin without an axis: give it one.")
    call.write("Softmax", call.before("Neg", call.x, part="turned"), axis=int(axis))


def _of_sum(operator: str, added: float) -> Callable[[LoweringCall], None]:
    """A function of x and a number added to it."""
    return lambda call: call.write(
        operator, call.before("Add", call.x, call.tensor(added, "added"), part="sum")
    )


def _scaled(operator: str, factor: float) -> Callable[[LoweringCall], None]:
    """A function of x, times a number: a logarithm to another base."""
    return lambda call: call.write(
        "Mul", call.before(operator, call.x, part="natural"), call.tensor(factor, "factor")
    )


def minus_one(call: LoweringCall) -> None:
    call.write("Sub", call.before("Exp", call.x, part="power"), call.tensor(1.0, "one"))


def power_of_two(call: LoweringCall) -> None:
    call.write("Pow", call.tensor(2.0, "base"), call.x)


def truncated(call: LoweringCall) -> None:
    """Towards 0."""
    size = call.before("Floor", call.before("Abs", call.x, part="size"), part="whole")
    call.write("Mul", size, call.before("Sign", call.x, part="sign"))


def floor_divide(call: LoweringCall) -> None:
    x, other = _operands(call)
    if call.node.meta[DTYPE].is_floating_point:
        call.write("Floor", call.before("Div", x, other, part="quotient"))
    else:  # ONNX rounds a quotient of whole numbers towards 0
        rest = call.before("Mod", x, other, part="rest")
        call.write("Div", call.before("Sub", x, rest, part="multiple"), other)


def remainder(call: LoweringCall) -> None:
    """With the sign of the divisor."""
    x, other = _operands(call)
    if not call.node.meta[DTYPE].is_floating_point:
        call.write("Mod", x, other)
        return
    whole = call.before("Floor", call.before("Div", x, other, part="quotient"), part="whole")
    call.write("Sub", x, call.before("Mul", whole, other, part="multiple"))


def c_remainder(call: LoweringCall) -> None:
    """With the sign of what is divided."""
    call.write("Mod", *_operands(call), fmod=1)


def _operands(call: LoweringCall) -> list[str]:
    """What is divided and by what, both of the result's type."""
    pair = (("dividend", call.argument(0, "input")), ("divisor", call.argument(1, "other")))
    return [of_type(call, value, call.node.meta[DTYPE], part) for part, value in pair]


def lerp(call: LoweringCall) -> None:
    end, weight = (call.argument(at, name) for at, name in ((1, "end"), (2, "weight")))
    apart = call.before("Sub", call.tensor(end, "end"), call.x, part="apart")
    part = call.before("Mul", apart, call.tensor(weight, "weight"), part="part")
    call.write("Add", call.x, part)


def logit(call: LoweringCall) -> None:
    """log(x / (1 - x)), of x cut off near 0 and 1."""
    x, near = call.x, call.argument(1, "eps")
    if near is not None:
        ends = (call.tensor(near, "low"), call.tensor(1 - near, "high"))
        x = call.before("Clip", x, *ends, part="inside")
    rest = call.before("Sub", call.tensor(1.0, "one"), x, part="rest")
    call.write("Log", call.before("Div", x, rest, part="odds"))


def nan_to_num(call: LoweringCall) -> None:
    """NaN as 0 and the infinities as the largest numbers, or as what is given for them."""
    given = (call.argument(at, name) for at, name in enumerate(("nan", "posinf", "neginf"), 1))
    largest = float(np.finfo(np.float32).max)
    nan, high, low = (
        other if value is None else float(value)
        for value, other in zip(given, (0.0, largest, -largest), strict=True)
    )
    real = call.before(
        "Where", call.before("IsNaN", call.x, part="nan"), call.tensor(nan, "for_nan"), call.x,
        part="real",
    )  # fmt: skip
    for part, infinite, number, other in (("high", 1, high, 0), ("low", 0, low, 1)):
        found = call.before(
            "IsInf", real, part=f"is_{part}", detect_positive=infinite, detect_negative=other
        )
        real = call.before("Where", found, call.tensor(number, part), real, part=f"{part}_cut")
    call.write("Identity", real)


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **dict.fromkeys((nn.CELU, F.celu, torch.celu), celu),
    **dict.fromkeys((nn.Hardshrink, F.hardshrink), hard_shrink),
    **dict.fromkeys((nn.Softshrink, F.softshrink), soft_shrink),
    **dict.fromkeys((nn.Tanhshrink, F.tanhshrink), tanh_shrink),
    **dict.fromkeys((nn.Threshold, F.threshold, torch.threshold), threshold),
    **dict.fromkeys((nn.RReLU, F.rrelu, torch.rrelu), random_leaky_relu),
    **dict.fromkeys((nn.Softmin, F.softmin), softmin),
    **dict.fromkeys((torch.log1p, torch.special.log1p, "log1p"), _of_sum("Log", 1.0)),
    **dict.fromkeys((torch.log2, "log2"), _scaled("Log", 1 / log(2))),
    **dict.fromkeys((torch.log10, "log10"), _scaled("Log", 1 / log(10))),
    **dict.fromkeys((torch.expm1, torch.special.expm1, "expm1"), minus_one),
    **dict.fromkeys((torch.exp2, torch.special.exp2, "exp2"), power_of_two),
    **dict.fromkeys((torch.trunc, torch.fix, "trunc", "fix"), truncated),
    **dict.fromkeys((operator.floordiv, torch.floor_divide, "floor_divide"), floor_divide),
    **dict.fromkeys((operator.mod, torch.remainder, "remainder"), remainder),
    **dict.fromkeys((torch.fmod, "fmod"), c_remainder),
    **dict.fromkeys((torch.lerp, "lerp"), lerp),
    **dict.fromkeys((torch.logit, torch.special.logit, "logit"), logit),
    **dict.fromkeys((torch.nan_to_num, "nan_to_num"), nan_to_num),
}
