"""High-bias absorption: the constant part of a channel goes through the ReLU into the next bias."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from torch import fx, nn

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.methods.improve.layer_pairs import LayerPair, LeftOut, layer_pairs
from quantlab.methods.improve.layers import (
    ConvOrLinear,
    as_float64,
    by_channels,
    groups_of,
    layer_of,
    node_named,
    put,
)
from quantlab.methods.ptq.channel_statistics import ChannelStatistics

# A normal value lies below mean - 3 std once in 741 times: so often the ReLU would have cut what
# the next bias now adds.
DEVIATIONS = 3.0


@dataclass(frozen=True, repr=False)
class Absorption(Report):
    """What `absorb_bias` did.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        A new graph.
    absorbed : mapping of str to float64 array (C,)
        What was subtracted from each channel of a layer, by its fx node name.
    left_out : tuple of LeftOut
        The layers from which nothing could be taken, and why.
    """

    graph: fx.GraphModule
    absorbed: Mapping[str, np.ndarray]
    left_out: tuple[LeftOut, ...]

    @property
    def summary(self) -> str:
        return f"biases of {len(self.absorbed)} layers absorbed, {len(self.left_out)} left out"

    def tables(self) -> tuple[Table, ...]:
        done = [
            {"layer": name, "largest": float(np.abs(each).max()), "reason": None}
            for name, each in self.absorbed.items()
        ]
        others = [{"layer": o.layer, "largest": None, "reason": o.reason} for o in self.left_out]
        columns = (
            Column("layer", "layer"),
            Column("largest absorbed", "largest", ".4g"),
            Column("left out because", "reason"),
        )
        return (Table(columns, (*done, *others)),)


def absorb_bias(
    graph: fx.GraphModule, statistics: Mapping[str, ChannelStatistics] = FrozenMapping()
) -> Absorption:
    """Take `c = max(0, mean - 3 std)` from each channel before the ReLU, add W2 c to the next bias.

    Equalization raises the biases of channels with small weights, and with them the range one
    activation ruler must cover. Where a value is at least c, `relu(z - c) = relu(z) - c`, so the
    next layer's bias can give back what was taken. (Nagel et al. 2019, section 4.1.3.) Values below
    c, about one in 741 of a normal distribution, are changed by what they lie below it; with
    nothing between the layers none is.

    A layer that pads its input is left out: in the padding there is a 0 from which nothing was
    taken, so that a constant would be given back too often along the border. So is one before
    which a pool, resize or flatten lies.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `equalize` or `fold_batchnorm` returns it. It is not changed.
    statistics : mapping of str to ChannelStatistics
        Of layers without BatchNorm, as `measure_statistics` returns them. Those kept from folding
        a BatchNorm come before these.

    Returns
    -------
    Absorption
        Statistics kept in its graph are shifted along.
    """
    made = deepcopy(graph)
    pairs, left_out = layer_pairs(made)
    refused, absorbed = list(left_out), {}
    for pair in pairs:
        first, second = node_named(made, pair.first), node_named(made, pair.second)
        known = ChannelStatistics.kept_by(first) or statistics.get(pair.first)
        reason = _reason_against(pair, layer_of(made, second), known)
        if reason is not None or known is None:
            refused.append(LeftOut(pair.first, str(reason)))
            continue
        constant = np.maximum(0.0, known.mean - DEVIATIONS * known.std)
        if constant.any():
            _move(layer_of(made, first), layer_of(made, second), constant)
            absorbed[pair.first] = constant
            if ChannelStatistics.kept_by(first) is not None:
                known.shifted(-constant).keep(first)
    return Absorption(made, FrozenMapping(absorbed), tuple(refused))


def _reason_against(
    pair: LayerPair, second: ConvOrLinear, known: ChannelStatistics | None
) -> str | None:
    others = [name for name, kind in zip(pair.between, pair.kinds, strict=True) if kind != "Relu"]
    if others:
        return f"{', '.join(others)} lies before {pair.second}"
    if isinstance(second, nn.Conv2d) and second.padding not in ("valid", (0, 0)):
        return f"{pair.second} pads its input with zeros from which nothing can be taken"
    if known is None:
        return f"{pair.first} had no BatchNorm: pass what measure_statistics returns"
    return None


def _move(first: ConvOrLinear, second: ConvOrLinear, constant: np.ndarray) -> None:
    put(first, "bias", _bias(first) - constant)
    weight, groups = as_float64(second.weight), groups_of(second)
    told_apart = by_channels(weight, constant.size, groups)
    given_back = (told_apart.sum(axis=3) * constant.reshape(groups, 1, -1)).sum(axis=2)
    put(second, "bias", _bias(second) + given_back.reshape(-1))


def _bias(module: ConvOrLinear) -> np.ndarray:
    return np.zeros(len(module.weight)) if module.bias is None else as_float64(module.bias)
