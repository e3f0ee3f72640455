"""What a person hands over as a model, and the copy of it that is traced.

Wrappers are taken off, weights that a rule computes from others are computed once, and hooks that
only watch are left out.
"""

from collections import OrderedDict
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

#: Modules that hold the model under this name, and compute nothing themselves.
WRAPPERS = (
    (nn.DataParallel, "module"),
    (nn.parallel.DistributedDataParallel, "module"),
)
COMPILED = "_orig_mod"  # torch.compile keeps the module so
#: Hooks of torch that compute a weight before each call, and can be asked to leave it there.
COMPUTING_HOOKS = (WeightNorm, SpectralNorm, BasePruningMethod)


def settled_copy(model: Any) -> nn.Module:
    """A copy in eval mode on the CPU, without gradients, wrappers and computed weights.

    Raises
    ------
    TypeError
        `model` is no module.
    ValueError
        A part of it is TorchScript, has no weights yet, or has others than float32.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model is a {type(model).__name__}, but a torch.nn.Module is needed: "
            f"pass the model itself, not its class, weights or file name."
        )
    inside = _unwrapped(model)
    _refuse_script(inside)
    check_weights(inside)
    copy: nn.Module = deepcopy(inside, _plain_tensors(inside)).cpu()
    for path, module in list(copy.named_modules()):
        if path and _unwrapped(module) is not module:
            copy.set_submodule(path, _unwrapped(module))
    _settle_parametrizations(copy)
    _settle_computing_hooks(copy)
    return copy.eval().requires_grad_(False)


def check_weights(model: nn.Module) -> None:
    """Refuse parameters that have no values yet, or are not float32."""
    for name, weight in model.named_parameters():
        if is_lazy(weight):
            raise ValueError(
                f"the model's parameter {name!r} has no shape yet, because its layer is lazy: run "
                f"the model once on a batch, and load its weights."
            )
        if weight.is_meta:
            raise ValueError(
                f"the model's parameter {name!r} has no values, because it was made on the device "
                f"'meta': make the model on the CPU, and load its weights."
            )
        if weight.is_floating_point() and weight.dtype != torch.float32:
            found = str(weight.dtype).removeprefix("torch.")
            raise ValueError(
                f"the model's parameter {name!r} is {found}, but a model is quantized and "
                f"exported from float32: call model.float() first."
            )


def drop_idle_hooks(model: nn.Module, batch: torch.Tensor) -> None:
    """Take off forward hooks, in place, if the model gives the same without them."""
    hooked = [m for m in model.modules() if has_hooks(m)]
    if not hooked:
        return
    expected = model(batch.clone())
    kept = [(module, module._forward_hooks, module._forward_pre_hooks) for module in hooked]
    for module in hooked:
        module._forward_hooks, module._forward_pre_hooks = OrderedDict(), OrderedDict()
    if not _equal(model(batch.clone()), expected):
        for module, after, before in kept:
            module._forward_hooks, module._forward_pre_hooks = after, before


def has_hooks(module: nn.Module) -> bool:
    """Whether something else runs when the module is called."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _unwrapped(model: nn.Module) -> nn.Module:
    while True:
        names = [name for kind, name in WRAPPERS if isinstance(model, kind)]
        if COMPILED in model._modules:
            names.append(COMPILED)
        if not names:
            return model
        model = model.get_submodule(names[0])


def _refuse_script(model: nn.Module) -> None:
    for path, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            what = f"the model's layer {path!r}" if path else "the model"
            raise ValueError(
                f"{what} is TorchScript, made by torch.jit.script or torch.jit.trace, which "
                f"torch.fx cannot look into: pass the Python module that it was made from."
            )


def _plain_tensors(model: nn.Module) -> dict[int, torch.Tensor]:
    """deepcopy's memory of tensors that were computed with gradients, which it cannot copy."""
    return {
        id(value): value.detach().clone()
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }


def _settle_parametrizations(model: nn.Module) -> None:
    """Make plain weights of those that are computed from others, such as with weight norm."""
    for module in list(model.modules()):
        if not parametrize.is_parametrized(module):
            continue
        rules: Any = module.parametrizations
        values = {name: getattr(module, name).detach().clone() for name in rules}
        # Not remove_parametrizations: the class it changes is also that of the caller's module.
        module.__class__ = type(module).__bases__[0]
        del module.parametrizations
        for name, value in values.items():
            module.register_parameter(name, nn.Parameter(value, requires_grad=False))


def _settle_computing_hooks(model: nn.Module) -> None:
    """The same where torch's older functions do it by a hook: weight_norm, pruning."""
    for module in model.modules():
        for key, hook in list(module._forward_pre_hooks.items()):
            if isinstance(hook, COMPUTING_HOOKS):
                with torch.no_grad():
                    hook.remove(module)  # leaves the weight as it is now
                del module._forward_pre_hooks[key]


def _equal(a: Any, b: Any) -> bool:
    """To the last bit, in whatever order of lists and dicts."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and _equal([*a.values()], [*b.values()])
    if isinstance(a, list | tuple):
        same = isinstance(b, list | tuple) and len(a) == len(b)
        return same and all(_equal(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)
