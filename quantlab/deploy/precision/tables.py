"""A PrecisionReport as text: a summary that fits a screen, and the list of every node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from quantlab.base.machine import machine_line
from quantlab.deploy.precision.node_precision import FP32, INT8, LAYOUT

if TYPE_CHECKING:
    from quantlab.deploy.precision.report import NodePrecision, PrecisionReport

WIDTH = 100
#: The list of nodes has a column more, and is wider.
WIDTH_OF_LIST = 112
SHOWN_LAYERS = 3


def summary_text(report: PrecisionReport) -> str:
    """Nodes, MACs and time by precision; then what is not in INT8 and why, alike ones together."""
    tables = [_by_precision(report)]
    if any(node.kind for node in report.nodes):
        tables.append(_by_kind(report))
    return _text(tables, _notes(report))


def nodes_text(report: PrecisionReport) -> str:
    """One row a node, in the order in which they run."""
    table = _table(("layer", "runs as", "in"), ("of MACs", "µs", "of time"))
    table.add_column("why", overflow="fold")
    for node in report.nodes:
        table.add_row(
            layer_of(node),
            node.operator,
            node.precision,
            _percent(node.macs / report.macs()) if node.macs else "",
            _microseconds(node.seconds),
            _percent(_time_share(report, [node])),
            node.kind,
        )
    return _text([table], _notes(report), WIDTH_OF_LIST)


def layer_of(node: NodePrecision) -> str:
    """What to call it in a table."""
    return node.label or "(inserted)"


def _by_precision(report: PrecisionReport) -> Table:
    table = _table(("",), ("nodes", "MACs", "of MACs", "µs", "of time"))
    for precision in (INT8, LAYOUT, FP32):
        computes = precision != LAYOUT
        table.add_row(
            precision,
            str(report.count(precision)),
            f"{report.macs(precision):,}" if computes else "",
            _percent(report.macs_share(precision)) if computes else "",
            _microseconds(report.seconds(precision)),
            _percent(report.time_share(precision)),
        )
    together = _microseconds(report.seconds())
    table.add_row("together", str(len(report.nodes)), f"{report.macs():,}", "", together)
    return table


def _by_kind(report: PrecisionReport) -> Table:
    table = _table(("in",), ())
    table.add_column("why, and the layers", overflow="fold", ratio=1)
    _add_figures(table, ("nodes", "of MACs", "of time"))
    kinds: dict[tuple[str, str], list[NodePrecision]] = {}
    for node in report.nodes:
        if node.kind:
            kinds.setdefault((node.precision, node.kind), []).append(node)
    for (precision, kind), nodes in sorted(kinds.items(), key=_weight):
        macs = sum(node.macs for node in nodes)
        table.add_row(
            precision,
            f"{kind}\n{layer_of(nodes[0])}: {nodes[0].reason}{_others(nodes)}",
            str(len(nodes)),
            _percent(macs / report.macs()) if macs else "",
            _percent(_time_share(report, nodes)),
        )
    return table


def _weight(entry: tuple[tuple[str, str], list[NodePrecision]]) -> tuple[bool, float, int]:
    """FP32 first; then what takes the most time, or else does the most work."""
    (precision, _), nodes = entry
    seconds = sum(node.seconds or 0.0 for node in nodes)
    return precision != FP32, -seconds, -sum(node.macs for node in nodes)


def _others(nodes: Sequence[NodePrecision]) -> str:
    """The layers besides the first, whose reasons are alike."""
    names = list(dict.fromkeys(map(layer_of, nodes)))[1:]
    return f"\nAlso {_some(names)}." if names else ""


def _some(names: Sequence[str]) -> str:
    """The first of them by name, the rest counted."""
    more = f" and {len(names) - SHOWN_LAYERS} more" if len(names) > SHOWN_LAYERS else ""
    return ", ".join(names[:SHOWN_LAYERS]) + more


def _time_share(report: PrecisionReport, nodes: Sequence[NodePrecision]) -> float | None:
    total = report.seconds()
    return sum(node.seconds or 0.0 for node in nodes) / total if total else None


def _notes(report: PrecisionReport) -> list[str]:
    notes = [f"FP32 islands: {report.islands} (groups of FP32 nodes, with conversions around each)"]
    if report.uncounted:
        notes.append(f"MACs not known, counted as 0: {_some(report.uncounted)}")
    if report.runs:
        threads = "1 thread" if report.threads == 1 else f"{report.threads} threads"
        notes.append(f"µs a run, by the profiler, which adds some: {report.runs} runs, {threads}")
    return [*notes, machine_line(report.machine, report.runtime)]


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in left:
        table.add_column(name, overflow="fold")
    _add_figures(table, right)
    return table


def _add_figures(table: Table, names: Sequence[str]) -> None:
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)


def _text(tables: Sequence[Table], notes: Sequence[str], width: int = WIDTH) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as captured:
        for table in tables:
            console.print(table)
    return "\n".join([*(line.rstrip() for line in captured.get().splitlines()), *notes])


def _microseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e6:,.1f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}".replace("%", " %")
