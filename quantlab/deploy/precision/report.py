"""precision_report: what really runs in INT8, what does not and why, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quantlab.base.machine import machine, machine_line
from quantlab.base.report import Listing, Report
from quantlab.base.table import Table
from quantlab.deploy.onnx_graph.feeds import checked_feeds, random_feeds
from quantlab.deploy.onnx_graph.layer_labels import layer_labels
from quantlab.deploy.onnx_graph.load import AnyModel, as_model
from quantlab.deploy.onnx_graph.macs import macs_of
from quantlab.deploy.onnx_graph.properties import FLOAT_LAYERS, read_property
from quantlab.deploy.precision.node_precision import FP32, INT8, LAYOUT
from quantlab.deploy.precision.nodes_that_run import nodes_that_run
from quantlab.deploy.precision.ran_node import NodePrecision
from quantlab.deploy.precision.tables import by_kind, by_node, by_precision, some_of
from quantlab.deploy.runtime.optimized_graph import named, optimized_graph
from quantlab.deploy.runtime.session import open_session


@dataclass(frozen=True, repr=False)
class PrecisionReport(Report):
    """Every node that runs for a model. Shows a summary with what is in FP32 and why.

    Attributes
    ----------
    nodes : tuple of NodePrecision
        In the order in which they run.
    islands : int
        Groups of FP32 nodes that hand each other floats: around each, numbers are converted.
    inside : tuple of str
        Every graph inside a node that runs, "If 'check', then_branch" for example. Its nodes are
        among `nodes`; whether and how often they run is decided while the model runs.
    uncounted : tuple of str
        Layers whose MACs are not known, for want of a shape; they count as 0.
    runs, threads : int
        How the times were measured; `runs` is 0 where they were not.
    runtime : str
        The package that ran it: "onnxruntime" or "openvino".
    machine : dict
        What `quantlab.base.machine.machine()` says.
    """

    nodes: tuple[NodePrecision, ...]
    islands: int
    uncounted: tuple[str, ...]
    runs: int
    threads: int
    runtime: str
    machine: Mapping[str, Any]
    inside: tuple[str, ...] = ()

    def count(self, precision: str) -> int:
        """How many nodes run in a precision."""
        return len(self._of(precision))

    def macs(self, precision: str | None = None) -> int:
        """Multiply-accumulates of one inference, all or those in a precision."""
        return sum(node.macs for node in self._of(precision))

    def seconds(self, precision: str | None = None) -> float | None:
        """Time of one inference as the sum over nodes; None where nothing was measured."""
        if not self.runs:
            return None
        return sum(node.seconds or 0.0 for node in self._of(precision))

    def macs_share(self, precision: str) -> float:
        """Share of the multiply-accumulates done in a precision, 0 to 1."""
        return self.macs(precision) / self.macs() if self.macs() else 0.0

    def time_share(self, precision: str) -> float | None:
        """Share of the measured time, 0 to 1; None where nothing was measured."""
        total, part = self.seconds(), self.seconds(precision)
        if total is None or part is None:
            return None
        return part / total if total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "summary": {
                precision: {
                    "nodes": self.count(precision),
                    "macs": self.macs(precision),
                    "macs_share": self.macs_share(precision),
                    "seconds": self.seconds(precision),
                    "time_share": self.time_share(precision),
                }
                for precision in (INT8, LAYOUT, FP32)
            },
            "islands": self.islands,
            "inside": list(self.inside),
            "uncounted": list(self.uncounted),
            "runs": self.runs,
            "threads": self.threads,
            "runtime": self.runtime,
            "nodes": [asdict(node) for node in self.nodes],
            **self.machine,
        }

    @property
    def summary(self) -> str:
        return (
            f"{self.count(INT8)} of {len(self.nodes)} nodes run in INT8, with "
            f"{100 * self.macs_share(INT8):.1f} % of the MACs; {self.count(FP32)} in FP32"
        )

    def tables(self) -> tuple[Table, ...]:
        timed = bool(self.runs)
        return by_precision(self.nodes, timed), by_kind(self.nodes, timed)

    def by_node(self) -> Listing:
        """Every node that runs, in order."""
        return Listing(self.summary, by_node(self.nodes, bool(self.runs)), self.notes)

    @property
    def notes(self) -> tuple[str, ...]:
        notes = [
            f"FP32 islands: {self.islands} (groups of FP32 nodes, with conversions around each)"
        ]
        if self.inside:
            notes.append(
                f"Inside {some_of(self.inside)}: these nodes are counted once each, whether they "
                "run or not; their time is that of the node around them."
            )
        if self.uncounted:
            notes.append(f"MACs not known, counted as 0: {some_of(self.uncounted)}")
        if self.runs:
            threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
            notes.append(f"µs a run, by the profiler, which adds some: {self.runs} runs, {threads}")
        return (*notes, machine_line(self.machine, self.runtime))

    def _of(self, precision: str | None) -> list[NodePrecision]:
        return [node for node in self.nodes if precision in (None, node.precision)]


def precision_report(
    model: AnyModel,
    *,
    inputs: Any = None,
    profile: bool = True,
    runs: int = 20,
    threads: int = 1,
) -> PrecisionReport:
    """Let ONNX Runtime optimize a model and say, node by node, what became of it.

    The nodes are those of ONNX Runtime's own optimized graph. An FP32 node gets the reason why it
    was not fused into an integer kernel, and its share of the work: multiply-accumulates from the
    shapes, time from the runtime's profiler. The profiler adds a few microseconds to every
    node, so the sum over many small nodes is longer than a run without it.

    Parameters
    ----------
    model : path or onnx.ModelProto
        Any model; an FP32 one is reported as such.
    inputs : array, or mapping of input name to array, optional
        What to run it with, and the shapes to count for. By default noise, one image.
    profile : bool
        False leaves the time out and runs nothing.
    runs : int
        Runs to measure, 1 or more, after two of warm-up. The time of a node is the mean of the
        middle half.
    threads : int
        Threads of ONNX Runtime, 1 or more.

    Returns
    -------
    PrecisionReport

    Raises
    ------
    ValueError
        A setting out of range, inputs that do not fit or, where a dimension has no size, are
        missing, or a model that ONNX Runtime refuses.
    OSError
        The file cannot be read.

    Examples
    --------
    `print(precision_report("net_int8.onnx"))`
    """
    check_runs(runs)
    read = named(as_model(model))
    session = open_session(read)
    feeds = random_feeds(session) if inputs is None else checked_feeds(session, inputs)
    ran = optimized_graph(read, feeds, runs=runs if profile else 0, threads=threads)
    macs = macs_of(read, {name: array.shape for name, array in feeds.items()})
    input_types = {entry.name: entry.type.tensor_type.elem_type for entry in read.graph.input}
    nodes, islands, inside = nodes_that_run(
        ran, input_types, macs, layer_labels(read, ran.source), read_property(read, FLOAT_LAYERS)
    )
    return PrecisionReport(
        nodes=nodes,
        islands=islands,
        inside=inside,
        uncounted=tuple(name for name, count in macs.items() if count is None),
        runs=runs if profile else 0,
        threads=threads,
        runtime="onnxruntime",
        machine=machine(),
    )


def check_runs(runs: int) -> None:
    """Refuse what is no number of runs."""
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < 1:
        raise ValueError(f"runs is {runs!r}, but a time needs at least one run: pass runs=20.")
