"""Calibration: show the network typical images and note the range of every tensor."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sized
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
from quantlab.methods.rule import Rule
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

    The quantized network reads a picture clipped to the input's ruler. Where that ruler leaves out
    a value that lies far beyond it, one hot pixel at 4,000, the tensors behind the input would be
    measured on what they never meet; the batches are then read a second time, clipped. A value is
    far if the ruler would have to be more than twice as long to hold it.

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
    watcher = _watched(graph, rules, batches, progress)
    rulers = watcher.rulers()
    far = watcher.beyond(rulers)
    if far is not None and isinstance(batches, Iterator):
        _warn_of(far, rulers[watcher.input])
    elif far is not None:
        ruler = rulers[watcher.input]
        again = _watched(graph, rules, batches, progress, clipped_to=ruler)
        rulers = again.rulers() | {watcher.input: ruler}
    return rulers | {tensor: rulers[root] for tensor, root in placement.shared_qparams.items()}


def _watched(
    graph: fx.GraphModule,
    rules: Mapping[str, Rule],
    batches: Iterable[Any],
    progress: bool,
    clipped_to: QParams | None = None,
) -> "_Watcher":
    """The watcher after all batches, each clipped to the ruler `clipped_to` first."""
    watcher = _Watcher(graph, {name: rule.make_observer() for name, rule in rules.items()})
    total = len(batches) if isinstance(batches, Sized) else None
    doing = "calibrating" if clipped_to is None else "calibrating, clipped"
    with torch.no_grad(), counting(doing, total, progress) as count:
        for x in checked_batches(batches, graph):
            if clipped_to is not None:
                x = x.clamp(float(clipped_to.lo), float(clipped_to.hi))
            try:
                watcher.run(x)
            except ValueError:
                _refuse_not_finite(graph, x)
                raise
            count()
    return watcher


def _warn_of(far: float, ruler: QParams) -> None:
    warnings.warn(
        f"the calibration data hold {far:g}, far beyond the input's ruler, which ends at "
        f"{ruler.lo:g} and {ruler.hi:g}. The tensors behind the input were measured with that "
        f"value: pass a list or a loader, not a generator, so that the batches can be read again "
        f"with it clipped, or leave that image out.",
        stacklevel=3,
    )


class _Watcher(fx.Interpreter):
    """Runs the graph and shows each observer its tensor."""

    def __init__(self, graph: fx.GraphModule, observers: dict[str, Observer]) -> None:
        super().__init__(graph)
        self._observers = observers
        self.extra_traceback = False  # torch would add its own pages to our sentence
        (self.input,) = (node.name for node in graph.graph.nodes if node.op == "placeholder")
        self._seen = (0.0, 0.0)  # a ruler holds 0, whatever was seen

    def rulers(self) -> dict[str, QParams]:
        return {name: observer.qparams() for name, observer in self._observers.items()}

    def beyond(self, rulers: Mapping[str, QParams]) -> float | None:
        """The input's value that lies farther beyond its ruler than this is long, if one does."""
        if self.input not in rulers:
            return None
        lo, hi = float(rulers[self.input].lo), float(rulers[self.input].hi)
        low, high = self._seen
        beyond, value = max((lo - low, low), (high - hi, high))
        return value if beyond > hi - lo else None

    def run(self, *args: Any, **kwargs: Any) -> Any:
        (x,) = args
        low, high = self._seen
        self._seen = min(low, float(x.min())), max(high, float(x.max()))
        return super().run(*args, **kwargs)

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
