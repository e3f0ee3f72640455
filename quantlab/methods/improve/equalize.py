"""Cross-layer equalization: even out the channels of neighbouring layers, keep the function."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from torch import fx

from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.methods.improve.layer_pairs import LayerPair, LeftOut, layer_pairs
from quantlab.methods.improve.layers import (
    as_float64,
    by_channels,
    groups_of,
    layer_of,
    node_named,
    put,
)
from quantlab.methods.ptq.channel_statistics import ChannelStatistics

# A weight at the end of the int8 ruler stands 127 steps from 0. A factor of 1 + 2^-12 moves it by
# 127 / 4096, a thirtieth of a step, where rounding moves it by up to half a step.
SETTLED = 2.0**-12
# Below it a change is the rounding of float64, not a step towards the end.
NO_CHANGE = 2.0**-40
# Half a step of a 16-bit ruler over the whole tensor: what lies below it is 0 in 16 bits too. Such
# a channel has no range to even out; raised to the others' height it would only raise its bias.
DEAD = 2.0**-16


@dataclass(frozen=True, repr=False)
class Equalization(Report):
    """What `equalize` did.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        A new graph that computes the same function.
    pairs : tuple of LayerPair
        The pairs between which factors were moved.
    left_out : tuple of LeftOut
        The layers after which none could be moved, and why.
    sweeps : int
        How often all pairs were visited.
    """

    graph: fx.GraphModule
    pairs: tuple[LayerPair, ...]
    left_out: tuple[LeftOut, ...]
    sweeps: int

    @property
    def summary(self) -> str:
        return (
            f"{len(self.pairs)} pairs of layers equalized in {self.sweeps} sweeps, "
            f"{len(self.left_out)} layers left out"
        )

    def tables(self) -> tuple[Table, ...]:
        pairs = [{"layer": p.first, "into": p.second, "reason": None} for p in self.pairs]
        others = [{"layer": o.layer, "into": None, "reason": o.reason} for o in self.left_out]
        columns = (
            Column("layer", "layer"),
            Column("factors moved into", "into"),
            Column("left out because", "reason"),
        )
        return (Table(columns, (*pairs, *others)),)


def equalize(graph: fx.GraphModule) -> Equalization:
    """Move a factor a channel from one layer into the next until both have equal ranges.

    With ReLU between them, `W2 relu(W1 x + b1)` is `(W2 S) relu(S^-1 W1 x + S^-1 b1)` for every
    diagonal S > 0. A channel's range is its largest absolute weight: r1 of row i of W1, r2 of
    column i of W2. The factor `s_i = sqrt(r1_i / r2_i)` makes both sqrt(r1_i r2_i), so that one
    scale for the whole tensor fits every channel. (Nagel et al. 2019, "Data-Free Quantization
    Through Weight Equalization and Bias Correction", section 4.1.)

    All pairs are visited in turn, until all later sweeps together would change no factor by more
    than SETTLED. A factor is a mean, in the logarithm, of ranges before and behind it, and the two
    ends of a chain stay: so sweeps draw any two sets of factors together, and there is one end
    they all come to. For convolution, depthwise, convolution that end is the cube root of all three
    ranges, which other tools compute as a case of its own.

    What may lie between is a ReLU, a pool, a nearest resize, a flatten, or nothing. ReLU6 may not:
    a factor for each channel would need a height for each channel, and runtimes clip at one. Such
    layers are left out and reported; `replace_relu6` removes the clip for those who accept that.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `fold_batchnorm` returns it. It is not changed.

    Returns
    -------
    Equalization
        Its graph differs from the given one by rounding only: each weight is divided by one
        float64 factor and multiplied by another, and rounded each time. BatchNorm statistics kept
        from folding are scaled along.
    """
    made = deepcopy(graph)
    pairs, left_out = layer_pairs(made)
    factors, sweeps = _factors(made, pairs)
    for pair in pairs:
        first, second = node_named(made, pair.first), node_named(made, pair.second)
        _scale(made, first, second, factors[pair.first])
    return Equalization(made, pairs, left_out, sweeps)


def _factors(
    graph: fx.GraphModule, pairs: tuple[LayerPair, ...]
) -> tuple[dict[str, np.ndarray], int]:
    """The factor of each pair, by the name of its first layer, and the sweeps it took."""
    # Only the largest weight between an input and an output channel matters for any factor.
    rows: dict[str, np.ndarray] = {}
    for pair in pairs:
        for name in (pair.first, pair.second):
            rows.setdefault(name, _magnitudes(graph, name, pairs))
    alive = {pair.first: _alive(rows[pair.first], rows[pair.second]) for pair in pairs}
    total = {pair.first: np.ones(alive[pair.first].size) for pair in pairs}
    changes = [np.inf, np.inf]
    while pairs and changes[-1] > NO_CHANGE and _still_to_come(*changes[-2:]) > SETTLED:
        change = 0.0
        for pair in pairs:
            factor = _even_out(rows[pair.first], rows[pair.second], alive[pair.first])
            total[pair.first] *= factor
            change = max(change, float(np.abs(np.log(factor)).max()))
        changes.append(change)
    return total, len(changes) - 2


def _still_to_come(before: float, change: float) -> float:
    """What all later sweeps change together, each the same fraction of the one before it."""
    return change * change / (before - change) if change < before < np.inf else np.inf


def _even_out(before: np.ndarray, behind: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """Move the factors between the magnitudes of two layers, and return them."""
    r1, r2 = np.where(alive, [_of_outputs(before), _of_inputs(behind)], 1.0)
    factor = np.sqrt(r1) / np.sqrt(r2)
    before /= factor.reshape(before.shape[0], before.shape[1], 1)
    behind *= factor.reshape(behind.shape[0], 1, behind.shape[2])
    return factor


def _magnitudes(graph: fx.GraphModule, name: str, pairs: tuple[LayerPair, ...]) -> np.ndarray:
    """(groups, M / groups, C / groups): the largest absolute weight of each two channels."""
    module = layer_of(graph, node_named(graph, name))
    weight, groups = np.abs(as_float64(module.weight)), groups_of(module)
    before = [pair.first for pair in pairs if pair.second == name]
    # Behind a flatten the columns of a linear layer are more than the channels before it.
    first = layer_of(graph, node_named(graph, before[0])) if before else None
    channels = first.weight.shape[0] if first is not None else weight.shape[1] * groups
    return by_channels(weight, channels, groups).max(axis=3)


def _of_outputs(magnitudes: np.ndarray) -> np.ndarray:
    return magnitudes.max(axis=2).reshape(-1)


def _of_inputs(magnitudes: np.ndarray) -> np.ndarray:
    return magnitudes.max(axis=1).reshape(-1)


def _alive(before: np.ndarray, behind: np.ndarray) -> np.ndarray:
    r1, r2 = _of_outputs(before), _of_inputs(behind)
    return (r1 > DEAD * r1.max()) & (r2 > DEAD * r2.max())


def _scale(graph: fx.GraphModule, first: fx.Node, second: fx.Node, factor: np.ndarray) -> None:
    before, behind = layer_of(graph, first), layer_of(graph, second)
    weight = as_float64(before.weight)
    put(before, "weight", weight / factor.reshape(-1, *(1,) * (weight.ndim - 1)))
    if before.bias is not None:
        put(before, "bias", as_float64(before.bias) / factor)
    weight, groups = as_float64(behind.weight), groups_of(behind)
    told_apart = by_channels(weight, factor.size, groups) * factor.reshape(groups, 1, -1, 1)
    put(behind, "weight", told_apart.reshape(weight.shape))
    statistics = ChannelStatistics.kept_by(first)
    if statistics is not None:
        statistics.scaled(1 / factor).keep(first)
