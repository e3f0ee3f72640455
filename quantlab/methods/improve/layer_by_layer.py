"""Go through a quantized network layer by layer, with all calibration data, and change weights."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import fx

from quantlab.methods.graph.batches import checked_batches
from quantlab.methods.improve.layers import layer_of, output_of
from quantlab.methods.ptq.weights import QuantizedWeight
from quantlab.methods.quantized_model import QuantizedModel, fake_quantized_graph, put_weights
from quantlab.numerics import QParams


@dataclass(frozen=True, eq=False)
class LayerAtWork:
    """A quantized layer, what it reads, and what it should give.

    Parameters
    ----------
    node : torch.fx.Node
        Of the float graph.
    graph : torch.fx.GraphModule
        The float graph.
    fused : torch.fx.Node or None
        The Relu or clip that the layer's ruler does.
    weight : QuantizedWeight
    x : QParams
        The ruler of the layer's input.
    inputs : list of float32 tensors, one a batch
        As the layers before it give them, after their quantization and every change made to them.
    targets : list of float32 tensors, one a batch
        What the layer gives in the float network, before the fused operator.
    """

    node: fx.Node
    graph: fx.GraphModule
    fused: fx.Node | None
    weight: QuantizedWeight
    x: QParams
    inputs: list[torch.Tensor]
    targets: list[torch.Tensor]

    def output(self, weight: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """What the layer gives for x with these weights, before the fused operator."""
        bias = self.weight.dequantized_bias
        tensor = None if bias is None else torch.from_numpy(bias)
        return output_of(layer_of(self.graph, self.node), weight, tensor, x)

    def activation(self, y: torch.Tensor) -> torch.Tensor:
        """The fused operator on y; y itself where there is none."""
        if self.fused is None:
            return y
        arguments, settings = fx.map_arg((self.fused.args, self.fused.kwargs), lambda _: y)
        run = fx.Interpreter(self.graph, garbage_collect_values=False)
        return getattr(run, self.fused.op)(self.fused.target, arguments, settings)


def layer_by_layer(
    model: QuantizedModel,
    calibration: Iterable[Any],
    decide: Callable[[LayerAtWork], QuantizedWeight],
) -> QuantizedModel:
    """A model whose weights are what `decide` makes of each layer, first to last.

    Every layer is decided on with the inputs that the layers before it give after they were decided
    on. All batches go through the float and the quantized network side by side, operator by
    operator; a tensor is forgotten after its last reader. So the memory is that of all batches at
    the widest place of the network, twice.

    Parameters
    ----------
    model : QuantizedModel
        It is not changed, also when this is interrupted.
    calibration : iterable of float32 arrays or tensors (N, C, H, W)
    decide : function of LayerAtWork

    Raises
    ------
    TypeError, ValueError
        As `checked_batches`.
    """
    batches = list(checked_batches(calibration, model.graph))
    simulation = fake_quantized_graph(
        model.graph, model.placement, model.activations, model.weights
    )
    in_float, quantized = _SideBySide(model.graph, batches), _SideBySide(simulation, batches)
    originals = {node.name: node for node in model.graph.graph.nodes}
    weights = dict(model.weights)
    with torch.no_grad():
        for node in simulation.graph.nodes:
            original = originals.get(node.name)  # None for a FakeQuantize layer
            if original is not None:
                in_float.advance(original)
            if original is not None and node.name in weights:
                layer = _at_work(model, original, quantized.of(node.all_input_nodes[0]), in_float)
                weights[node.name] = decide(layer)
                put_weights(simulation.get_submodule(str(node.target)), weights[node.name])
            quantized.advance(node)
    return replace(model, weights=weights)


def _at_work(
    model: QuantizedModel, node: fx.Node, inputs: list[torch.Tensor], in_float: "_SideBySide"
) -> LayerAtWork:
    fused = model.placement.fused.get(node.name)
    return LayerAtWork(
        node=node,
        graph=model.graph,
        fused=next((other for other in model.graph.graph.nodes if other.name == fused), None),
        weight=model.weights[node.name],
        x=model.activations[node.all_input_nodes[0].name],
        inputs=inputs,
        targets=in_float.of(node),
    )


class _SideBySide:
    """One graph on many batches, a node at a time."""

    def __init__(self, graph: fx.GraphModule, batches: list[torch.Tensor]) -> None:
        self._runs = [fx.Interpreter(graph) for _ in batches]
        for run, batch in zip(self._runs, batches, strict=True):
            run.args_iter = iter([batch])

    def advance(self, node: fx.Node) -> None:
        for run in self._runs:
            run.env[node] = run.run_node(node)
            for dead in run.user_to_last_uses.get(node, []):
                del run.env[dead]

    def of(self, node: fx.Node) -> list[torch.Tensor]:
        return [run.env[node] for run in self._runs]
