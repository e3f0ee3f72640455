"""Where the time goes: the first runs of a session, and FP32 beside INT8 by class of operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from quantlab.base.progress import counting
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.deploy import open_session, precision_report
from quantlab.deploy.onnx_graph.graph import Node, read_graph
from quantlab.deploy.onnx_graph.load import AnyModel, as_model

LATER_RUNS, RUNS_OF_A_ROUND = 15, 4
OTHER = "everything else, conversions too"


def first_runs(models: Mapping[str, AnyModel], x: np.ndarray, threads: int = 1) -> Listing:
    """Milliseconds to open a session, of its first run, and of the median of 15 later runs."""
    rows = []
    for name, model in models.items():
        started = perf_counter()
        session = open_session(model, threads)
        times = [perf_counter() - started]
        for _ in range(1 + LATER_RUNS):
            started = perf_counter()
            session.run(None, {session.get_inputs()[0].name: x})
            times.append(perf_counter() - started)
        opened, first, *later = (1e3 * t for t in times)
        rows.append({"model": name, "opened": opened, "first": first, "later": median(later)})
    columns = (
        Column("model", "model"),
        Column("open (ms)", "opened", ".1f"),
        Column("first run (ms)", "first", ".1f"),
        Column("later, median (ms)", "later", ".1f"),
    )
    return Listing(f"A new session, {threads} thread(s)", Table(columns, tuple(rows)))


def speed_by_class(fp32: AnyModel, int8: AnyModel, x: np.ndarray, rounds: int = 5) -> Listing:
    """Time of each class of operator in FP32 and in INT8, by the runtime's profiler.

    Both files are profiled in turn, `rounds` times. A class's time is the median over the rounds of
    the sum over its nodes; the range is that of the rounds' own ratios. A convolution counts with
    what was fused to it. What has no class, additions and conversions among them, stands together
    at the end.

    Parameters
    ----------
    fp32, int8 : path or onnx.ModelProto
        One network, exported by `export_onnx` both times: layers have the same names.
    x : array
        What they are run with.
    rounds : int
        1 or more; each takes about a second.
    """
    classes = operator_classes(fp32)
    times: list[list[dict[str, float]]] = []
    with counting("profiling", 2 * rounds, True) as done:
        for _ in range(rounds):
            pair = []
            for model in (fp32, int8):
                pair.append(_seconds(model, x, classes))
                done()
            times.append(pair)
    return class_table(times, classes)


def operator_classes(model: AnyModel) -> dict[str, str]:
    """Name of each convolution's node to its class, in the order of the graph."""
    graph = read_graph(as_model(model))
    shapes = {name: array.shape for name, array in graph.constants.items()}
    return {n.name: _class_of(n, shapes) for n in graph.nodes if n.operator == "Conv"}


def class_table(
    times: Sequence[Sequence[Mapping[str, float]]], classes: Mapping[str, str]
) -> Listing:
    """The table of measured rounds: of each, seconds by class in FP32 and in INT8."""
    layers = {kind: list(classes.values()).count(kind) for kind in classes.values()}
    rows: list[dict[str, Any]] = []
    for kind in (*layers, OTHER):
        fp32, int8 = ([one[side].get(kind, 0.0) for one in times] for side in (0, 1))
        ratios = [f / i for f, i in zip(fp32, int8, strict=True) if i]
        rows.append(
            {
                "class": kind,
                "layers": layers.get(kind),
                "fp32": 1e3 * median(fp32),
                "int8": 1e3 * median(int8),
                "ratio": median(fp32) / median(int8) if median(int8) else None,
                "low": min(ratios, default=None),
                "high": max(ratios, default=None),
            }
        )
    columns = (
        Column("operator", "class"),
        Column("layers", "layers", ","),
        Column("FP32 (ms)", "fp32", ".2f"),
        Column("INT8 (ms)", "int8", ".2f"),
        Column("speed-up (×)", "ratio", ".2f"),
        Column(f"in {len(times)} rounds", ("low", "high"), ".2f"),
    )
    note = "By the profiler, 1 thread, both files in turn; it adds a few µs to each node."
    return Listing("FP32 and INT8, by class of operator", Table(columns, tuple(rows)), (note,))


def _seconds(model: AnyModel, x: np.ndarray, classes: Mapping[str, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for node in precision_report(model, inputs=x, runs=RUNS_OF_A_ROUND).nodes:
        computes = node.precision != "layout"
        kind = classes.get(node.layer, OTHER) if computes else OTHER
        found[kind] = found.get(kind, 0.0) + (node.seconds or 0.0)
    return found


def _class_of(node: Node, shapes: Mapping[str, tuple[int, ...]]) -> str:
    _, per_group, tall, broad = shapes[node.inputs[1]]
    size = f"{tall}×{broad}"
    if node.attributes.get("group", 1) > 1 and per_group == 1:
        return f"depthwise {size}"
    return f"stem {size}" if per_group == 3 else f"convolution {size}"
