"""What OpenVINO runs in INT8: its execution graph, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quantlab.base.machine import machine
from quantlab.deploy.latency.timing import WARM_UPS
from quantlab.deploy.onnx_graph.feeds import checked_feeds, random_feeds
from quantlab.deploy.onnx_graph.graph import Graph, read_graph
from quantlab.deploy.onnx_graph.layer_labels import layer_labels
from quantlab.deploy.onnx_graph.load import AnyModel, as_model
from quantlab.deploy.onnx_graph.macs import macs_of
from quantlab.deploy.openvino.model import compiled_model, require_openvino, run
from quantlab.deploy.precision.islands import BRIDGE, ISLAND, SEA, count_islands
from quantlab.deploy.precision.node_precision import FP32, INT8, LAYOUT
from quantlab.deploy.precision.ran_node import NodePrecision
from quantlab.deploy.precision.report import PrecisionReport, check_runs
from quantlab.deploy.runtime.node_times import middle_mean
from quantlab.deploy.runtime.optimized_graph import multiplies, named, nearest_layer
from quantlab.deploy.runtime.session import open_session

CONVERTING = {"Convert", "FakeQuantize"}
MOVING = CONVERTING | {"Reorder", "Reshape", "Transpose", "Squeeze", "Unsqueeze"}
#: Nodes of the execution graph that hand values over and do not run.
ENDS = {"Const", "Input", "Output"}
RULERS = {"QuantizeLinear", "DequantizeLinear"}


@dataclass(frozen=True)
class ExecutionNode:
    """A node of the execution graph: `originals` are nodes of the file that it does the work of,
    `converts` says that it does nothing but quantize or dequantize."""

    name: str
    operator: str
    kernel: str
    integers: bool
    originals: tuple[str, ...]
    converts: bool
    inputs: tuple[str, ...]

    @property
    def precision(self) -> str:
        if self.operator in MOVING or self.converts:
            return LAYOUT
        return INT8 if self.integers else FP32

    @property
    def role(self) -> str:
        if self.precision == FP32:
            return ISLAND
        return BRIDGE if self.precision == LAYOUT and not self.converts else SEA


def openvino_precision_report(
    model: AnyModel,
    *,
    inputs: Any = None,
    profile: bool = True,
    runs: int = 20,
    threads: int = 1,
) -> PrecisionReport:
    """`precision_report` with OpenVINO in ONNX Runtime's place.

    OpenVINO fuses by rules of its own, so another set of layers may run in FP32. It gives no
    reasons, and neither does this report. `operator` is the kernel's name, "jit_avx2_I8" for
    example, and a layer that was fused into another one has no node of its own.

    Parameters
    ----------
    model, inputs, profile, runs, threads
        As for `precision_report`.

    Returns
    -------
    PrecisionReport

    Raises
    ------
    OpenVINOUnavailable
        The package is not installed, or this is no x86 CPU; a subclass of ImportError.
    ValueError, OSError
        As `precision_report`.
    """
    check_runs(runs)
    require_openvino()
    read = named(as_model(model))
    session = open_session(read, threads)
    feeds = random_feeds(session) if inputs is None else checked_feeds(session, inputs)
    compiled = compiled_model(read, threads)
    source = read_graph(read)
    ran = execution_nodes(compiled, source)
    macs = macs_of(read, {name: array.shape for name, array in feeds.items()})
    seconds = _seconds(compiled, feeds, runs) if profile else None
    return PrecisionReport(
        nodes=_nodes(ran, macs, layer_labels(read, source), seconds),
        islands=count_islands([(n.inputs, (n.name,)) for n in ran], [n.role for n in ran]),
        uncounted=tuple(name for name, count in macs.items() if count is None),
        runs=runs if profile else 0,
        threads=threads,
        runtime="openvino",
        machine=machine(),
    )


def execution_nodes(compiled: Any, source: Graph) -> tuple[ExecutionNode, ...]:
    """The nodes that run at every inference, in order.

    Parameters
    ----------
    compiled : openvino.CompiledModel
    source : Graph
        The model it was compiled from.
    """
    operators = {node.name: node.operator for node in source.nodes}
    constant: set[str] = set()
    converts: set[str] = set()
    found = []
    for op in compiled.get_runtime_model().get_ordered_ops():
        name, facts = op.get_friendly_name(), op.get_rt_info()
        operator = _text(facts, "layerType")
        inputs = tuple(
            op.input_value(i).get_node().get_friendly_name() for i in range(op.get_input_size())
        )
        if operator == "Const" or (inputs and constant.issuperset(inputs)):
            constant.add(name)  # computed once, when the model is compiled
            continue
        if operator in ENDS:
            continue
        originals = _known(_text(facts, "originalLayersNames").split(","), operators)
        # What is left of a DequantizeLinear: Convert, then a subtraction and a multiplication.
        dequantizes = operator == "Eltwise" and not originals and converts.intersection(inputs)
        if operator in CONVERTING or dequantizes:
            converts.add(name)
        rulers_only = bool(originals) and all(operators[n] in RULERS for n in originals)
        found.append(
            ExecutionNode(
                name=name,
                operator=operator,
                kernel=_text(facts, "primitiveType"),
                integers=_text(facts, "runtimePrecision") in ("u8", "i8"),
                originals=originals,
                converts=rulers_only or name in converts,
                inputs=inputs,
            )
        )
    return _with_layers(found, source)


def _text(facts: Any, key: str) -> str:
    return str(facts[key].astype(str))


def _known(given: Sequence[str], operators: Mapping[str, str]) -> tuple[str, ...]:
    """Nodes of the file among the names given; OpenVINO appends parts to some, behind a slash."""
    found: dict[str, None] = {}
    for name in given:
        while name not in operators and "/" in name:
            name = name.rpartition("/")[0]
        if name in operators:
            found[name] = None  # each once, in order
    return tuple(found)


def _with_layers(ran: Sequence[ExecutionNode], source: Graph) -> tuple[ExecutionNode, ...]:
    """With the layer added to a node that bears only the names of what was folded into it."""
    nodes = {node.name: node for node in source.nodes}
    writers = {tensor: node.name for node in source.nodes for tensor in node.outputs}
    found = []
    for node in ran:
        named = any(multiplies(nodes[name].operator) for name in node.originals)
        if multiplies(node.operator) and node.originals and not named:
            layer = nearest_layer(nodes, writers, node.originals[0])
            node = replace(node, originals=(layer, *node.originals)) if layer else node
        found.append(node)
    return tuple(found)


def _nodes(
    ran: Sequence[ExecutionNode],
    macs: Mapping[str, int | None],
    labels: Mapping[str, str],
    seconds: Mapping[str, float] | None,
) -> tuple[NodePrecision, ...]:
    found = []
    for node in ran:
        counted = [name for name in node.originals if name in macs]
        layer = next(iter([*counted, *node.originals]), "")
        found.append(
            NodePrecision(
                name=node.name,
                operator=node.kernel,
                layer=layer,
                label=labels.get(layer, ""),
                precision=node.precision,
                macs=sum(macs[name] or 0 for name in counted),
                seconds=None if seconds is None else seconds.get(node.name, 0.0),
                kind="",
                reason="",
            )
        )
    return tuple(found)


def _seconds(compiled: Any, feeds: Mapping[str, np.ndarray], runs: int) -> dict[str, float]:
    """Seconds of each node that ran: the mean of the middle half of the runs."""
    times: dict[str, list[float]] = {}
    request = compiled.create_infer_request()
    for done in range(WARM_UPS + runs):
        _, ran = run(request, feeds)
        for node in ran if done >= WARM_UPS else ():
            times.setdefault(node.node_name, []).append(node.real_time.total_seconds())
    return {name: middle_mean(measured) for name, measured in times.items()}
