"""Fake-quantized weights put back into a torch model: what weights alone cost."""

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import nn

from quantlab.methods.rule import WEIGHTS, Rule
from quantlab.numerics import fake_quantize


def fake_quantize_weights(
    model: nn.Module,
    rule: Rule = WEIGHTS,
    *,
    layers: Iterable[str] | None = None,
    axis: int = 0,
) -> nn.Module:
    """A copy of `model` whose weights are what integers of them would say.

    The weights of convolutions and linear layers change, biases and activations do not. BatchNorm
    is not folded: to see the weights that `quantize_model` quantizes, pass
    `fold_batchnorm(trace_model(model, images))`.

    Parameters
    ----------
    model : torch.nn.Module
        It is not changed.
    rule : Rule
        What it leaves out is the default for weights: int8, symmetric, per-channel, min-max.
    layers : iterable of str, optional
        Which layers, by module path ("features.0.conv") or the beginning of paths ("features");
        all by default.
    axis : int
        The axis of a weight along which a per-channel rule has its channels: 0 for output channels.
        1 is the wrong one, and a way to see why: the channels of the input, which a depthwise
        convolution has one of.

    Returns
    -------
    torch.nn.Module
        Of the class, in the mode and on the device of `model`.

    Raises
    ------
    ValueError
        A name that no convolution or linear layer has, an axis that a weight does not have, or a
        weight that is NaN or infinite.

    Examples
    --------
    >>> layer = nn.Sequential(nn.Linear(2, 1, bias=False))
    >>> layer[0].weight.data = torch.tensor([[1.0, 0.3]])
    >>> fake_quantize_weights(layer, Rule("int2"))[0].weight.tolist()
    [[1.0, 0.0]]
    """
    made = deepcopy(model)
    rule = rule.filled_in(WEIGHTS)
    for name, module in _chosen(made, layers).items():
        weight = module.weight.detach().cpu().numpy()
        if not -weight.ndim <= axis < weight.ndim:
            raise ValueError(
                f"axis is {axis}, but the weight of layer {name} has shape {weight.shape}: choose "
                f"0 for output channels or 1 for input channels."
            )
        try:
            qparams = rule.make_observer(axis=axis).partial_fit(weight).qparams()
        except ValueError as error:
            raise ValueError(f"at the weight of layer {name}: {error}") from error
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(fake_quantize(weight, qparams)))
    return made


def _chosen(model: nn.Module, layers: Iterable[str] | None) -> dict[str, nn.Conv2d | nn.Linear]:
    known = {n: m for n, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    if layers is None:
        return known
    found: dict[str, nn.Conv2d | nn.Linear] = {}
    for wanted in layers:
        called = {n: m for n, m in known.items() if n == wanted or n.startswith(f"{wanted}.")}
        if not called:
            raise ValueError(
                f"layers names {wanted!r}, but the convolutions and linear layers are "
                f"{', '.join(list(known)[:5]) or 'none'}{', ...' * (len(known) > 5)}: name one."
            )
        found |= called
    return found
