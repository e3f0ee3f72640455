"""Networks that nobody here wrote, beside ONNX Runtime's own quantizer.

Each net is traced, quantized with the default recipe and exported; its integers are compared with
those ONNX Runtime computes; then ONNX Runtime's quantizer makes a file of its own from torch's
export, and both files are judged and timed. Weights are random, BatchNorm's statistics are those
of the images. A net has a process of its own, and each stage of it may take --limit seconds.

`pip install -e .[peers]` brings most of the packages. torchvision, which several of them need, must
be the build that belongs to the torch installed. facenet-pytorch asks for an old torch and must be
installed with --no-deps. What is not installed is left out, and said.

--rows FOLDER keeps a folder for each net, with its row and the models: a row that lies there is not
done again, and where only ONNX Runtime's file does, the rest is.
"""

import argparse
import multiprocessing
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.architecture_list import ARCHITECTURES, Architecture
from benchmarks.architecture_trial import STAGES, read_row, run_trial, write_row

#: A file of INT8 is said to be slower or less accurate from here on.
SLOWER, LESS_ACCURATE_DB = 0.9, 0.5
#: What takes seconds to import, and is imported once for all nets where the system can fork.
PRELOADED = ["benchmarks.architecture_trial", "pytorchcv.model_provider"]
PRELOADED += sorted({net.package for net in ARCHITECTURES.values()})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--only", action="append", metavar="NAME", help="this net (repeatable)")
    parser.add_argument(
        "--rows", type=Path, metavar="FOLDER", help="keep rows and models there, and take them"
    )
    parser.add_argument("--limit", type=float, default=60, help="seconds for each stage of a net")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """{nets, not_installed, counts}."""
    names = args.only or list(ARCHITECTURES)
    unknown = [name for name in names if name not in ARCHITECTURES]
    if unknown:
        raise SystemExit(
            f"{unknown[0]!r} is none of the {len(ARCHITECTURES)} nets: take a name from the table, "
            f"such as {next(iter(ARCHITECTURES))}."
        )
    asked = [ARCHITECTURES[name] for name in names]
    there = [net for net in asked if net.installed()]
    missing = sorted({net.package for net in asked} - {net.package for net in there})
    nets = [_row(net, args.rows, args.limit, f"{n}/{len(there)}") for n, net in enumerate(there, 1)]
    return {"nets": nets, "not_installed": missing, "counts": counts(nets)}


def _row(net: Architecture, rows: Path | None, limit: float, number: str) -> dict[str, Any]:
    """What is known of a net, found out now where no finished row of it lies there."""
    with tempfile.TemporaryDirectory() as elsewhere:
        folder = folder_of(net.name, rows) if rows else Path(elsewhere)
        folder.mkdir(parents=True, exist_ok=True)
        row = read_row(net.name, folder)
        if "ended" not in row:
            row = in_a_process(net, folder, limit)
    print(f"{number} {line(row)}", file=sys.stderr, flush=True)
    return row


def folder_of(name: str, rows: Path) -> Path:
    """Where a net's row and models lie."""
    return rows / "".join(c if c.isalnum() else "_" for c in name)


def in_a_process(net: Architecture, folder: Path, limit: float) -> dict[str, Any]:
    """One net, one process; killed when it goes on for longer than its stages may."""
    methods = multiprocessing.get_all_start_methods()
    # Where there is one, a server that has loaded the packages: a net then starts at once.
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=run_trial, args=(net, folder, limit))
    process.start()
    try:
        process.join(len(STAGES) * limit)
    finally:
        code = process.exitcode
        process.kill()
        process.join()
    row = read_row(net.name, folder)
    if "ended" not in row:
        how = "did not end" if code is None else f"ended with exit code {code}"
        row |= {"ended": False, "said": [*row["said"], f"its process {how}"]}
        write_row(row, folder)
    return row


def counts(nets: list[dict[str, Any]]) -> dict[str, Any]:
    """What README quotes."""
    exported = [row for row in nets if row.get("exported")]
    judged = [row for row in exported if "sqnr_ours" in row and "sqnr_theirs" in row]
    timed = [row for row in exported if row.get("timed")]
    return {
        "nets": len(nets),
        "traced": sum(bool(row.get("traced")) for row in nets),
        "exported": len(exported),
        "equal": sum(row.get("mismatches") == 0 for row in exported),
        "values": sum(row.get("values", 0) for row in exported),
        "mismatches": sum(row.get("mismatches", 0) for row in exported),
        "theirs": sum(bool(row.get("peer")) for row in nets),
        "judged": len(judged),
        "less_accurate": sum(decibels(row) < -LESS_ACCURATE_DB for row in judged),
        "more_accurate": sum(decibels(row) > LESS_ACCURATE_DB for row in judged),
        "timed": len(timed),
        "slower": sum(row["speed_theirs"] < SLOWER for row in timed),
        "median_speed": float(np.median([row["speed_theirs"] for row in timed])) if timed else None,
        "longest_seconds": max((row["seconds"] for row in exported), default=None),
    }


def decibels(row: dict[str, Any]) -> float:
    """How much nearer to float32 our file is than ONNX Runtime's."""
    difference: float = row["sqnr_ours"] - row["sqnr_theirs"]
    return difference


COLUMNS = (
    f"{'net':45}{'traced':>7}{'exported':>9}{'differ':>8}{'of':>12}{'INT8 MACs':>10}"
    f"{'SQNR':>7}{'theirs':>7}{'speed':>7}{'/theirs':>8}{'s':>6}  what was said"
)


def line(row: dict[str, Any]) -> str:
    """One net as a line of the table."""
    yes = {True: "yes", False: "no", None: "-"}
    return (
        f"{row['name']:45}{yes[row.get('traced')]:>7}{yes[row.get('exported')]:>9}"
        f"{_cell(row, 'mismatches', ',', 8)}{_cell(row, 'values', ',', 12)}"
        f"{_cell(row, 'int8_macs', '.0%', 10)}{_cell(row, 'sqnr_ours', '.1f', 7)}"
        f"{_cell(row, 'sqnr_theirs', '.1f', 7)}{_cell(row, 'speed_fp32', '.2f', 7)}"
        f"{_cell(row, 'speed_theirs', '.2f', 8)}{_cell(row, 'seconds', '.1f', 6)}"
        f"  {' | '.join(row['said'])}"
    ).rstrip()


def _cell(row: dict[str, Any], key: str, shape: str, width: int) -> str:
    value = row.get(key)
    return f"{'-' if value is None else format(value, shape):>{width}}"


def show(result: dict[str, Any]) -> str:
    """The table, and what it comes to."""
    found = result["counts"]
    lines = [COLUMNS, *map(line, result["nets"]), ""]
    if result["not_installed"]:
        lines.append(f"Not installed, and left out: {', '.join(result['not_installed'])}.")
    lines += [
        f"{found['nets']} nets: {found['traced']} traced, {found['exported']} exported (ONNX "
        f"Runtime's quantizer: {found['theirs']}); of {found['values']:,} integers "
        f"{found['mismatches']:,} differ, none in {found['equal']} nets.",
        f"SQNR beside ONNX Runtime's file: more than {LESS_ACCURATE_DB} dB better in "
        f"{found['more_accurate']}, worse in {found['less_accurate']} of {found['judged']}.",
    ]
    if found["timed"]:
        lines.append(
            f"Speed beside it: {found['median_speed']:.2f} in the middle, below {SLOWER} in "
            f"{found['slower']} of {found['timed']}; the longest way from torch to a file: "
            f"{found['longest_seconds']:.0f} s."
        )
    return "\n".join(lines)
