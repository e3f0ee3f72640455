"""Calibration: show the network typical images and note the range of every tensor."""

from collections.abc import Sized
from typing import Any

import torch
from torch import fx

from quantlab.base.progress import counting
from quantlab.methods.graph.batches import checked_batches
from quantlab.methods.graph.calibration_data import calibration_batches
from quantlab.methods.graph.operators import path_of
from quantlab.methods.ptq.activation_rules import activation_rules
from quantlab.methods.ptq.placement import Placement
from quantlab.methods.recipe import Recipe
from quantlab.numerics import QParams
from quantlab.numerics.observers.observer import Observer


def calibrate(
    graph: fx.GraphModule,
    placement: Placement,
    batches: Any,
    recipe: Recipe,
    *,
    progress: bool = False,
) -> dict[str, QParams]:
    """Run the float network on every batch and lay a ruler over what each tensor was.

    Streams: one batch and one observer a tensor are held. Nothing is returned before the last batch
    was seen, so that an interruption leaves nothing half-done.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        It is not changed.
    placement : Placement
        Which tensors get a ruler.
    batches : iterable of float32 arrays or tensors (N, C, H, W), or one of them
        N may differ, the rest is the shape the graph was traced with. Prepared exactly as the
        images the model is used with.
    recipe : Recipe
        Its `activations` and `tensors` are the observers.
    progress : bool
        Show a bar on stderr.

    Returns
    -------
    dict of str to QParams
        For every tensor with a ruler, shared ones included.

    Raises
    ------
    TypeError
        A batch is no float32 array or tensor; a validation or test split.
    ValueError
        No batches, a batch of another shape, or a layer that gives NaN or infinity.
    """
    batches = calibration_batches(batches)
    rules = activation_rules(graph, placement, recipe)
    observers = {name: rule.make_observer() for name, rule in rules.items()}
    watcher = _Watcher(graph, observers)
    total = len(batches) if isinstance(batches, Sized) else None
    with torch.no_grad(), counting("calibrating", total, progress) as count:
        for x in checked_batches(batches, graph):
            try:
                watcher.run(x)
            except ValueError:
                _refuse_not_finite(graph, x)
                raise
            count()
    rulers = {name: observer.qparams() for name, observer in observers.items()}
    return rulers | {tensor: rulers[root] for tensor, root in placement.shared_qparams.items()}


class _Watcher(fx.Interpreter):
    """Runs the graph and shows each observer its tensor."""

    def __init__(self, graph: fx.GraphModule, observers: dict[str, Observer]) -> None:
        super().__init__(graph)
        self._observers = observers
        self.extra_traceback = False  # torch would add its own pages to our sentence

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.name in self._observers:
            try:
                self._observers[n.name].partial_fit(value.numpy())
            except ValueError as error:
                raise ValueError(f"at layer {path_of(n)}: {error}") from error
        return value


def _refuse_not_finite(graph: fx.GraphModule, x: torch.Tensor) -> None:
    """Name the first layer that gives NaN or infinity, if one does: it need not have a ruler."""
    run = fx.Interpreter(graph, garbage_collect_values=False)
    run.run(x)
    for node in graph.graph.nodes:
        value = run.env.get(node)
        if not isinstance(value, torch.Tensor) or torch.isfinite(value).all():
            continue
        if node.op == "placeholder":
            raise ValueError(
                "a calibration batch holds NaN or infinity: check how the images are prepared."
            )
        raise ValueError(
            f"layer {path_of(node)} gives NaN or infinity on a calibration batch, though what it "
            f"reads is finite: check its weights and the scale of its inputs."
        )
