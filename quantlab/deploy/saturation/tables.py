"""A SaturationReport as text: one row a layer, then what it means and what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from quantlab.deploy.saturation.changes import LayerSaturation, OutputChange

if TYPE_CHECKING:
    from quantlab.deploy.saturation.report import SaturationReport

WIDTH = 112
#: Each of these keeps sums exact. Weights within 7 bits would, too, but no Rule asks for them.
REMEDY = (
    "What helps: open_session(path, exact=True), or UINT8 weights, "
    'Recipe(weights=Rule("uint8", "symmetric", "per-channel", "minmax", narrow=True)): both add in '
    "32 bits, in slower kernels. Or keep_float for the layers that suffer most."
)


def rendered(report: SaturationReport) -> Group:
    """For rich: the table, if there is a layer, and the lines."""
    lines = Text("\n".join(summary_lines(report)))
    return Group(_table(report), lines) if report.layers else Group(lines)


def text_of(report: SaturationReport) -> str:
    """The same as plain text."""
    console = Console(width=WIDTH, color_system=None)
    with console.capture() as captured:
        console.print(rendered(report))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def summary_lines(report: SaturationReport) -> list[str]:
    """One sentence where nothing saturates; else counts, changes and a remedy."""
    if not report.pairs:
        lines = ["No layer adds products in 16 bits: every CPU computes the same integers."]
    elif not report.at_risk:
        lines = [
            f"None of {report.pairs:,} pairs of products leaves INT16 on this input: a CPU without "
            f"VNNI computes the same integers."
        ]
    else:
        touched = [layer for layer in report.layers if layer.at_risk]
        most = max(touched, key=lambda layer: layer.share)
        lines = [
            f"On a CPU without VNNI {report.at_risk:,} of {report.pairs:,} pairs of products leave "
            f"INT16, in {len(touched)} of {len(report.layers)} layers; the largest share in "
            f"{most.label} ({most.operator}).",
            "Affected values have such a pair in their sum; changed ones differ from those of "
            "exact sums, through this layer or one before it.",
            *map(_change, report.outputs),
        ]
    lines += [_accuracy(output) for output in report.outputs if output.right_exact is not None]
    return [*lines, REMEDY] if report.at_risk else lines


def _table(report: SaturationReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("layer", "operator"):
        table.add_column(name, overflow="fold")
    for name in ("pairs", "leave INT16", "share", "outputs", "affected", "changed", "largest LSB"):
        table.add_column(name, justify="right", no_wrap=True)
    for layer in report.layers:
        table.add_row(*_row(layer), style="bold red" if layer.at_risk else "")
    return table


def _row(layer: LayerSaturation) -> tuple[str, ...]:
    return (
        layer.label,
        layer.operator,
        f"{layer.pairs:,}",
        f"{layer.at_risk:,}",
        _percent(layer.share),
        f"{layer.outputs:,}",
        f"{layer.affected:,}",
        f"{layer.changed:,}",
        "float" if layer.largest is None else str(layer.largest),
    )


def _change(output: OutputChange) -> str:
    sentence = f"Output {output.name} changes by {output.mean:.3g} on average, {output.largest:.3g}"
    if output.agreement is None:
        return f"{sentence} at most."
    return (
        f"{sentence} at most; top-1 is the same in {_percent(output.agreement)} of "
        f"{output.rows:,} rows."
    )


def _accuracy(output: OutputChange) -> str:
    return (
        f"Accuracy of {output.name}: {_percent(output.accuracy_exact or 0.0)} with exact sums, "
        f"{_percent(output.accuracy_saturating or 0.0)} predicted without VNNI."
    )


def _percent(share: float) -> str:
    """A few pairs of many do not read as none."""
    if 0 < share < 0.00001:
        return "< 0.001 %"
    return f"{100 * share:.{3 if 0 < share < 0.001 else 1}f} %"
