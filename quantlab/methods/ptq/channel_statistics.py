"""Mean and deviation of each channel of a layer's output: kept by BatchNorm, or measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from quantlab.methods.graph.batches import checked_batches

KEPT = "batchnorm"  # the key in node.meta


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    """How the values of each channel are distributed over images and places.

    Parameters
    ----------
    mean, std : float64 arrays (C,)
        Before the activation function. std is the population's, 0 or more.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def kept_by(cls, node: fx.Node) -> "ChannelStatistics | None":
        """What folding a BatchNorm left behind: its beta and |gamma|, or None without one.

        BatchNorm makes mean 0 and variance 1 of its training data, then beta and gamma^2.
        """
        kept: ChannelStatistics | None = node.meta.get(KEPT)
        return kept

    def keep(self, node: fx.Node) -> None:
        """Put the statistics where `kept_by` finds them."""
        node.meta[KEPT] = self

    def scaled(self, factor: np.ndarray) -> "ChannelStatistics":
        """Of the values times `factor`, one positive number a channel."""
        return ChannelStatistics(self.mean * factor, self.std * factor)

    def shifted(self, by: np.ndarray) -> "ChannelStatistics":
        """Of the values plus `by`, one number a channel."""
        return ChannelStatistics(self.mean + by, self.std)


def measure_statistics(
    graph: fx.GraphModule, batches: Iterable[Any], names: Iterable[str]
) -> Mapping[str, ChannelStatistics]:
    """The statistics of layers on data, for models without BatchNorm.

    Streams: one batch is in memory at a time.

    Parameters
    ----------
    graph : torch.fx.GraphModule
    batches : iterable of float32 arrays or tensors (N, C, H, W)
    names : iterable of str
        fx node names of convolutions, whose channels lie along axis 1, and of linear layers, whose
        channels lie along the last.

    Raises
    ------
    TypeError, ValueError
        As `checked_batches`, or a value is not finite.
    """
    moments: dict[str, _Moments] = {name: _Moments() for name in names}
    recorder = _Recorder(graph, moments)
    with torch.no_grad():
        for x in checked_batches(batches, graph):
            recorder.run(x)
    return {name: of.statistics() for name, of in moments.items()}


class _Moments:
    """Count, mean and sum of squared deviations of each channel, merged batch by batch.

    Chan, Golub and LeVeque 1979: no squares of large means are subtracted from each other.
    """

    def __init__(self) -> None:
        self.count, self.mean, self.deviations = 0, np.zeros(1), np.zeros(1)

    def add(self, values: torch.Tensor, axis: int) -> None:
        doubled = values.to(torch.float64)
        rows = doubled.transpose(0, axis).reshape(values.shape[axis], -1).numpy()
        count, mean = rows.shape[1], rows.mean(axis=1)
        deviations = np.square(rows - mean[:, None]).sum(axis=1)
        total, apart = self.count + count, mean - self.mean
        self.deviations = self.deviations + deviations + apart**2 * (self.count * count / total)
        self.mean = self.mean + apart * (count / total)
        self.count = total

    def statistics(self) -> ChannelStatistics:
        return ChannelStatistics(self.mean, np.sqrt(self.deviations / self.count))


class _Recorder(fx.Interpreter):
    def __init__(self, graph: fx.GraphModule, moments: Mapping[str, _Moments]) -> None:
        super().__init__(graph)
        self.moments = moments

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.name in self.moments:
            if not torch.isfinite(value).all():
                raise ValueError(
                    f"the output of {n.name} holds NaN or infinity, but statistics need finite "
                    f"values: look at the calibration data and at the weights before it."
                )
            linear = n.op == "call_module" and isinstance(self.fetch_attr(str(n.target)), nn.Linear)
            self.moments[n.name].add(value, -1 if linear else 1)
        return value
