"""Quantization-aware training: the network learns with the rounding that it will be run with."""

from copy import deepcopy
from dataclasses import replace
from math import prod
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

from quantlab.methods.fake_quantize import FakeQuantize
from quantlab.methods.graph.operators import path_of
from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.ptq.activation_rules import activation_rules
from quantlab.methods.qat.layers import (
    ActivationFakeQuantize,
    FoldedLayer,
    WeightFakeQuantize,
    as_array,
)
from quantlab.methods.qat.lsq import LearnedStepSize, initial_qparams
from quantlab.methods.quantize_model import quantize_model, weight_rules
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import Recipe, Training
from quantlab.methods.rule import Rule


class QATModel(nn.Module):
    """A network in which everything that will be integers is fake-quantized, ready to be trained.

    Made by `prepare_qat`. Train it as any module, with a loop of your own that calls `end_epoch()`
    after each pass over the data, or with `train_qat`. In eval mode its output is that of
    `convert_qat(self)`.

    The schedule of `recipe.training` counts finished epochs: from `freeze_observers_after` on,
    rulers stay as they are (with lsq: their scales are no longer learned); from
    `freeze_batchnorm_after` on, BatchNorm uses and keeps its running statistics.

    Attributes
    ----------
    network : torch.fx.GraphModule
        The graph of `quantize_model`, with layers that learn.
    start : QuantizedModel
        What quantization after training makes of the model, before the first step.
    epoch : int
        Epochs finished; part of `state_dict()`.
    """

    epoch: int

    def __init__(self, network: fx.GraphModule, start: QuantizedModel, training: Training) -> None:
        super().__init__()
        self.network = network
        self.start = start
        self.training_settings = training
        self._set_epoch(0)
        self.eval()

    def forward(self, x: Tensor) -> Any:
        """The network's output for float32 images (N, C, H, W)."""
        return self.network(x)

    def end_epoch(self) -> None:
        """Say that a pass over the training data is finished; freezes what the schedule says."""
        self._set_epoch(self.epoch + 1)

    @property
    def observers_frozen(self) -> bool:
        """Whether rulers stay as they are."""
        return _reached(self.epoch, self.training_settings.freeze_observers_after)

    @property
    def batchnorm_frozen(self) -> bool:
        """Whether BatchNorm's statistics stay as they are."""
        return _reached(self.epoch, self.training_settings.freeze_batchnorm_after)

    def train(self, mode: bool = True) -> "QATModel":
        """As of any module, but a frozen BatchNorm stays in eval mode."""
        super().train(mode)
        if self.batchnorm_frozen:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _set_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        for module in self.modules():
            if isinstance(module, WeightFakeQuantize | ActivationFakeQuantize | LearnedStepSize):
                module.freeze(self.observers_frozen)
        self.train(self.training)

    def get_extra_state(self) -> dict[str, int]:
        """The finished epochs, for `state_dict()`."""
        return {"epoch": self.epoch}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """The finished epochs from `get_extra_state()`."""
        self._set_epoch(state["epoch"])


def prepare_qat(model: nn.Module, calibration: Any, recipe: Recipe) -> QATModel:
    """Make a network that is trained with the rounding of its integers.

    It starts as `quantize_model` leaves it: the same graph, the same rulers in the same places.
    BatchNorm is folded into the fake-quantized weights and goes on learning; so do the rulers of
    activations, as moving averages. With `recipe.training.lsq`, all scales are parameters instead:
    those of weights start as the LSQ paper says, those of activations from calibration.

    With `recipe.equalize`, BatchNorm is folded once and for all, because equalization changes the
    folded weights.

    Parameters
    ----------
    model : torch.nn.Module
        With trained weights. It is not changed.
    calibration : batches, one array or a split
        As in `quantize_model`.
    recipe : Recipe
        With its `training` set.

    Raises
    ------
    TypeError, ValueError
        As `quantize_model`; or the recipe has no training, or bias correction or learned rounding
        beside it, which training would undo.

    Examples
    --------
    >>> import numpy as np
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    >>> batches = [np.random.default_rng(0).random((2, 3, 8, 8), dtype=np.float32)]
    >>> qat = prepare_qat(model, batches, Recipe(training=Training(epochs=1)))
    >>> qat.end_epoch()
    >>> convert_qat(qat).weights["_0"].q.dtype
    dtype('int8')
    """
    training = _training_of(recipe)
    start = quantize_model(model, calibration, replace(recipe, training=None))
    network = deepcopy(start.fake_quantized_model).requires_grad_(True)
    _put_layers(network, start, model, recipe)
    _put_rulers(network, start, recipe, training)
    return QATModel(network, replace(start, recipe=recipe), training)


