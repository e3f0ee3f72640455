"""QuantizedModel: a network as integers and rulers, as a frozen value."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.base.report import Report
from quantlab.base.table import Column, Row, Table
from quantlab.methods.fake_quantize import FakeQuantize
from quantlab.methods.graph.batches import as_batch
from quantlab.methods.graph.operators import OnnxOperator, is_operator, operator_of, path_of
from quantlab.methods.ptq.placement import FloatLayer, Placement
from quantlab.methods.ptq.weights import QuantizedWeight
from quantlab.methods.recipe import Recipe
from quantlab.numerics import QParams


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedModel(Report):
    """What `quantize_model` returns: all that an exporter or a simulator needs.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        The FP32 network after folding and equalization: what the integers are to come close to.
        Learned rounding and bias correction change `weights` only.
    placement : Placement
        Which tensors have a ruler and which layers stay float.
    activations : mapping of str to QParams
        The ruler of every tensor that has one, by node name; shared rulers included.
    weights : mapping of str to QuantizedWeight
        The integers of every quantized convolution and linear layer, by node name.
    recipe : Recipe
        What it was made with.
    """

    graph: fx.GraphModule
    placement: Placement
    activations: Mapping[str, QParams]
    weights: Mapping[str, QuantizedWeight]
    recipe: Recipe

    def __post_init__(self) -> None:
        object.__setattr__(self, "activations", FrozenMapping(self.activations))
        object.__setattr__(self, "weights", FrozenMapping(self.weights))

    @property
    def summary(self) -> str:
        widths = sorted({weight.qparams.dtype for weight in self.weights.values()})
        return (
            f"{len(self.weights)} layers with {' and '.join(widths) or 'no'} weights, "
            f"{len(self.placement.own_qparams)} rulers, {len(self.float_layers)} float layers, "
            f"{self.nbytes:,} bytes"
        )

    def tables(self) -> tuple[Table, ...]:
        """One row an operator: its weights, and the ruler that its output is read with."""
        reasons = {layer.name: layer.reason for layer in self.float_layers}
        rows = tuple(
            self._row(node, reasons.get(node.name))
            for node in self.graph.graph.nodes
            if is_operator(node)
        )
        columns = (
            Column("layer", "layer"),
            Column("operator", "operator"),
            Column("weights", "weights"),
            Column("bytes", "bytes", ","),
            Column("output", "output"),
            Column("range", ("low", "high"), ".4g"),
            Column("stays float because", "reason"),
        )
        return (Table(columns, rows),)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what is shown, and the recipe. Integers are not in it."""
        return {**super().to_dict(), "recipe": self.recipe.to_dict()}

    def _row(self, node: fx.Node, reason: str | None) -> Row:
        weight = self.weights.get(node.name)
        tensor = self.placement.qparams_of(self.placement.fused.get(node.name, node.name))
        output = None if tensor is None else self.activations[tensor]
        operator = operator_of(self.graph, node)
        return {
            "layer": path_of(node),
            "operator": operator.kind if isinstance(operator, OnnxOperator) else operator.name,
            "weights": weight and f"{weight.qparams.dtype} {_granularity(weight.qparams)}",
            "bytes": weight and weight.nbytes,
            "output": output and output.dtype,
            "low": None if output is None else float(output.lo),
            "high": None if output is None else float(output.hi),
            "reason": reason,
        }

    @property
    def float_layers(self) -> tuple[FloatLayer, ...]:
        """The layers that stay float, each with the reason."""
        return self.placement.float_layers

    @property
    def nbytes(self) -> int:
        """Bytes of all parameters: integers packed at their width, scales, biases, float layers."""
        quantized = sum(weight.nbytes for weight in self.weights.values())
        inside = {
            id(parameter)
            for node in self.graph.graph.nodes
            if node.name in self.weights
            for parameter in self.graph.get_submodule(str(node.target)).parameters()
        }
        rest = [*self.graph.parameters(), *self.graph.buffers()]
        return quantized + sum(tensor.nbytes for tensor in rest if id(tensor) not in inside)

    def __call__(self, x: Any) -> Any:
        """Run the network as the integers would, in float arithmetic.

        Every tensor that has a ruler is fake-quantized, every weight and bias is what its integers
        stand for. Sums are float32, so a value next to a tie can fall to the other side than in an
        integer runtime; `quantlab.deploy.simulator.simulate` equals the runtime bit for bit.

        Parameters
        ----------
        x : float32 array or tensor (N, C, H, W)

        Returns
        -------
        The model's output: arrays where x is an array, tensors where it is a tensor.

        Raises
        ------
        TypeError, ValueError
            x is no float32 batch, or of another shape than the model was traced with.
        """
        batch = as_batch(x, "x")
        (source,) = (node for node in self.graph.graph.nodes if node.op == "placeholder")
        if batch.shape[1:] != source.meta["shape"][1:]:
            expected = ", ".join(map(str, ("N", *source.meta["shape"][1:])))
            raise ValueError(
                f"x has shape {tuple(batch.shape)}, but the model was quantized for ({expected}): "
                f"bring the images to that size."
            )
        with torch.no_grad():
            outputs = self.fake_quantized_model(batch)
        if isinstance(x, torch.Tensor):
            return outputs
        return fx.node.map_aggregate(outputs, _as_array)

    @cached_property
    def fake_quantized_model(self) -> fx.GraphModule:
        """The graph that `__call__` runs: FakeQuantize layers after the nodes that have a ruler."""
        return fake_quantized_graph(self.graph, self.placement, self.activations, self.weights)


def fake_quantized_graph(
    graph: fx.GraphModule,
    placement: Placement,
    activations: Mapping[str, QParams],
    weights: Mapping[str, QuantizedWeight],
) -> fx.GraphModule:
    """A copy of `graph` with FakeQuantize layers and the weights that the integers stand for.

    The layer after node `x` is called `x_fake_quantize`. A tensor that shares another's ruler
    holds only its values already, and gets none.
    """
    quantized = deepcopy(graph)
    for node in list(quantized.graph.nodes):
        if node.name in weights:
            put_weights(quantized.get_submodule(str(node.target)), weights[node.name])
        if node.name in placement.own_qparams:
            name = f"{node.name}_fake_quantize"
            quantized.add_submodule(name, FakeQuantize(activations[node.name]))
            with quantized.graph.inserting_after(node):
                after = quantized.graph.call_module(name, (node,))
            node.replace_all_uses_with(after, lambda user, own=after: user is not own)
    quantized.recompile()
    return quantized


def put_weights(module: nn.Module, weight: QuantizedWeight) -> None:
    """Give a layer the weights and the bias that the integers stand for."""
    module.weight = nn.Parameter(torch.from_numpy(weight.dequantized), requires_grad=False)
    bias = weight.dequantized_bias
    if bias is not None:
        module.bias = nn.Parameter(torch.from_numpy(bias), requires_grad=False)


def _granularity(qparams: QParams) -> str:
    return "per-tensor" if qparams.axis is None else "per-channel"


def _as_array(value: Any) -> Any:
    return np.asarray(value.numpy()) if isinstance(value, torch.Tensor) else value
