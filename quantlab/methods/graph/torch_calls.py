"""What torch.export calls an operator, as the call of torch that a model writes.

torch.export keeps ATen's operators: `aten.hardtanh.default`, with arguments by ATen's names. Most
are a method of a tensor, or a function of the same name and order of arguments; the others are
here.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F

WHOLE = 2**63 - 1  # where ATen ends a slice that has no end


@dataclass(frozen=True)
class Call:
    """What torch.fx needs to make a node.

    Parameters
    ----------
    op : str
        "call_method" or "call_function".
    target : str or function
    args, kwargs : tuple and dict
    """

    op: str
    target: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)


def torch_call(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """A call of torch for an operator of ATen; of anything else, the call as it is.

    An operator that changes its first argument becomes the one that does not.
    """
    if not isinstance(target, torch._ops.OpOverload):
        return Call("call_function", target, args, kwargs)
    name = target._opname if target._opname.startswith("__") else target._opname.removesuffix("_")
    if name in SPECIAL:
        arguments = target._schema.arguments
        given = {a.name: a.default_value for a in arguments if a.has_default_value()}
        given |= dict(zip((a.name for a in arguments), args, strict=False)) | kwargs
        return SPECIAL[name](given)
    of_a_number = bool(args) and isinstance(args[0], int | float) and hasattr(torch, name)
    is_method = hasattr(torch.Tensor, name) and name not in FUNCTIONS and not of_a_number
    if name in METHODS or is_method:
        return Call("call_method", METHODS.get(name, name), args, kwargs)
    for home in (F, torch):
        if name in FUNCTIONS or hasattr(home, name):
            function = FUNCTIONS[name] if name in FUNCTIONS else getattr(home, name)
            return Call("call_function", function, args, kwargs)
    prefix, _, short = name.partition("_")
    if prefix in HOMES and hasattr(HOMES[prefix], short):
        return Call("call_function", getattr(HOMES[prefix], short), args, kwargs)
    return Call("call_function", target, args, kwargs)


#: Where torch keeps the functions whose names begin so in ATen.
HOMES = {"linalg": torch.linalg, "special": torch.special, "fft": torch.fft}
# ATen's name -> the tensor's method, where that is another one.
METHODS = {
    "_unsafe_view": "reshape",
    "alias": "contiguous",
    "lift_fresh_copy": "contiguous",
    "sym_size": "size",
    "split_with_sizes": "split",
    "unsafe_split": "split",
    "unsafe_chunk": "chunk",
    "_softmax": "softmax",
}
# ATen's name -> the function, where a method or another function of this name would be wrong.
FUNCTIONS = {
    "where": torch.where,
    "batch_norm": torch.batch_norm,
    "group_norm": torch.group_norm,
    "max_pool2d": torch.max_pool2d,
    "log_sigmoid": F.logsigmoid,
    "adaptive_max_pool2d": F.adaptive_max_pool2d_with_indices,
}


def _function(function: Any, *names: str) -> Callable[[Mapping[str, Any]], Call]:
    """A function of some of ATen's arguments, in this order."""
    return lambda given: Call("call_function", function, tuple(given[name] for name in names))


def _resize(mode: str, *, antialias: bool = False) -> Callable[[Mapping[str, Any]], Call]:
    """ATen has one operator a mode; its factors are one argument, or one an axis behind sizes."""

    def call(given: Mapping[str, Any]) -> Call:
        settings: dict[str, Any] = {"mode": mode}
        if given.get("scale_factors") is not None:
            settings["scale_factor"] = tuple(given["scale_factors"])
        else:
            settings["size"] = given["output_size"]
        if given.get("align_corners") is not None:
            settings["align_corners"] = given["align_corners"]
        if antialias:
            settings["antialias"] = True
        x = given["input"] if "input" in given else given["self"]
        return Call("call_function", F.interpolate, (x,), settings)

    return call


def _slice(given: Mapping[str, Any]) -> Call:
    start, end, step = given["start"], given["end"], given["step"]
    end = None if end == WHOLE else end
    if not start and end is None and step == 1:
        return Call("call_method", "contiguous", (given["self"],))
    return _indexed(given["self"], given["dim"], slice(start, end, None if step == 1 else step))


def _indexed(x: Any, axis: int, part: Any) -> Call:
    every = slice(None)
    index = (*(every,) * axis, part) if axis >= 0 else (..., part, *(every,) * (-1 - axis))
    return Call("call_function", operator.getitem, (x, index))


def _by_places(given: Mapping[str, Any]) -> Call:
    """Indexed by tensors, None along an axis that is taken whole."""
    index = tuple(slice(None) if part is None else part for part in given["indices"])
    return Call("call_function", operator.getitem, (given["self"], index))


def _dropout(given: Mapping[str, Any]) -> Call:
    settings = {"training": given["train"]}
    x = given["input"] if "input" in given else given["self"]  # in place it is called so
    return Call("call_function", F.dropout, (x, given["p"]), settings)


def _pad(mode: str) -> Callable[[Mapping[str, Any]], Call]:
    def call(given: Mapping[str, Any]) -> Call:
        ends = given["pad"] if "pad" in given else given["padding"]
        value = (given["value"],) if mode == "constant" else ()
        return Call("call_function", F.pad, (given["self"], ends, mode, *value))

    return call


def _instance_norm(given: Mapping[str, Any]) -> Call:
    settings = {name: given[name] for name in given if name not in ("input", "cudnn_enabled")}
    return Call("call_function", F.instance_norm, (given["input"],), settings)


def _to(given: Mapping[str, Any]) -> Call:
    """Of its many arguments only the type of the numbers is one of a graph's."""
    if "other" in given:
        return Call("call_method", "type_as", (given["self"], given["other"]))
    if given.get("dtype") is None:
        return Call("call_method", "contiguous", (given["self"],))
    return Call("call_method", "to", (given["self"], given["dtype"]))


SPECIAL: dict[str, Callable[[Mapping[str, Any]], Call]] = {
    "layer_norm": _function(F.layer_norm, "input", "normalized_shape", "weight", "bias", "eps"),
    "instance_norm": _instance_norm,
    "rsub": lambda given: (
        Call("call_function", operator.sub, (given["other"], given["self"]))
        if given["alpha"] == 1
        else Call("call_function", torch.rsub, (given["self"], given["other"], given["alpha"]))
    ),
    **dict.fromkeys(("to", "_to_copy"), _to),
    "slice": _slice,
    "index": _by_places,
    "select": lambda given: _indexed(given["self"], given["dim"], given["index"]),
    **dict.fromkeys(
        ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), _dropout
    ),
    "pad": lambda given: _pad(given["mode"])(given),
    "constant_pad_nd": _pad("constant"),
    **{f"reflection_pad{n}d": _pad("reflect") for n in (1, 2, 3)},
    **{f"replication_pad{n}d": _pad("replicate") for n in (1, 2, 3)},
    **{f"upsample_nearest{n}d": _resize("nearest") for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": _resize("nearest-exact") for n in (1, 2, 3)},
    "upsample_linear1d": _resize("linear"),
    "upsample_bilinear2d": _resize("bilinear"),
    "upsample_trilinear3d": _resize("trilinear"),
    "upsample_bicubic2d": _resize("bicubic"),
    "_upsample_bilinear2d_aa": _resize("bilinear", antialias=True),
    "_upsample_bicubic2d_aa": _resize("bicubic", antialias=True),
}
