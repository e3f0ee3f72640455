"""The one verb: a float model and a few batches in, integers and rulers out."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import fx, nn
from torch.export import ExportedProgram

from quantlab.methods.graph.batches import first_and_all
from quantlab.methods.graph.calls import BATCH_AXIS
from quantlab.methods.graph.layer_names import find_layers
from quantlab.methods.graph.operators import parameters_of, path_of
from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.improve.absorb_bias import absorb_bias
from quantlab.methods.improve.adaround import learn_rounding
from quantlab.methods.improve.bias_correction import correct_bias_analytic, correct_bias_empirical
from quantlab.methods.improve.equalize import equalize
from quantlab.methods.ptq.calibrate import calibrate
from quantlab.methods.ptq.channel_statistics import ChannelStatistics, measure_statistics
from quantlab.methods.ptq.fold import fold_batchnorm
from quantlab.methods.ptq.placement import Placement, place_qparams
from quantlab.methods.ptq.weights import QuantizedWeight, quantize_weight
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import Recipe
from quantlab.methods.rule import Rule
from quantlab.numerics import QParams

#: Images that the model is traced with: as many as tell the axis of the images from the others.
TRACED_WITH = 2


def quantize_model(
    model: nn.Module | ExportedProgram,
    calibration: Any,
    recipe: Recipe = Recipe(),  # noqa: B008 - frozen
    *,
    progress: bool = False,
) -> QuantizedModel:
    """Quantize a convolutional network after training.

    Trace, fold BatchNorm, change the weights as the recipe says, watch every tensor on the
    calibration batches, and write weights and biases as integers. Operators that cannot be
    quantized stay float; `float_layers` of the result names each with the reason.

    Parameters
    ----------
    model : torch.nn.Module, or torch.export.ExportedProgram
        With one input tensor; see `trace_model`. It is not changed; a copy in eval mode is
        quantized.
    calibration : iterable of float32 arrays or tensors (N, C, H, W); one of them; or a split
        Batches prepared exactly as in use, no labels; one array is cut into batches of 32. The
        first two images are also the tracing example. A split of quantlab.scenes is prepared with
        the model's own `preprocessing`, where it has one as the zoo's do. Validation and test
        splits are refused: they judge the model.
        A tensor behind a global pool has one value an image and channel, so few images say little
        of its range, and its ruler may cut off what the next one gives; ONNX Runtime's quantizer
        reads such a tensor with the longer ruler of what is pooled. Take a hundred images or more.
    recipe : Recipe
        Default: symmetric per-channel int8 weights, asymmetric per-tensor uint8 activations,
        percentile calibration.
    progress : bool
        Show a bar on stderr.

    Raises
    ------
    TypeError, ValueError
        As `trace_model`, `place_qparams` and `calibrate` say; or the recipe asks for training,
        which `prepare_qat` begins.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    >>> batches = [np.random.default_rng(0).random((2, 3, 8, 8), dtype=np.float32)]
    >>> quantized = quantize_model(model, batches)
    >>> quantized.weights["_0"].q.dtype, quantized.placement.own_qparams
    (dtype('int8'), ('input_1', '_1'))
    """
    if recipe.training is not None:
        raise ValueError(
            "the recipe has training settings, but quantize_model does not train: call "
            "prepare_qat(model, calibration, recipe) and train_qat, or leave training out."
        )
    first, batches = first_and_all(calibration, model)
    if isinstance(batches, Iterator) and _needs_data_again(recipe):
        batches = list(batches)
    graph = fold_batchnorm(_traced(model, first))
    if recipe.equalize:
        graph = _equalized(graph, batches)
    placement = place_qparams(graph, recipe)
    rules = weight_rules(graph, placement, recipe)
    activations = calibrate(graph, placement, batches, recipe, progress=progress)
    weights = quantize_weights(graph, rules, activations)
    nearest = QuantizedModel(graph, placement, activations, weights, recipe)
    return _improved(nearest, batches, progress)


def _traced(model: nn.Module | ExportedProgram, first: torch.Tensor) -> fx.GraphModule:
    """The graph as two images show it: tracing runs the model again and again.

    A model that takes no other number of images than those of its batch is traced with them all.
    """
    if len(first) > TRACED_WITH:
        with suppress(ValueError):  # said below, of the whole batch
            graph = trace_model(model, first[:TRACED_WITH])
            source = next(node for node in graph.graph.nodes if node.op == "placeholder")
            if BATCH_AXIS in source.meta:
                return graph
    return trace_model(model, first)


def _needs_data_again(recipe: Recipe) -> bool:
    """Whether the batches are read more often than once, for the rulers."""
    learns = recipe.learned_rounding is not None
    return recipe.equalize or learns or recipe.bias_correction == "empirical"


def _equalized(graph: fx.GraphModule, batches: Iterable[Any]) -> fx.GraphModule:
    """Even ranges, and the biases that grew with them absorbed."""
    done = equalize(graph)
    nodes = {node.name: node for node in done.graph.graph.nodes}
    firsts = [pair.first for pair in done.pairs]
    unknown = [name for name in firsts if ChannelStatistics.kept_by(nodes[name]) is None]
    measured = measure_statistics(done.graph, batches, unknown) if unknown else {}
    return absorb_bias(done.graph, measured).graph


def _improved(model: QuantizedModel, batches: Iterable[Any], progress: bool) -> QuantizedModel:
    """Better integers than the nearest, then better biases: what rounding left is corrected."""
    recipe = model.recipe
    if recipe.learned_rounding is not None:
        model = learn_rounding(model, batches, recipe.learned_rounding, progress=progress)
    if recipe.bias_correction == "analytic":
        model = correct_bias_analytic(model).model
    if recipe.bias_correction == "empirical":
        model = correct_bias_empirical(model, batches, progress=progress)
    return model


def weight_rules(graph: fx.GraphModule, placement: Placement, recipe: Recipe) -> dict[str, Rule]:
    """The weight rule of every quantized convolution and linear layer, by node name.

    Raises
    ------
    ValueError
        `recipe.layers` names something that is no quantized layer with weights.
    """
    named = find_layers(graph, recipe.layers, "layers")
    with_weights = weight_nodes(graph, placement)
    for node, name in named.items():
        if not any(named[other] == name for other in named if other in with_weights):
            raise ValueError(
                f"layers names {name!r}, but {node} has no weights to quantize or stays float: "
                f"name a convolution or linear layer that is not in keep_float."
            )
    return {
        node: recipe.layers[named[node]] if node in named else recipe.weights
        for node in with_weights
    }


def weight_nodes(graph: fx.GraphModule, placement: Placement) -> dict[str, fx.Node]:
    """The quantized convolutions and linear layers of a graph, by node name."""
    quantized = set(placement.quantized)
    return {
        node.name: node
        for node in graph.graph.nodes
        if node.name in quantized
        and node.op == "call_module"
        and isinstance(graph.get_submodule(str(node.target)), nn.Conv2d | nn.Linear)
    }


def quantize_weights(
    graph: fx.GraphModule, rules: Mapping[str, Rule], activations: Mapping[str, QParams]
) -> dict[str, QuantizedWeight]:
    """The integers of every layer in `rules`, by node name.

    Raises
    ------
    ValueError
        A weight or bias is NaN or infinite.
    """
    nodes = {node.name: node for node in graph.graph.nodes}
    made = {}
    for name, rule in rules.items():
        weight, bias = parameters_of(graph, nodes[name])
        if not all(np.isfinite(part).all() for part in (weight, bias) if part is not None):
            raise ValueError(
                f"layer {path_of(nodes[name])} has a weight or bias that is NaN or infinite: "
                f"look at its training, or at the statistics of the BatchNorm folded into it."
            )
        x = activations[nodes[name].all_input_nodes[0].name]
        made[name] = quantize_weight(weight, bias, rule, x)
    return made
