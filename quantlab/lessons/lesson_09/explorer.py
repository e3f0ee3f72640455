"""Explorer of lesson 09: walk through what a runtime really runs, file by file."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import ipywidgets as widgets

from quantlab.base.palette import AMBER, BLUE, GREY, INK, ORANGE
from quantlab.deploy.precision.ran_node import NodePrecision
from quantlab.deploy.precision.report import PrecisionReport
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing
from quantlab.teach.static_twin import WidgetTwin

MACS, TIME = "multiply-accumulates", "measured time"
LEFT, RIGHT, MIDDLE, HIGH = 24.0, WIDTH - 24.0, 130.0, 74.0
COLOURS = {"INT8": BLUE, "layout": GREY, "FP32": ORANGE}


class GraphExplorer(Explorer):
    """Controls `file`, `node` and `height`; the slider is as long as the file's graph."""

    def __init__(self, reports: Mapping[str, PrecisionReport], file: str, node: int) -> None:
        self._reports = dict(reports)
        picker = widgets.Dropdown(options=list(reports), value=file, description="file")
        walk = widgets.IntSlider(
            value=node, min=0, max=len(reports[file].nodes) - 1, description="node"
        )
        # Before the picture follows: it is drawn with a node that the file has.
        picker.observe(
            lambda change: setattr(walk, "max", len(self._reports[change["new"]].nodes) - 1),
            "value",
        )
        heights = (MACS, TIME) if all(r.runs for r in reports.values()) else (MACS,)
        tall = widgets.Dropdown(options=heights, value=MACS, description="height shows")
        super().__init__({"file": picker, "node": walk, "height": tall})

    def draw(self, file: str, node: int, height: str) -> Drawing:  # type: ignore[override]
        return graph_drawing(self._reports[file], file, node, height)


def explore_graphs(
    reports: Mapping[str, PrecisionReport], file: str = "", node: int = 0
) -> WidgetTwin:
    """The explorer of lesson 09; its static twin shows the first node of every file.

    Parameters
    ----------
    reports : mapping from a file's title to its `precision_report`
    file, node : where to start; the first file and node when left out

    Raises
    ------
    ValueError
        No reports, an unknown file, a node that it does not have.
    """
    if not reports:
        raise ValueError("There is nothing to walk through: pass a mapping of title to report.")
    start = file or next(iter(reports))
    if start not in reports:
        raise ValueError(f"file is {start!r}, but there are {', '.join(reports)}: take one.")
    if not 0 <= node < len(reports[start].nodes):
        raise ValueError(
            f"node is {node}, but {start} has 0 to {len(reports[start].nodes) - 1}: take one."
        )
    still = [graph_drawing(report, title, 0, MACS) for title, report in reports.items()]
    html = "".join(f"{drawing.to_img()}<p>{escape(drawing.text)}</p>" for drawing in still)
    text = " ".join(drawing.text for drawing in still)
    return WidgetTwin(GraphExplorer(reports, start, node), html, text)


def graph_drawing(report: PrecisionReport, title: str, chosen: int, height: str) -> Drawing:
    """Every node that runs as a column: INT8 upwards, FP32 downwards, layout as a short mark."""
    values = [n.macs if height == MACS else (n.seconds or 0.0) for n in report.nodes]
    canvas = Canvas(height=250)
    canvas.text(LEFT, 24, f"{title}: {height} of each node", INK, TEXT, "start", bold=True)
    canvas.text(LEFT, 46, "▲ INT8, upwards", BLUE, SMALL, "start")
    canvas.text(RIGHT, 236, "▼ FP32, downwards", ORANGE, SMALL, "end")
    _columns(canvas, report, values, chosen)
    node = report.nodes[chosen]
    words = _sentence(node, chosen, report, height)
    return canvas.finish(f"{title}: {report.summary}. {words}")


def _columns(canvas: Canvas, report: PrecisionReport, values: list[float], chosen: int) -> None:
    pitch, top = (RIGHT - LEFT) / len(values), max([*values, 1e-12])
    canvas.line(LEFT, MIDDLE, RIGHT, MIDDLE, GREY, 1)
    for place, (node, value) in enumerate(zip(report.nodes, values, strict=True)):
        x, wide = LEFT + pitch * place, max(pitch * 0.8, 0.9)
        tall = max(HIGH * value / top, 3.0)
        y = MIDDLE - tall if node.precision == "INT8" else MIDDLE
        if node.precision == "layout":
            y, tall = MIDDLE - min(tall, HIGH) / 2, min(tall, HIGH)
        colour = AMBER if place == chosen else COLOURS[node.precision]
        canvas.rect(x, y, wide, tall, colour)
    x = LEFT + pitch * (chosen + 0.4)
    canvas.path(f"M{x:.1f},{MIDDLE + HIGH + 6:.1f} l-6,10 h12 Z", INK, 1, INK)


def _sentence(node: NodePrecision, chosen: int, report: PrecisionReport, height: str) -> str:
    name = node.label or "inserted by the runtime"
    share = f"{100 * node.macs / report.macs():.1f} % of the MACs" if report.macs() else "no MACs"
    if height == TIME and node.seconds is not None:
        share += f", {1e6 * node.seconds:,.0f} µs"
    why = f" Why: {node.reason}" if node.reason else ""
    first = next((k for k, n in enumerate(report.nodes) if n.precision == "FP32"), None)
    where = "No node runs in FP32." if first is None else f"The first FP32 node is number {first}."
    return f"Node {chosen}, {name}: {node.operator}, {node.precision}, {share}.{why} {where}"
