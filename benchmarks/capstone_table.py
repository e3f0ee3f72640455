"""The table of the capstone's plans: for a terminal, and for README."""

from typing import Any


def table(result: dict[str, Any]) -> str:
    """The table of plans, then each plan's drop by slice and by class."""
    rows = result["plans"]
    width = max(len(row["name"]) for row in rows)
    lines = [
        f"{result['scenes']:,} {result['split']} scenes, {result['calibration_scenes']} for "
        f"calibration; points of 100, intervals of 95 %",
        f"{'plan':{width}}{'mAP':>7}{'lost':>22}{'model':>22}{'frame':>8}{'ms':>7}"
        f"{'≤ ' + format(result['sla_ms'], 'g'):>6}{'INT8':>7}{'bytes':>12}",
    ]
    for row in rows:
        lost = _with_interval(row["map_drop"], row["map_drop_interval"])
        model = _with_interval(row["speedup"], row["speedup_interval"])
        lines.append(
            f"{row['name']:{width}}{row['map']:>7.2f}{lost:>22}{model + ' ×':>22}"
            f"{row['frame_speedup']:>6.2f} ×{row['ms_p50']:>7.1f}"
            f"{'yes' if row['ms_p50'] <= result['sla_ms'] else 'no':>6}"
            f"{100 * row['int8_macs']:>5.0f} %{row['bytes']:>12,}"
        )
    lines += [
        f"{row['name']} with exact sums: mAP {row['map_exact']:.2f}"
        for row in rows
        if row["map_exact"] is not None
    ]
    for key in ("slices", "classes"):
        lines += ["", *_losses(rows, key, width)]
    if result["recovered_by_qat"] is not None:
        lines.append(f"\nlight QAT wins back {100 * result['recovered_by_qat']:.0f} % of the loss")
    lines += [f"left out: {name}: {why}" for name, why in result.get("left_out", {}).items()]
    return "\n".join(lines)


def _losses(rows: list[dict[str, Any]], key: str, width: int) -> list[str]:
    """AP of FP32 in each slice or class, and the points that each plan loses there."""
    before = rows[0][key]
    columns = {name: max(len(name), 6) + 2 for name in before}
    lines = [f"{key + ', points lost':{width}}" + "".join(f"{n:>{w}}" for n, w in columns.items())]
    for row in rows:
        cells = []
        for name, w in columns.items():
            pair = before[name], row[key][name]
            known = None not in pair
            value = (pair[1] if row is rows[0] else pair[0] - pair[1]) if known else None
            cells.append(f"{'–' if value is None else format(value, '.2f'):>{w}}")
        lines.append(f"{row['name']:{width}}{''.join(cells)}")
    return lines


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.2f} [{interval[0]:.2f}, {interval[1]:.2f}]"


def markdown(result: dict[str, Any]) -> str:
    """The plans as README shows them."""
    lines = [
        "| plan | mAP lost | model | a frame | bytes |",
        "|---|---|---|---|---|",
    ]
    for row in result["plans"]:
        low, high = row["map_drop_interval"]
        slow, fast = row["speedup_interval"]
        lines.append(
            f"| {row['name']} | {row['map_drop']:.2f} ({low:.2f} to {high:.2f}) | "
            f"{slow:.2f} to {fast:.2f} × | {row['ms_p50']:.1f} ms | {row['bytes']:,} |"
        )
    return "\n".join(lines)
