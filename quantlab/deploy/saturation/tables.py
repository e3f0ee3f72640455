"""What a SaturationReport shows: one row a layer, then what it means and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from quantlab.base.table import Column, Table
from quantlab.deploy.saturation.changes import LayerSaturation, OutputChange

#: Each of these keeps sums exact. Weights within 7 bits would, too, but no Rule asks for them.
REMEDY = (
    "What helps: open_session(path, exact=True), or UINT8 weights, "
    'Recipe(weights=Rule("uint8", "symmetric", "per-channel", "minmax", narrow=True)): both add in '
    "32 bits, in slower kernels. Or keep_float for the layers that suffer most."
)


def sentences(layers: Sequence[LayerSaturation], outputs: Sequence[OutputChange]) -> list[str]:
    """One sentence where nothing saturates; else counts, changes and a remedy."""
    pairs = sum(layer.pairs for layer in layers)
    at_risk = sum(layer.at_risk for layer in layers)
    if not pairs:
        lines = ["No layer adds products in 16 bits: every CPU computes the same integers."]
    elif not at_risk:
        lines = [
            f"None of {pairs:,} pairs of products leaves INT16 on this input: a CPU without "
            f"VNNI computes the same integers."
        ]
    else:
        touched = [layer for layer in layers if layer.at_risk]
        most = max(touched, key=lambda layer: layer.share)
        lines = [
            f"On a CPU without VNNI {at_risk:,} of {pairs:,} pairs of products leave "
            f"INT16, in {len(touched)} of {len(layers)} layers; the largest share in "
            f"{most.label} ({most.operator}).",
            "Affected values have such a pair in their sum; changed ones differ from those of "
            "exact sums, through this layer or one before it.",
            *map(_change, outputs),
        ]
    lines += [_accuracy(output) for output in outputs if output.right_exact is not None]
    return [*lines, REMEDY] if at_risk else lines


def layer_table(layers: Sequence[LayerSaturation]) -> Table:
    """One row a layer; those that lose something stand out."""
    columns = (
        Column("layer", "label"),
        Column("operator", "operator"),
        Column("pairs", "pairs", ","),
        Column("leave INT16", "at_risk", ","),
        Column("share (%)", "share_percent", _written),
        Column("outputs", "outputs", ","),
        Column("affected", "affected", ","),
        Column("changed", "changed", ","),
        Column("largest LSB", "largest", ",", absent="float"),
    )
    rows = tuple({**asdict(layer), "share_percent": 100 * layer.share} for layer in layers)
    return Table(columns, rows, strong=frozenset(i for i, at in enumerate(layers) if at.at_risk))


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
    return f"{_written(100 * share)} %"


def _written(percent: float) -> str:
    """A few pairs of many do not read as none."""
    if 0 < percent < 0.001:
        return "< 0.001"
    return f"{percent:.{3 if 0 < percent < 0.1 else 1}f}"
