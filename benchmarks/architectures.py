"""Networks that nobody here wrote, beside ONNX Runtime's own quantizer.

Each net is traced, quantized with the default recipe and exported; its integers are compared with
those ONNX Runtime computes; then ONNX Runtime's quantizer makes a file of its own from torch's
export, and both files are judged. Weights are random, BatchNorm's statistics are those of the
images. A net has a process of its own, and each stage of it may take --limit seconds. When all nets
are done their files are timed, one after the other: that alone asks for a quiet machine.

`pip install -e .[peers]` brings most of the packages. torchvision, which several of them need, must
be the build that belongs to the torch installed. facenet-pytorch asks for an old torch and must be
installed with --no-deps. What is not installed is left out, and said.

--resume FOLDER keeps a folder for each net, with its row and the models: a row that lies there is
not done again, and where only ONNX Runtime's file does, the rest is. So a run goes in parts: rows
with --no-speed while the machine is busy, the speed when it is quiet.
"""

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.architecture_list import ARCHITECTURES, Architecture
from benchmarks.architecture_trial import (
    BATCH,
    CALIBRATION,
    JUDGED,
    SEED,
    STAGES,
    read_row,
    run_trial,
    time_files,
    write_row,
)
from benchmarks.capstone_folder import begin

#: A file of INT8 is said to be slower or less accurate from here on.
SLOWER, LESS_ACCURATE_DB = 0.9, 0.5
#: What takes seconds to import, and is imported once for all nets where the system can fork.
PRELOADED = ["benchmarks.architecture_trial", "pytorchcv.model_provider"]
PRELOADED += sorted({net.package for net in ARCHITECTURES.values()})
#: What decides whether ONNX Runtime's file of an earlier run may be taken.
DECIDING = ("torch", "onnxruntime")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--only", action="append", metavar="NAME", help="this net (repeatable)")
    parser.add_argument(
        "--resume", type=Path, metavar="FOLDER",
        help="keep rows and models here, and go on from what is there",
    )  # fmt: skip
    parser.add_argument("--limit", type=float, default=60, help="seconds for each stage of a net")
    parser.add_argument("--no-speed", action="store_true", help="time nothing in this run")


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
    with tempfile.TemporaryDirectory() as place:
        rows = args.resume or Path(place)
        try:
            begin(rows, settings())
        except ValueError as error:
            sys.exit(str(error))
        for number, net in enumerate(there, 1):
            _show(_row(net, rows, args.limit), f"{number}/{len(there)}")
        if not args.no_speed:
            for number, net in enumerate(there, 1):
                _show(_timed_row(net, rows, args.limit), f"speed {number}/{len(there)}")
        nets = [read_row(net.name, folder_of(net.name, rows)) for net in there]
    return {"nets": nets, "not_installed": missing, "counts": counts(nets)}


def settings() -> dict[str, str]:
    """What rows and files in one folder have in common."""
    pictures = f"{CALIBRATION} and {JUDGED} by {BATCH}, seed {SEED}"
    return {"images": pictures, **{name: version(name) for name in DECIDING}}


def _show(row: dict[str, Any], number: str) -> None:
    print(f"{number} {line(row)}", file=sys.stderr, flush=True)


def _row(net: Architecture, rows: Path, limit: float) -> dict[str, Any]:
    """What is known of a net, found out now where no finished row of it lies there."""
    folder = folder_of(net.name, rows)
    folder.mkdir(parents=True, exist_ok=True)
    row = read_row(net.name, folder)
    if "ended" in row:
        return row
    code = in_a_process(run_trial, net, folder, limit, len(STAGES) * limit)
    row = read_row(net.name, folder)
    if "ended" not in row:
        how = "did not end" if code is None else f"ended with exit code {code}"
        row |= {"ended": False, "said": [*row["said"], f"its process {how}"]}
        write_row(row, folder)
    return row


def _timed_row(net: Architecture, rows: Path, limit: float) -> dict[str, Any]:
    """A row with the speed of its files, where there are files to time."""
    folder = folder_of(net.name, rows)
    row = read_row(net.name, folder)
    if row.get("exported") and row.get("peer") and "timed" not in row:
        in_a_process(time_files, net, folder, limit, 2 * limit)
    return read_row(net.name, folder)


def folder_of(name: str, rows: Path) -> Path:
    """Where a net's row and models lie."""
    return rows / "".join(c if c.isalnum() else "_" for c in name)


def in_a_process(
    work: Callable[[Architecture, Path, float], None],
    net: Architecture,
    folder: Path,
    limit: float,
    longest: float,
) -> int | None:
    """One net, one process, killed after `longest` seconds: its exit code, or None."""
    methods = multiprocessing.get_all_start_methods()
    # Where there is one, a server that has loaded the packages: a net then starts at once.
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=work, args=(net, folder, limit))
    process.start()
    try:
        process.join(longest)
    finally:
        code: int | None = process.exitcode
        process.kill()
        process.join()
    return code


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
