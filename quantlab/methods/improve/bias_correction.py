"""Bias correction: take the mean error that quantized weights cause out of the biases."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import fx

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.base.progress import counting
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.methods.improve.expected_values import expected_values
from quantlab.methods.improve.layer_by_layer import LayerAtWork, layer_by_layer
from quantlab.methods.improve.layer_pairs import LeftOut
from quantlab.methods.improve.layers import as_float64, channel_axis, layer_of, output_of
from quantlab.methods.ptq.weights import QuantizedWeight, from_integers
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.numerics import QParams


@dataclass(frozen=True, repr=False)
class BiasCorrection(Report):
    """What `correct_bias_analytic` did.

    Parameters
    ----------
    model : QuantizedModel
        A new one with other biases.
    shifts : mapping of str to float64 array (M,)
        What was added to the bias of each layer, by its fx node name.
    left_out : tuple of LeftOut
        The layers whose mean input BatchNorm does not tell, and why.
    """

    model: QuantizedModel
    shifts: Mapping[str, np.ndarray]
    left_out: tuple[LeftOut, ...]

    @property
    def summary(self) -> str:
        return f"biases of {len(self.shifts)} layers corrected, {len(self.left_out)} left out"

    def tables(self) -> tuple[Table, ...]:
        done = [
            {"layer": name, "largest": float(np.abs(each).max()), "reason": None}
            for name, each in self.shifts.items()
        ]
        others = [{"layer": o.layer, "largest": None, "reason": o.reason} for o in self.left_out]
        columns = (
            Column("layer", "layer"),
            Column("largest shift", "largest", ".4g"),
            Column("left out because", "reason"),
        )
        return (Table(columns, (*done, *others)),)


def correct_bias_analytic(model: QuantizedModel) -> BiasCorrection:
    """Correct biases without data, from what BatchNorm knows about the inputs of each layer.

    Quantized weights W + dW give `E[(W + dW) x] = E[W x] + dW E[x]`: rounding errors that do not
    cancel within a channel shift its mean. E[x] of a BatchNorm's output after a ReLU is the mean of
    a clipped normal distribution. (Nagel et al. 2019, sections 3.2 and 4.2.) What padding adds is
    0, so dW is applied to an image that is E[x] everywhere, and averaged over the places: the paper
    counts padded places like any other.

    Parameters
    ----------
    model : QuantizedModel
        Its float graph keeps what `fold_batchnorm` found. It is not changed.
    """
    known = expected_values(model.graph)
    shifts: dict[str, np.ndarray] = {}
    left_out, weights = [], dict(model.weights)
    for node in model.graph.graph.nodes:
        if node.name not in weights:
            continue
        source = node.all_input_nodes[0]
        if source.name not in known:
            left_out.append(LeftOut(node.name, f"no BatchNorm tells the mean of {source.name}"))
            continue
        shift = -_mean_error(model.graph, node, weights[node.name], known[source.name])
        shifts[node.name] = shift
        x = model.activations[source.name]
        weights[node.name] = _moved(weights[node.name], weights[node.name].bias, shift, x)
    corrected = replace(model, weights=weights)
    return BiasCorrection(corrected, FrozenMapping(shifts), tuple(left_out))


def _mean_error(
    graph: fx.GraphModule, node: fx.Node, weight: QuantizedWeight, mean: np.ndarray
) -> np.ndarray:
    """What the error of a layer's weights adds to each output channel on average."""
    module = layer_of(graph, node)
    error = torch.from_numpy(weight.dequantized.astype(np.float64) - as_float64(module.weight))
    shape = (1, *node.all_input_nodes[0].meta["shape"][1:])
    aligned = torch.from_numpy(mean).reshape(-1, *(1,) * (len(shape) - 2))
    outputs = output_of(module, error, None, aligned.expand(shape))
    return _channel_means([outputs], channel_axis(module))


def correct_bias_empirical(
    model: QuantizedModel, calibration: Iterable[Any], *, progress: bool = False
) -> QuantizedModel:
    """Correct biases by what calibration data shows, layer by layer.

    Each bias is moved by the difference between the float and the quantized layer's mean, channel
    by channel, before the activation. The inputs of the quantized layer come from layers corrected
    before it, so that what they still have of rounding, clipping and shifted means is corrected
    too. (Nagel et al. 2019, appendix D.) Afterwards both means agree to half a step of the bias.

    Parameters
    ----------
    model : QuantizedModel
        It is not changed.
    calibration : iterable of float32 arrays or tensors (N, C, H, W)
        See `layer_by_layer` for the memory it takes.
    progress : bool
        Show a bar on stderr.

    Raises
    ------
    TypeError, ValueError
        As `checked_batches`.
    """
    with counting("correcting biases", len(model.weights), progress) as count:

        def decide(layer: LayerAtWork) -> QuantizedWeight:
            weights = torch.from_numpy(layer.weight.dequantized)
            outputs = [layer.output(weights, x) for x in layer.inputs]
            axis = channel_axis(layer_of(layer.graph, layer.node))
            shift = _channel_means(layer.targets, axis) - _channel_means(outputs, axis)
            count()
            return _moved(layer.weight, layer.weight.dequantized_bias, shift, layer.x)

        return layer_by_layer(model, calibration, decide)


def _channel_means(batches: list[torch.Tensor], axis: int) -> np.ndarray:
    """The mean of each channel over all images and places, in float64."""
    values = sum(batch.numel() // batch.shape[axis] for batch in batches)
    sums = [batch.double().transpose(0, axis).flatten(1).sum(dim=1) for batch in batches]
    return np.asarray(torch.stack(sums).sum(dim=0).numpy() / values)


def _moved(
    weight: QuantizedWeight, bias: np.ndarray | None, shift: np.ndarray, x: QParams
) -> QuantizedWeight:
    """The same integers with the bias `bias + shift`, no bias being 0."""
    moved = shift if bias is None else bias + shift
    return from_integers(weight.q, moved.astype(np.float32), weight.qparams, x)
