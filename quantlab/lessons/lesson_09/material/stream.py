"""A stream of scenes whose weather drifts, watched while two models could serve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from quantlab.analysis.detection import evaluate_detections
from quantlab.base.progress import counting
from quantlab.base.report import Listing, Report
from quantlab.base.table import Column, Table
from quantlab.deploy import open_session
from quantlab.deploy.onnx_graph.graph import read_graph
from quantlab.deploy.onnx_graph.load import AnyModel, as_model
from quantlab.deploy.simulator.node_qparams import node_qparams
from quantlab.numerics import quantize
from quantlab.scenes import CLASS_NAMES, Preprocessing, Scene, Test
from quantlab.zoo import detect
from quantlab.zoo.evaluation.detection import objects_of

#: A foggy morning with a tunnel in it, then a clear day, dusk and night. One word a window.
WEATHER = ("fog", "fog", "tunnel", "fog", "day", "dusk", "dusk", *["night"] * 5)
#: A tunnel is as dark as the night.
DRAWN_AS = {"tunnel": "night"}
SCENES_A_WINDOW = 8

Window = tuple[str, tuple[Scene, ...]]


@lru_cache(maxsize=2)
def drifting_stream(scenes: int = SCENES_A_WINDOW) -> tuple[Window, ...]:
    """Windows of `scenes` test scenes, each with the name of its weather; none comes twice."""
    taken: dict[str, int] = {}
    windows = []
    for weather in WEATHER:
        drawn = DRAWN_AS.get(weather, weather)
        first = taken.get(drawn, 0)
        taken[drawn] = first + scenes
        windows.append((weather, _scenes(drawn, first, scenes)))
    return tuple(windows)


def _scenes(weather: str, first: int, count: int) -> tuple[Scene, ...]:
    split = Test(first + count, only=(weather,))
    return tuple(split[k] for k in range(first, first + count))


def input_integers(model: AnyModel, x: np.ndarray) -> np.ndarray:
    """The integers that a quantized model makes of its input, as its first QuantizeLinear does."""
    graph = read_graph(as_model(model))
    first = next(n for n in graph.nodes if n.operator == "QuantizeLinear")
    return np.asarray(quantize(x, node_qparams(graph, first)))


@dataclass(frozen=True, repr=False)
class Watched(Report):
    """What was seen of a stream, window by window.

    Attributes
    ----------
    weather : tuple of str
    shares : tuple of float
        Of each window, the median over its pictures of the share at the ends of the input's ruler.
    truth : tuple of tuple
        Objects of each scene, window by window.
    found : mapping of model to the same of what it detected
    """

    weather: tuple[str, ...]
    shares: tuple[float, ...]
    truth: tuple[tuple[Any, ...], ...]
    found: dict[str, tuple[tuple[Any, ...], ...]]

    @property
    def summary(self) -> str:
        return f"{len(self.weather)} windows of {len(self.truth[0])} scenes"

    def tables(self) -> tuple[Table, ...]:
        rows = tuple(
            {"window": k, "weather": w, "share": 100 * s}
            for k, (w, s) in enumerate(zip(self.weather, self.shares, strict=True))
        )
        columns = (
            Column("window", "window", "d"),
            Column("weather", "weather"),
            Column("at the ends of the input's ruler (%)", "share", ".1f"),
        )
        return (Table(columns, rows),)

    def precision(self, by_window: Sequence[str], only: str = "") -> float:
        """mAP in points, each window served by the model named; of one weather with `only`."""
        truth: list[Any] = []
        found: list[Any] = []
        for k, model in enumerate(by_window):
            if only in ("", self.weather[k]):
                truth += self.truth[k]
                found += self.found[model][k]
        return 100 * float(evaluate_detections(truth, found, CLASS_NAMES).numbers["AP"])


def watch(
    stream: Sequence[Window],
    int8: AnyModel,
    fp32: AnyModel,
    preprocessing: Preprocessing,
    share_of: Any,
) -> Watched:
    """Let both models look at every scene of a stream, and the monitor at every picture.

    Parameters
    ----------
    stream : what `drifting_stream` gives
    int8, fp32 : path or onnx.ModelProto
        A quantized file fed with normalised float32, and its float one.
    preprocessing : Preprocessing
        Of both.
    share_of : function of a UINT8 array (n, ...)
        The monitor: gives one share for each picture.
    """
    sessions = {"INT8": open_session(int8), "FP32": open_session(fp32)}
    found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in sessions}
    shares, truth = [], []
    with counting("windows", len(stream), True) as done:
        for _, scenes in stream:
            x = preprocessing.batch([scene.image for scene in scenes])
            shares.append(float(np.median(share_of(input_integers(int8, x)))))
            truth.append(tuple(objects_of(scene) for scene in scenes))
            for name, session in sessions.items():
                found[name].append(tuple(detect(session.run(None, {"input": x}))))
            done()
    return Watched(
        tuple(weather for weather, _ in stream),
        tuple(shares),
        tuple(truth),
        {name: tuple(windows) for name, windows in found.items()},
    )


def served(seen: Watched, rolled_back: int) -> Listing:
    """The stream served by INT8 throughout, with the rule, and by FP32 throughout.

    `rolled_back` is the window after which FP32 serves; -1 where the rule never fired.
    """
    windows = len(seen.weather)
    kept = windows if rolled_back < 0 else rolled_back + 1
    ways = {
        "INT8 throughout": ["INT8"] * windows,
        "INT8 with the rule": ["INT8"] * kept + ["FP32"] * (windows - kept),
        "FP32 throughout": ["FP32"] * windows,
    }
    rows = tuple(
        {
            "served": name,
            "windows": by_window.count("INT8"),
            "all": seen.precision(by_window),
            "night": seen.precision(by_window, "night"),
        }
        for name, by_window in ways.items()
    )
    columns = (
        Column("served by", "served"),
        Column("windows in INT8", "windows", "d"),
        Column("mAP, stream", "all", ".1f"),
        Column("mAP, night", "night", ".1f"),
    )
    return Listing(seen.summary, Table(columns, rows))
