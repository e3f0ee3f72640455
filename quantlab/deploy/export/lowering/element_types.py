"""Numbers of other types than float32 inside a graph: masks, places, and what compares them."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from onnx import TensorProto
from torch import fx

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.methods.graph.calls import DTYPE

TYPES = {
    torch.float32: TensorProto.FLOAT,
    torch.float64: TensorProto.DOUBLE,
    torch.int64: TensorProto.INT64,
    torch.int32: TensorProto.INT32,
    torch.bool: TensorProto.BOOL,
}
# ONNX operators that give truths, and every name torch has for them.
COMPARISONS: dict[str, tuple[Any, ...]] = {
    "Equal": (operator.eq, torch.eq, "eq"),
    "Greater": (operator.gt, torch.gt, "gt"),
    "GreaterOrEqual": (operator.ge, torch.ge, "ge"),
    "Less": (operator.lt, torch.lt, "lt"),
    "LessOrEqual": (operator.le, torch.le, "le"),
}
TRUTHS: dict[str, tuple[Any, ...]] = {
    "And": (operator.and_, torch.logical_and, "logical_and", "__and__"),
    "Or": (operator.or_, torch.logical_or, "logical_or", "__or__"),
    "Xor": (operator.xor, torch.logical_xor, "logical_xor", "__xor__"),
}


def of_type(call: LoweringCall, value: Any, dtype: torch.dtype, part: str) -> str:
    """The ONNX tensor behind an argument, as numbers of a type.

    Raises
    ------
    ValueError
        There is no such type in ONNX here.
    """
    if dtype not in TYPES:
        name = str(dtype).removeprefix("torch.")
        raise ValueError(
            f"layer {call.name!r} computes with {name}, but the export knows "
            f"{', '.join(str(known).removeprefix('torch.') for known in TYPES)}: use one of these."
        )
    if not isinstance(value, fx.Node):
        return call.constant(part, torch.as_tensor(value, dtype=dtype).numpy())
    if value.meta[DTYPE] == dtype:
        return call.tensor(value)
    return call.before("Cast", call.tensor(value), part=f"{part}_cast", to=TYPES[dtype])


def common_type(a: Any, b: Any) -> torch.dtype:
    """In which type torch computes with two operands, numbers or tensors."""
    return torch.result_type(*(_like(value) for value in (a, b)))


def _like(value: Any) -> Any:
    """A number as it is; of a tensor its type, and whether it has axes, which is what counts."""
    if not isinstance(value, fx.Node):
        return value
    return torch.zeros([1] * min(1, len(value.meta["shape"])), dtype=value.meta[DTYPE])


def _comparison(onnx_operator: str) -> Callable[[LoweringCall], None]:
    def lowering(call: LoweringCall) -> None:
        call.write(onnx_operator, *_operands(call))

    return lowering


def _operands(call: LoweringCall) -> list[str]:
    a, b = call.argument(0, "input"), call.argument(1, "other")
    dtype = common_type(a, b)
    return [of_type(call, value, dtype, part) for part, value in (("a", a), ("b", b))]


def different(call: LoweringCall) -> None:
    call.write("Not", call.before("Equal", *_operands(call), part="equal"))


def _truths(onnx_operator: str) -> Callable[[LoweringCall], None]:
    def lowering(call: LoweringCall) -> None:
        pair = call.argument(0, "input"), call.argument(1, "other")
        parts = zip(("a", "b"), pair, strict=True)
        call.write(onnx_operator, *(of_type(call, v, torch.bool, part) for part, v in parts))

    return lowering


def invert(call: LoweringCall) -> None:
    call.write("Not", of_type(call, call.argument(0, "input"), torch.bool, "truth"))


def cast(call: LoweringCall) -> None:
    dtype = call.node.meta[DTYPE]
    read = of_type(call, call.argument(0, "input"), dtype, "as")
    call.write("Identity", read)


def where(call: LoweringCall) -> None:
    choice, a, b = (
        call.argument(0, "condition"),
        call.argument(1, "input"),
        call.argument(2, "other"),
    )
    _choose(call, choice, a, b)


def masked_fill(call: LoweringCall) -> None:
    x, mask, value = call.argument(0, "input"), call.argument(1, "mask"), call.argument(2, "value")
    _choose(call, mask, value, x)


def _choose(call: LoweringCall, choice: Any, a: Any, b: Any) -> None:
    dtype = call.node.meta[DTYPE]
    call.write(
        "Where",
        of_type(call, choice, torch.bool, "choice"),
        of_type(call, a, dtype, "a"),
        of_type(call, b, dtype, "b"),
    )


def _places(onnx_operator: str) -> Callable[[LoweringCall], None]:
    """Where the largest or smallest number along an axis is."""

    def lowering(call: LoweringCall) -> None:
        axis, kept = call.argument(1, "dim"), bool(call.argument(2, "keepdim", False))
        if axis is None:
            raise ValueError(
                f"layer {call.name!r} looks for a place in the whole batch, but a batch may have "
                f"any size: give it the axis to look along."
            )
        call.write(onnx_operator, call.x, axis=axis % len(call.shape), keepdims=int(kept))

    return lowering


def cumulative_sum(call: LoweringCall) -> None:
    x = of_type(call, call.argument(0, "input"), call.node.meta[DTYPE], "as")
    axis = call.argument(1, "dim") % len(call.shape)
    call.write("CumSum", x, call.whole("axis", axis))


def one_hot(call: LoweringCall) -> None:
    places = of_type(call, call.argument(0, "input"), torch.int64, "places")
    ends = call.constant("ends", np.array([0, 1]))
    call.write("OneHot", places, call.whole("classes", call.node.meta["shape"][-1]), ends)


#: Methods that give the same numbers in another type.
CASTS = ("to", "type", "type_as", "float", "double", "half", "long", "int", "bool")

LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = {
    **{key: _comparison(name) for name, keys in COMPARISONS.items() for key in keys},
    **{key: _truths(name) for name, keys in TRUTHS.items() for key in keys},
    **dict.fromkeys((operator.ne, torch.ne, "ne"), different),
    **dict.fromkeys((operator.invert, torch.logical_not, "logical_not", "bitwise_not"), invert),
    **dict.fromkeys(CASTS, cast),
    torch.where: where,
    **dict.fromkeys((torch.masked_fill, "masked_fill"), masked_fill),
    **dict.fromkeys((torch.argmax, "argmax"), _places("ArgMax")),
    **dict.fromkeys((torch.argmin, "argmin"), _places("ArgMin")),
    F.one_hot: one_hot,
    **dict.fromkeys((torch.cumsum, "cumsum"), cumulative_sum),
}
