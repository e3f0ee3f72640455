"""What one layer reads and what it gives, for a batch of images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from quantlab.methods.graph.batches import as_batch
from quantlab.methods.graph.layer_names import find_layers
from quantlab.methods.graph.operators import path_of
from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.quantized_model import QuantizedModel


@dataclass(frozen=True, eq=False)
class LayerTensors:
    """The tensors around one layer.

    Attributes
    ----------
    name : str
        The layer, as every report names it.
    inputs : tuple of float32 arrays
        The tensors that it reads, in order: one for a convolution, two for a sum, also of a tensor
        with itself.
    output : float32 array
    """

    name: str
    inputs: tuple[np.ndarray, ...]
    output: np.ndarray


def layer_tensors(model: nn.Module | QuantizedModel, x: Any, layer: str) -> LayerTensors:
    """Run a model and keep what one layer reads and gives.

    Parameters
    ----------
    model : torch.nn.Module or QuantizedModel
        A module is traced as `trace_model` does it. With a QuantizedModel the tensors are those of
        its integers: `quantize(inputs[0], model.activations[...])` has no rounding left to do. The
        output is on the layer's ruler; a layer whose Relu is done by the ruler gives what comes
        before both, as in the float model, and the Relu's name gives what comes behind.
        `layer_tensors(quantized.graph, x, layer)` is the same layer in the float network.
    x : float32 array or tensor (N, C, H, W)
    layer : str
        Any name of one layer.

    Raises
    ------
    TypeError
        `model` is neither, or x no float32 batch.
    ValueError
        No layer of that name, or several; the model cannot be traced, or does not run on x.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    >>> seen = layer_tensors(net, np.ones((2, 3, 8, 8), np.float32), "0")
    >>> seen.inputs[0].shape, seen.output.shape
    ((2, 3, 8, 8), (2, 4, 6, 6))
    """
    batch = as_batch(x, "x")
    graph = model.graph if isinstance(model, QuantizedModel) else trace_model(model, batch)
    found = find_layers(graph, [layer], "layer")
    if len(found) > 1:
        paths = [path_of(node) for node in graph.graph.nodes if node.name in found]
        raise ValueError(
            f"layer names {layer!r}, which stands for {len(found)} layers: name one of "
            f"{', '.join(paths)}."
        )
    run = model.fake_quantized_model if isinstance(model, QuantizedModel) else graph
    watcher = _Watcher(run, *found)
    with torch.no_grad():
        watcher.run(batch)
    (path,) = (path_of(node) for node in graph.graph.nodes if node.name in found)
    return LayerTensors(path, watcher.read, watcher.made)


class _Watcher(fx.Interpreter):
    """Runs a graph and keeps what one node reads, and what it or its FakeQuantize layer gives."""

    read: tuple[np.ndarray, ...]
    made: np.ndarray

    def __init__(self, graph: fx.GraphModule, name: str) -> None:
        super().__init__(graph)
        self._name = name

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.name == self._name:
            sources: list[fx.Node] = []
            fx.node.map_arg((n.args, n.kwargs), sources.append)
            tensors = [self.env[source] for source in sources]
            self.read = tuple(t.numpy() for t in tensors if isinstance(t, torch.Tensor))
        if n.name in (self._name, f"{self._name}_fake_quantize"):
            self.made = value.numpy()
        return value
