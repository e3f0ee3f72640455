"""What takes minutes, kept: the benchmark's table of plans, and the explorer's grid.

`kept.yaml` is made again by `python -m quantlab.lessons.lesson_10.material.kept`: the grid is
measured anew, and the table is read from what `python -m benchmarks capstone` wrote last.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from quantlab.base.machine import machine, machine_line
from quantlab.base.one_thread import one_thread
from quantlab.base.progress import counting
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.kept import kept_path, read_kept, write_kept
from quantlab.teach.plans.inference import Inference
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.trial import Trial

HEAD = """\
# Two measurements that take minutes. `plans`: the table of `python -m benchmarks capstone` on 1,000
# test scenes. `grid`: plans on 300 test scenes, lost points and times as fast with 95 % intervals.
# Made again by `python -m quantlab.lessons.lesson_10.material.kept`.
"""
TRIAL = Trial("detector", 300)
HEADS = ("extras", "towers", "classes", "boxes")
#: What the explorer lets you choose, the good choice first.
WEIGHTS = ("per-channel", "per-tensor")
SCENES = ("16 mixed", "16 fog")
LAST = ("INT8", "FP32")
SIGN = ("this processor's", "the other one")
INPUT = ("pixels", "prepared floats")


@cache
def kept() -> dict[str, Any]:
    """`plans`, a list of rows, and `grid` with `lost` and `speed`, by choice."""
    return read_kept(kept_path(__file__))


def kept_row(name: str) -> Mapping[str, Any]:
    """One plan of the benchmark's table. KeyError where there is none."""
    for row in kept()["plans"]["rows"]:
        if row["plan"] == name:
            found: Mapping[str, Any] = row
            return found
    raise KeyError(f"{name!r} is no plan of the table.")


def kept_table(*names: str) -> Listing:
    """Rows of the benchmark's table, all of them without names; measured there, kept here."""
    plans = kept()["plans"]
    rows = tuple(row for row in plans["rows"] if not names or row["plan"] in names)
    columns = (
        Column("plan", "plan"),
        Column("mAP lost", "lost", ".2f"),
        Column("95 %", ("lost_low", "lost_high"), ".2f"),
        Column("times as fast", "speed", ".2f"),
        Column("MACs in INT8 (%)", "int8", ".0f"),
        Column("ms a frame", "ms", ".1f"),
    )
    below = (f"measured there, kept here: {plans['scenes']:,} test scenes, {plans['machine']}",)
    return Listing("Plans of the benchmark", Table(columns, rows), below)


def from_benchmark(path: Path) -> dict[str, Any]:
    """The table, from the benchmark's result file."""
    result = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        {
            "plan": row["name"],
            "lost": round(row["map_drop"], 2),
            "lost_low": round(row["map_drop_interval"][0], 2),
            "lost_high": round(row["map_drop_interval"][1], 2),
            "speed": round(row["speedup"], 2),
            "int8": round(100 * row["int8_macs"]),
            "ms": round(row["ms_p50"], 1),
        }
        for row in result["plans"]
    ]
    return {"scenes": result["scenes"], "machine": machine_line(result), "rows": rows}


def plan_of(weights: str, scenes: str, last: str, sign: str, given: str) -> Plan:
    """The plan of five choices."""
    recipe = Recipe(
        weights=Rule(granularity=weights),
        activations=Rule(observer="minmax"),
        keep_float=HEADS if last == "FP32" else (),
    )
    only = ("fog",) if scenes == "16 fog" else ()
    signed = None if sign == SIGN[0] else _other_sign()
    return Plan(recipe, Calibration(16, only=only), Inference(given == "pixels", signed))


def measure_grid() -> dict[str, Any]:
    """What each choice loses and how fast it is; some minutes.

    The sign of integers changes no number, and what a ruler is changes no time. So loss is measured
    for each way to quantize and each input, and speed for each way to run.
    """
    lost, speed = {}, {}
    accurate, fast = [*product(WEIGHTS, SCENES, LAST, INPUT)], [*product(LAST, SIGN, INPUT)]
    with one_thread(), counting("plans", len(accurate) + len(fast), shown=True) as done:
        for weights, scenes, last, given in accurate:
            plan = plan_of(weights, scenes, last, SIGN[0], given)
            drop = TRIAL.run(plan).drop("all")
            values = [round(100 * v, 2) for v in (drop.drop, drop.low, drop.high)]
            lost[", ".join((weights, scenes, last, given))] = values
            done()
        for last, sign, given in fast:
            ratio = TRIAL.speed(plan_of(WEIGHTS[0], SCENES[0], last, sign, given)).plan
            values = [round(v, 2) for v in (ratio.value, ratio.low, ratio.high)]
            speed[", ".join((last, sign, given))] = values
            done()
    return {
        "scenes": TRIAL.scenes, "machine": machine_line(machine()), "lost": lost, "speed": speed,
    }  # fmt: skip


def _other_sign() -> bool:
    from quantlab.deploy.export.activation_type import signed_by_default

    return not signed_by_default()


if __name__ == "__main__":
    table = Path(sys.argv[1] if len(sys.argv) > 1 else "benchmarks/results/capstone.json")
    write_kept(kept_path(__file__), HEAD, {"plans": from_benchmark(table), "grid": measure_grid()})