def convert_qat(qat: QATModel) -> QuantizedModel:
    """The integers and rulers that were trained.

    Raises
    ------
    ValueError
        Training has driven a weight or a scale out of float32.
    """
    graph = deepcopy(qat.start.graph)
    with torch.no_grad():
        trained = qat.network.state_dict()
        for name, values in graph.state_dict().items():
            if name in trained:
                values.copy_(trained[name])
        nodes = {node.name: node for node in graph.graph.nodes}
        layers = {
            name: layer
            for name, node in nodes.items()
            if isinstance(layer := _module(qat.network, node), FoldedLayer)
        }
        for name, layer in layers.items():
            _put_folded(graph.get_submodule(str(nodes[name].target)), layer)
        weights = {name: layers[name].integers() for name in qat.start.weights}
    placement = qat.start.placement
    activations = {name: _ruler(qat.network, name).qparams for name in placement.own_qparams}
    activations |= {tensor: activations[root] for tensor, root in placement.shared_qparams.items()}
    return QuantizedModel(graph, placement, activations, weights, qat.start.recipe)


def _training_of(recipe: Recipe) -> Training:
    if recipe.training is None:
        raise ValueError(
            "the recipe has no training, but its schedule is needed: "
            "pass Recipe(training=Training(epochs=...)), or use quantize_model."
        )
    for name in ("bias_correction", "learned_rounding"):
        if getattr(recipe, name) is not None:
            raise ValueError(
                f"the recipe has {name} and training, but training moves the weights that "
                f"{name} was made for: leave one of them out."
            )
    return recipe.training


def _put_layers(
    network: fx.GraphModule, start: QuantizedModel, model: nn.Module, recipe: Recipe
) -> None:
    """Replace quantized layers, and those before a BatchNorm that was folded, by FoldedLayers."""
    batchnorms = {} if recipe.equalize else _folded_batchnorms(start.graph, model)
    for node in start.graph.graph.nodes:
        if node.name not in start.weights and node.name not in batchnorms:
            continue
        pair = batchnorms.get(node.name, (_module(start.graph, node), None))
        layer, batchnorm = (module and deepcopy(module).requires_grad_(True) for module in pair)
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        network.set_submodule(str(node.target), FoldedLayer(layer, batchnorm))


def _folded_batchnorms(
    folded: fx.GraphModule, model: nn.Module
) -> dict[str, tuple[nn.Module | None, nn.Module | None]]:
    """The layers before folding, by node name, each with the BatchNorm that is gone."""
    (source,) = (node for node in folded.graph.nodes if node.op == "placeholder")
    graph = trace_model(model, torch.zeros(source.meta["shape"]))
    kept = {node.name for node in folded.graph.nodes}
    pairs = {}
    for node in graph.graph.nodes:
        if node.name not in kept and isinstance(_module(graph, node), _BatchNorm):
            (layer,) = node.all_input_nodes
            pairs[layer.name] = (_module(graph, layer), _module(graph, node))
    return pairs


def _put_rulers(
    network: fx.GraphModule, start: QuantizedModel, recipe: Recipe, training: Training
) -> None:
    nodes = {node.name: node for node in start.graph.graph.nodes}
    rules = activation_rules(start.graph, start.placement, recipe)
    for name in start.placement.own_qparams:
        qparams, path = start.activations[name], path_of(nodes[name])
        ruler: FakeQuantize = ActivationFakeQuantize(rules[name], qparams, path)
        if training.lsq:
            ruler = LearnedStepSize(qparams, prod(nodes[name].meta["shape"][1:]), path)
        network.set_submodule(_ruler_path(name), ruler)
    for name, rule in weight_rules(start.graph, start.placement, recipe).items():
        layer = _module(network, nodes[name])
        assert isinstance(layer, FoldedLayer)
        source = start.placement.qparams_of(nodes[name].all_input_nodes[0].name)
        assert source is not None, "a quantized layer reads a tensor with a ruler"
        ruler = _weight_ruler(layer, rule, training, path_of(nodes[name]))
        layer.quantize_with(ruler, _ruler(network, source))


def _weight_ruler(layer: FoldedLayer, rule: Rule, training: Training, path: str) -> FakeQuantize:
    weight, _ = layer.folded()
    observed = WeightFakeQuantize(rule, weight, path)
    if not training.lsq:
        return observed
    qparams = initial_qparams(as_array(weight), observed.qparams)
    shared = weight.numel() if qparams.axis is None else weight[0].numel()
    return LearnedStepSize(qparams, shared, path)


def _ruler_path(tensor: str) -> str:
    return f"{tensor}_fake_quantize"


def _ruler(network: fx.GraphModule, tensor: str) -> FakeQuantize:
    found = network.get_submodule(_ruler_path(tensor))
    assert isinstance(found, FakeQuantize)
    return found


def _module(graph: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return graph.get_submodule(str(node.target)) if node.op == "call_module" else None


def _put_folded(module: nn.Module, layer: FoldedLayer) -> None:
    weight, bias = layer.folded()
    module.weight = nn.Parameter(weight.detach().cpu().clone(), requires_grad=False)
    if bias is not None:
        module.bias = nn.Parameter(bias.detach().cpu().clone(), requires_grad=False)


def _reached(epoch: int, after: int | None) -> bool:
    return after is not None and epoch >= after
