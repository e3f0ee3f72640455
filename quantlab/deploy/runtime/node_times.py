"""How long each node of a graph runs, by ONNX Runtime's own profiler."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from quantlab.deploy.latency.timing import WARM_UPS
from quantlab.deploy.onnx_graph.graph import Node
from quantlab.deploy.runtime.create_session import run_session

MICROSECOND = 1e-6
EVENT_SUFFIX = "_kernel_time"


def node_seconds(
    session: ort.InferenceSession,
    feeds: Mapping[str, np.ndarray],
    nodes: Sequence[Node],
    runs: int,
) -> tuple[float, ...]:
    """Run a profiling session and return the seconds of each node; its profile is removed.

    The profiler counts whole microseconds, so the mean of the middle half of the runs is taken:
    finer than a median of whole numbers, and a disturbed run does not move it. The profiler itself
    takes a few microseconds a node, which small nodes show.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Opened with `profile`.
    feeds : mapping of input name to array
    nodes : sequence of Node
        The nodes of the session's optimized graph, in order.
    runs : int
        Runs to measure, after two of warm-up.

    Raises
    ------
    ValueError
        As `run_session`.
    """
    for _ in range(WARM_UPS + runs):
        run_session(session, feeds)
    profile = Path(session.end_profiling())
    try:
        events = json.loads(profile.read_text(encoding="utf-8"))
    finally:
        profile.unlink(missing_ok=True)
    return seconds_of_events(events, nodes, runs)


def seconds_of_events(
    events: Sequence[Mapping[str, Any]], nodes: Sequence[Node], runs: int
) -> tuple[float, ...]:
    """The profiler's events, summed up for each node over the last `runs` runs.

    An event bears its node's name. A node without one appears as operator and number; such nodes
    run in the order in which the graph lists them.
    """
    durations: dict[str, list[int]] = defaultdict(list)
    unnamed: dict[str, list[str]] = defaultdict(list)
    known = {node.proto.name for node in nodes}
    for event in events:
        if event.get("cat") != "Node" or not event["name"].endswith(EVENT_SUFFIX):
            continue
        name = event["name"].removesuffix(EVENT_SUFFIX)
        operator = event["args"]["op_name"]
        if name not in known and name not in unnamed[operator]:
            unnamed[operator].append(name)
        durations[name].append(event["dur"])
    waiting = {operator: iter(names) for operator, names in unnamed.items()}
    seconds = []
    for node in nodes:
        name = node.proto.name or next(waiting.get(node.operator, iter(())), "")
        seconds.append(MICROSECOND * middle_mean(durations.get(name, [])[-runs:]))
    return tuple(seconds)


def middle_mean(values: Sequence[float]) -> float:
    """The mean of the middle half; 0 where there is nothing.

    Examples
    --------
    >>> middle_mean([1, 2, 3, 1000])
    2.5
    """
    if not values:
        return 0.0
    cut = len(values) // 4
    return float(np.mean(np.sort(values)[cut : len(values) - cut]))
