"""Layers that a model calls as functions, `F.conv2d(x, self.weight)`, as the modules they are."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from quantlab.methods.graph.calls import DTYPE

CONV = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
TRANSPOSED = (
    "input",
    "weight",
    "bias",
    "stride",
    "padding",
    "output_padding",
    "groups",
    "dilation",
)
NORM = ("input", "running_mean", "running_var", "weight", "bias")


@dataclass(frozen=True)
class _Functional:
    """The names of a function's arguments, and what makes the module; None where none does it."""

    arguments: tuple[str, ...]
    module: Callable[[Mapping[str, Any], tuple[int, ...]], nn.Module | None]


def module_instead_of_function(graph: fx.GraphModule, node: fx.Node) -> None:
    """One node: a layer of its own, named by where its weight is, if its weights are constants."""
    function = FUNCTIONS.get(node.target) if node.op == "call_function" else None
    if function is None:
        return
    given = {**dict(zip(function.arguments, node.args, strict=False)), **node.kwargs}
    x: Any = given.pop("input")
    if not isinstance(x, fx.Node) or _is_known(x):
        return
    if any(isinstance(v, fx.Node) and not _is_known(v) for v in given.values()):
        return  # weights that are computed from the input are no layer's own
    owner = next((_owner(v) for v in given.values() if _owner(v) is not None), None)
    values = {name: _known(graph, value) for name, value in given.items()}
    module = function.module(values, x.meta["shape"])
    if module is None:
        return
    name = f"{node.name}_layer"
    graph.add_submodule(name, module.eval().requires_grad_(False))
    with graph.graph.inserting_before(node):
        new = graph.graph.call_module(name, (x,))
    new.meta |= {"path": owner or node.name, "shape": node.meta["shape"], DTYPE: node.meta[DTYPE]}
    node.replace_all_uses_with(new)
    graph.graph.erase_node(node)
    new.name = node.name


def _is_known(node: fx.Node) -> bool:
    return node.op == "get_attr" or "value" in node.meta


def _known(graph: fx.GraphModule, value: Any) -> Any:
    if not isinstance(value, fx.Node):
        return value
    if "value" in value.meta:
        return value.meta["value"]
    owner, _, name = str(value.target).rpartition(".")
    return getattr(graph.get_submodule(owner), name)


def _owner(value: Any) -> str | None:
    """A layer of the caller's that calls the function itself is where its parameters are."""
    is_parameter = isinstance(value, fx.Node) and value.op == "get_attr"
    return str(value.target).rpartition(".")[0] if is_parameter else None


def _filled(layer: nn.Module, values: Mapping[str, Any]) -> nn.Module:
    """`layer` with the tensors among `values` that it has."""
    state = layer.state_dict()
    layer.load_state_dict({**state, **{k: v for k, v in values.items() if k in state}})
    return layer


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if k not in ("weight", "bias")}


def _conv(kind: Callable[..., nn.Module]) -> _Functional:
    def module(values: Mapping[str, Any], shape: tuple[int, ...]) -> nn.Module:
        filters, each, *kernel = values["weight"].shape
        has_bias = values.get("bias") is not None
        channels = each * values.get("groups", 1)
        return _filled(
            kind(channels, filters, tuple(kernel), bias=has_bias, **_settings(values)), values
        )

    return _Functional(CONV, module)


def _transposed(kind: Callable[..., nn.Module]) -> _Functional:
    def module(values: Mapping[str, Any], shape: tuple[int, ...]) -> nn.Module:
        channels, each, *kernel = values["weight"].shape
        has_bias = values.get("bias") is not None
        filters = each * values.get("groups", 1)
        return _filled(
            kind(channels, filters, tuple(kernel), bias=has_bias, **_settings(values)), values
        )

    return _Functional(TRANSPOSED, module)


def _linear(values: Mapping[str, Any], shape: tuple[int, ...]) -> nn.Module:
    outputs, inputs = values["weight"].shape
    return _filled(nn.Linear(inputs, outputs, bias=values.get("bias") is not None), values)


def _product(values: Mapping[str, Any], shape: tuple[int, ...]) -> nn.Module | None:
    """A product with one matrix that the model stores is a linear layer of its columns."""
    columns = values.get("weight")
    if not isinstance(columns, torch.Tensor) or columns.ndim != 2 or len(shape) < 2:
        return None
    return _linear({"weight": columns.T.contiguous()}, shape)


def _batch_norm(values: Mapping[str, Any], shape: tuple[int, ...]) -> nn.Module | None:
    if values.get("training") or values.get("running_mean") is None:
        return None  # it normalizes by the batch it is given
    kind = {4: nn.BatchNorm2d, 5: nn.BatchNorm3d}.get(len(shape), nn.BatchNorm1d)
    return _normalization(kind, shape, values, track_running_stats=True)


def _instance_norm(values: Mapping[str, Any], shape: tuple[int, ...]) -> nn.Module | None:
    kinds = {3: nn.InstanceNorm1d, 4: nn.InstanceNorm2d, 5: nn.InstanceNorm3d}
    by_image = values.get("use_input_stats", True)
    if not by_image:  # with given statistics it is a BatchNorm
        return _batch_norm({**values, "training": False}, shape)
    return _normalization(kinds[len(shape)], shape, values) if len(shape) in kinds else None


def _normalization(
    kind: Callable[..., nn.Module], shape: tuple[int, ...], values: Mapping[str, Any], **more: Any
) -> nn.Module:
    given = {name: value for name, value in values.items() if value is not None}
    affine = "weight" in given or "bias" in given
    return _filled(kind(shape[1], eps=given.get("eps", 1e-5), affine=affine, **more), given)


def _group_norm(values: Mapping[str, Any], shape: tuple[int, ...]) -> nn.Module:
    given = {name: value for name, value in values.items() if value is not None}
    affine = "weight" in given or "bias" in given
    layer = nn.GroupNorm(given["num_groups"], shape[1], given.get("eps", 1e-5), affine)
    return _filled(layer, given)


FUNCTIONS: dict[Any, _Functional] = {
    F.conv1d: _conv(nn.Conv1d),
    F.conv2d: _conv(nn.Conv2d),
    F.conv3d: _conv(nn.Conv3d),
    F.conv_transpose1d: _transposed(nn.ConvTranspose1d),
    F.conv_transpose2d: _transposed(nn.ConvTranspose2d),
    F.conv_transpose3d: _transposed(nn.ConvTranspose3d),
    F.linear: _Functional(("input", "weight", "bias"), _linear),
    **dict.fromkeys((torch.matmul, operator.matmul), _Functional(("input", "weight"), _product)),
    F.batch_norm: _Functional((*NORM, "training", "momentum", "eps"), _batch_norm),
    torch.batch_norm: _Functional(
        ("input", "weight", "bias", "running_mean", "running_var", "training", "momentum", "eps"),
        _batch_norm,
    ),
    F.instance_norm: _Functional((*NORM, "use_input_stats", "momentum", "eps"), _instance_norm),
    F.group_norm: _Functional(("input", "num_groups", "weight", "bias", "eps"), _group_norm),
    torch.group_norm: _Functional(("input", "num_groups", "weight", "bias", "eps"), _group_norm),
}
