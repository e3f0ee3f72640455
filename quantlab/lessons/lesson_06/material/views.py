"""What lesson 06 looks at: a table of top-1, ranges of channels, means that moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.base.figure_style import look
from quantlab.base.palette import BLUE, GREY, ORANGE
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.lessons.lesson_06.material.lab import Lab
from quantlab.methods import QuantizedModel, layer_tensors

#: Crops that a layer is looked at with.
SEEN = 64


@dataclass(frozen=True, repr=False)
class Top1Table(Report):
    """Top-1 of some networks, 0 to 1, beside the FP32 model."""

    fp32: float
    others: Mapping[str, float]
    crops: int

    @property
    def summary(self) -> str:
        return f"top-1 on {self.crops:,} validation crops"

    def tables(self) -> tuple[Table, ...]:
        rows = [
            {"model": name, "top1": 100 * value, "lost": 100 * (self.fp32 - value)}
            for name, value in {"FP32": self.fp32, **self.others}.items()
        ]
        columns = (
            Column("model", "model"),
            Column("top-1 (%)", "top1", ".1f"),
            Column("points lost", "lost", ".1f"),
        )
        return (Table(columns, tuple(rows)),)


def top1_table(lab: Lab, networks: Mapping[str, Any]) -> Top1Table:
    """Judge FP32 and each of the networks on the lab's crops."""
    scored = {name: lab.top1(network) for name, network in networks.items()}
    return Top1Table(lab.top1(lab.model), scored, len(lab.crops))


def images_of(lab: Lab, count: int = SEEN) -> np.ndarray:
    """The lab's first crops as the network reads them: float32 (count, 3, 32, 32)."""
    batches = lab.crops.batches(lab.model.preprocessing, count)
    return np.asarray(next(iter(batches)), dtype=np.float32)


def stem_parts(lab: Lab) -> tuple[Any, ...]:
    """weight, bias, gamma, beta, mean, var, eps of the classifier's first layer, as numpy arrays.

    The convolution has no bias: it is 0 in each channel.
    """
    conv, norm = lab.model.stem[0], lab.model.stem[1]
    parts = (conv.weight, norm.weight * 0, norm.weight, norm.bias, norm.running_mean)
    arrays = tuple(part.detach().numpy() for part in parts)
    return (*arrays, norm.running_var.numpy(), norm.eps)


def folded_stem(lab: Lab, weight: np.ndarray, bias: np.ndarray) -> str:
    """How far a folded first layer is from convolution and BatchNorm, one after the other."""
    import torch

    conv, norm = lab.model.stem[0], lab.model.stem[1]
    x = torch.from_numpy(images_of(lab))
    with torch.no_grad():
        two = norm(conv(x))
        w, b = (torch.from_numpy(np.asarray(part, dtype=np.float32)) for part in (weight, bias))
        one = torch.nn.functional.conv2d(x, w, b, conv.stride, conv.padding)
    return (
        f"{two.numel():,} outputs up to {float(two.abs().max()):.1f}; "
        f"largest difference {float((one - two).abs().max()):.1e}"
    )


def ranges_figure(ranges: Mapping[str, Sequence[float]]) -> tuple[Any, str]:
    """Largest absolute weight of each output channel, for a few weights of one layer.

    Parameters
    ----------
    ranges : mapping from title to float sequence
        One or two, each with one value a channel. The channels stand in the first one's order.

    Returns
    -------
    matplotlib Figure, alt text
    """
    from matplotlib.figure import Figure

    order = np.argsort(next(iter(ranges.values())))[::-1]
    with look():
        figure = Figure(figsize=(7.2, 3.4))
        axes = figure.subplots()
        looks = zip(ranges.items(), ((ORANGE, "o"), (BLUE, "s")), strict=False)
        for (title, values), (colour, marker) in looks:
            axes.plot(np.asarray(values)[order], marker, color=colour, label=title, markersize=5)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("output channel, widest first")
        axes.set_ylabel("largest absolute weight")
        axes.legend()
    said = [
        f"{title}: largest {max(v):.2f}, median {float(np.median(v)):.2f}"
        for title, v in ranges.items()
    ]
    return figure, f"Ranges of the {len(order)} output channels of one layer. {'; '.join(said)}."


def channel_means_figure(
    lab: Lab, models: Mapping[str, QuantizedModel], layer: str
) -> tuple[Any, str]:
    """Mean of each channel of a layer's output: quantized over float, for two models at most.

    Returns
    -------
    matplotlib Figure, alt text
    """
    from matplotlib.figure import Figure

    x = images_of(lab)
    truth = _means(layer_tensors(next(iter(models.values())).graph, x, layer).output)
    said = []
    with look():
        figure = Figure(figsize=(7.2, 4.4))
        axes = figure.subplots()
        ends = [float(truth.min()), float(truth.max())]
        axes.plot(ends, ends, "--", color=GREY, label="as in FP32")
        for (title, model), (colour, marker) in zip(
            models.items(), ((ORANGE, "^"), (BLUE, "o")), strict=False
        ):
            means = _means(layer_tensors(model, x, layer).output)
            axes.plot(truth, means, marker, color=colour, label=title, markersize=5)
            said.append(f"{title}: off by {float(np.abs(means - truth).mean()):.2f} on average")
        axes.set_xlabel(f"mean of a channel of {layer} in FP32")
        axes.set_ylabel("mean of the same channel, quantized")
        axes.legend()
    return figure, f"Means of {len(truth)} channels. {'; '.join(said)}."


def _means(output: np.ndarray) -> np.ndarray:
    return np.asarray(output, dtype=np.float64).mean(axis=(0, 2, 3))
