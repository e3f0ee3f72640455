"""The weights of a shipped model, and how far apart the channels of each layer are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.methods import fold_batchnorm, trace_model
from quantlab.scenes import Preprocessing


def folded(model: nn.Module) -> fx.GraphModule:
    """A copy whose convolutions hold the BatchNorm behind them: the weights that get quantized."""
    size = model.preprocessing
    assert isinstance(size, Preprocessing), "every shipped model has its own"
    return fold_batchnorm(trace_model(model, torch.zeros(1, 3, size.height, size.width)))


def weights_of(graph: nn.Module) -> dict[str, np.ndarray]:
    """Each convolution's and linear layer's weight by its path, float32 (out, ...), in order."""
    return {
        name: module.weight.detach().numpy()
        for name, module in graph.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }


@dataclass(frozen=True, repr=False)
class ChannelSpread(Report):
    """The layers whose channels are furthest apart, the worst first.

    vanished, channels    over the whole model: channels that become all zero, and all of them.
    """

    layers: tuple[Mapping[str, Any], ...]
    bits: int
    vanished: int
    channels: int

    @property
    def summary(self) -> str:
        return (
            f"{self.vanished:,} of {self.channels:,} channels become all zero on one ruler of "
            f"{self.bits} bits a layer"
        )

    def tables(self) -> tuple[Table, ...]:
        columns = (
            Column("layer", "name"),
            Column("shape", "shape"),
            Column("largest channel / median", "ratio", ".1f"),
            Column("which", "channel"),
            Column("channels that become all zero", "vanished", ","),
        )
        return (Table(columns, self.layers),)


def channel_spread(weights: Mapping[str, np.ndarray], bits: int = 8, top: int = 5) -> ChannelSpread:
    """How unequal the output channels are, and how many vanish on one symmetric ruler a layer.

    Parameters
    ----------
    weights : what `weights_of` gives
    bits : int
        Of the one ruler, 2 to 8.
    top : int
        How many layers the table shows.
    """
    rows: list[dict[str, Any]] = []
    for name, weight in weights.items():
        farthest = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
        step = farthest.max() / (2 ** (bits - 1) - 1)
        rows.append(
            {
                "name": name,
                "shape": "×".join(map(str, weight.shape)),
                "ratio": float(farthest.max() / np.median(farthest)),
                "channel": int(farthest.argmax()),
                "vanished": int(((np.rint(farthest / step) == 0) & (farthest > 0)).sum()),
                "channels": len(weight),
            }
        )
    ranked = sorted(rows, key=lambda row: -row["ratio"])
    totals = (sum(row[key] for row in rows) for key in ("vanished", "channels"))
    return ChannelSpread(tuple(ranked[:top]), bits, *totals)
