"""What a PrecisionReport shows: work by precision, reasons alike together, and every node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quantlab.base.table import Column, Table
from quantlab.deploy.precision.node_precision import FP32, INT8, LAYOUT
from quantlab.deploy.precision.ran_node import NodePrecision

SHOWN_LAYERS = 3

Nodes = Sequence[NodePrecision]
MACS = Column("of MACs (%)", "macs_percent", ".1f")
#: Where times were measured.
TIME = (Column("µs", "microseconds", ",.1f"), Column("of time (%)", "time_percent", ".1f"))


def by_precision(nodes: Nodes, timed: bool) -> Table:
    """Nodes, MACs and time in INT8, layout and FP32, and together."""
    rows = []
    for precision in (INT8, LAYOUT, FP32):
        of = [node for node in nodes if node.precision == precision]
        row = {"precision": precision, "nodes": len(of), **_work(of, nodes)}
        if precision == LAYOUT:
            row["macs"] = None
        elif not row["macs"]:
            row["macs_percent"] = 0.0
        rows.append(row)
    total = {"precision": "together", "nodes": len(nodes), **_work(nodes, nodes)}
    rows.append(total | dict.fromkeys(("macs_percent", "time_percent")))
    columns = (Column("", "precision"), Column("nodes", "nodes", ","), Column("MACs", "macs", ","))
    return Table((*columns, MACS, *(TIME if timed else ())), tuple(rows), strong=frozenset([3]))


def by_kind(nodes: Nodes, timed: bool) -> Table:
    """What is not in INT8 and why, alike ones together: FP32 first, then what takes the most."""
    kinds: dict[tuple[str, str], list[NodePrecision]] = {}
    for node in nodes:
        if node.kind:
            kinds.setdefault((node.precision, node.kind), []).append(node)
    rows = [
        {
            "precision": precision,
            "kind": kind,
            "why": f"{kind}\n{layer_of(of[0])}: {of[0].reason}{_others(of)}",
            "nodes": len(of),
            **_work(of, nodes),
        }
        for (precision, kind), of in kinds.items()
    ]
    rows.sort(key=lambda row: (row["precision"] != FP32, -(row["microseconds"] or 0), -row["macs"]))
    columns = (
        Column("in", "precision"),
        Column("why, and the layers", "why"),
        Column("nodes", "nodes", ","),
    )
    caption = "Not in INT8, or not as the file has it"
    return Table((*columns, MACS, *(TIME[1:] if timed else ())), tuple(rows), caption)


def by_node(nodes: Nodes, timed: bool) -> Table:
    """One row a node, in the order in which they run."""
    rows = tuple(
        {
            "layer": layer_of(node),
            "operator": node.operator,
            "precision": node.precision,
            "kind": node.kind,
            **_work([node], nodes),
        }
        for node in nodes
    )
    columns = (
        Column("layer", "layer"),
        Column("runs as", "operator"),
        Column("in", "precision"),
        MACS,
        *(TIME if timed else ()),
        Column("why", "kind"),
    )
    return Table(columns, rows)


def layer_of(node: NodePrecision) -> str:
    """What to call it in a table."""
    return node.label or "(inserted)"


def some_of(names: Sequence[str]) -> str:
    """The first of them by name, the rest counted."""
    more = f" and {len(names) - SHOWN_LAYERS} more" if len(names) > SHOWN_LAYERS else ""
    return ", ".join(names[:SHOWN_LAYERS]) + more


def _work(some: Nodes, nodes: Nodes) -> Mapping[str, Any]:
    """MACs and microseconds of some nodes, and their shares of all in per cent."""
    macs, seconds = _macs(some), _seconds(some)
    total = _seconds(nodes)
    share = None if seconds is None or total is None else 100 * seconds / total if total else 0.0
    return {
        "macs": macs,
        "macs_percent": 100 * macs / _macs(nodes) if macs else None,
        "microseconds": None if seconds is None else 1e6 * seconds,
        "time_percent": share,
    }


def _macs(nodes: Nodes) -> int:
    return sum(node.macs for node in nodes)


def _seconds(nodes: Nodes) -> float | None:
    measured = [node.seconds for node in nodes if node.seconds is not None]
    return sum(measured) if measured or not nodes else None


def _others(nodes: Nodes) -> str:
    """The layers besides the first, whose reasons are alike."""
    names = list(dict.fromkeys(map(layer_of, nodes)))[1:]
    return f"\nAlso {some_of(names)}." if names else ""
