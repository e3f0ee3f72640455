"""The detector's plans: what each loses, how fast it is, and whether a frame takes 10 ms.

Every plan makes an .onnx file that runs in ONNX Runtime. Accuracy is COCO's mAP on test scenes, in
points of 100, as this CPU runs the file; the drop from FP32 has a paired bootstrap interval over
scenes. `map_exact` is with exact sums (`session.x64quantprecision`, which matters on x86 without
VNNI). Time is taken in turns in one process, one picture, one thread: `speedup` is of the model
alone, `frame_speedup` and `ms_p50` are of a frame, with preprocessing, decoding and suppression.
`int8_macs` is the share of multiply-accumulates that run on integers.

Calibration scenes, training scenes and these differ. Choices were made with --validation.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.capstone_folder import begin, found, made
from benchmarks.capstone_material import MIXED, Material, calibration_scenes
from benchmarks.capstone_measure import Speeds, scores_of, speeds_of
from benchmarks.capstone_plans import FP32, GOOD, HARDER, PLANS, TRAINED, Plan, missing_package
from benchmarks.capstone_table import table
from quantlab.analysis.detection import DetectionScores, map_drop
from quantlab.analysis.detection.comparison import RESAMPLES
from quantlab.analysis.drop import Drop
from quantlab.base.machine import installed_version
from quantlab.deploy import precision_report
from quantlab.deploy.latency.measure import LatencyReport
from quantlab.scenes import Cache, Split, Test, Validation
from quantlab.zoo import load
from quantlab.zoo.evaluation import slice_masks

SCENES, CALIBRATION, TRAINING, SECONDS = 1000, 200, 100, 45.0
#: Pictures that frames are timed on.
TIMED = 20
SLA_MS = 10.0
#: What files and accuracy depend on, so that a run can go on from them.
DECIDING = ("scenes", "calibration", "training", "validation")


@dataclass(frozen=True)
class PlanResult:
    """One row. AP in points of 100; None where the scenes hold no such object."""

    name: str
    map: float
    map_drop: float
    map_drop_interval: tuple[float, float]
    map_exact: float | None
    speedup: float
    speedup_interval: tuple[float, float]
    frame_speedup: float
    frame_speedup_interval: tuple[float, float]
    bytes: int
    ms_p50: float
    int8_macs: float
    slices: dict[str, float | None]
    classes: dict[str, float | None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    count = {"type": _positive, "metavar": "N"}
    parser.add_argument("--scenes", default=SCENES, help="scenes to judge on", **count)
    parser.add_argument("--calibration", default=CALIBRATION, help="mixed scenes", **count)
    parser.add_argument("--training", default=TRAINING, help="batches of light QAT", **count)
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="of timing the models, and the frames"
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(PLANS), default=list(PLANS), metavar="PLAN",
        help=f"these plans, and {FP32}: {'; '.join(PLANS)}",
    )  # fmt: skip
    parser.add_argument(
        "--resume", type=Path, metavar="FOLDER",
        help="keep the files and their accuracy here, and go on from what is there",
    )  # fmt: skip
    parser.add_argument("--validation", action="store_true", help="judge on validation scenes")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Make every plan's model, judge it, time them all."""
    net, cache = load("detector"), Cache()
    split = (Validation if args.validation else Test)(args.scenes, cache=cache)
    plans, left_out = _chosen(args.only)
    with TemporaryDirectory() as place:
        folder = args.resume or Path(place)
        try:
            begin(folder, {key: str(getattr(args, key)) for key in DECIDING})
        except ValueError as error:
            sys.exit(str(error))
        material = Material(
            net,
            net.preprocessing,
            calibration_scenes(args.calibration, cache),
            args.training,
            folder,
        )
        return {**compare(material, split, plans, seconds=args.seconds), "left_out": left_out}


def compare(
    material: Material,
    split: Split,
    plans: Mapping[str, Plan],
    *,
    seconds: float = SECONDS,
    resamples: int = RESAMPLES,
) -> dict[str, Any]:
    """All plans' rows, FP32 first; `seconds` and `resamples` as `speeds_of` and `map_drop` say."""
    paths = _written(material, plans)
    masks = slice_masks(split)
    scores: dict[str, DetectionScores] = {}
    exact: dict[str, DetectionScores] = {}
    for name, path in paths.items():
        _say(f"accuracy: {name}")
        judged = partial(scores_of, path, material.preprocessing, split)
        scores[name] = found(path.with_suffix(".scores"), judged)
        if name == GOOD:
            exact[name] = found(path.with_suffix(".exact"), partial(judged, exact=True))
    _say("latency, in turns")
    pictures = [split[i].image for i in range(min(TIMED, len(split)))]
    speeds = speeds_of(paths, material.preprocessing, pictures, seconds)
    rows = []
    for name, path in paths.items():
        _say(f"drop and its interval: {name}")
        drop = map_drop(scores[FP32], scores[name], resamples=resamples)
        rows.append(_row(name, path, drop, scores[name], masks, speeds, exact.get(name)))
    return {
        "unit": "COCO mAP@[.5:.95] in points of 100",
        "split": type(split).__name__.lower(),
        "scenes": len(split),
        "calibration_scenes": len(material.calibration[MIXED]),
        "qat_batches": material.training,
        "objects": dict(scores[FP32].objects),
        "slice_scenes": {name: int(mask.sum()) for name, mask in masks.items()},
        "sla_ms": SLA_MS,
        "rounds": {"model": speeds.model.rounds, "frame": speeds.frame.rounds},
        "threads": speeds.model.threads,
        "nncf": installed_version("nncf"),
        "plans": [asdict(row) for row in rows],
        "recovered_by_qat": recovered({row.name: row.map_drop for row in rows}),
    }


def recovered(drops: Mapping[str, float]) -> float | None:
    """The share of what quantization after training lost that light training wins back.

    None where a plan of the two was left out, or nothing was lost.

    Examples
    --------
    >>> recovered({"4-bit weights": 8.0, "4-bit weights, light QAT": 2.0})
    0.75
    """
    if not {HARDER, TRAINED} <= drops.keys() or drops[HARDER] <= 0:
        return None
    return (drops[HARDER] - drops[TRAINED]) / drops[HARDER]


def _written(material: Material, plans: Mapping[str, Plan]) -> dict[str, Path]:
    """Each plan's file, by plan. Other quantizers read fp32.onnx and calibration.npy."""
    np.save(material.folder / "calibration.npy", np.concatenate(list(material.batches())))
    paths = {}
    for name, plan in plans.items():
        start = time.perf_counter()
        # A plan's number is its place among all: another choice of plans does not move it.
        path = "fp32.onnx" if name == FP32 else f"plan_{list(PLANS).index(name)}.onnx"
        paths[name] = made(material.folder / path, partial(plan, material))
        _say(f"{name}: written in {time.perf_counter() - start:.0f} s")
    return paths


def _row(
    name: str,
    path: Path,
    drop: Drop,
    after: DetectionScores,
    masks: Mapping[str, np.ndarray],
    speeds: Speeds,
    exact: DetectionScores | None,
) -> PlanResult:
    speedup, frame = (speed_up(report, name) for report in (speeds.model, speeds.frame))
    return PlanResult(
        name=name,
        map=100 * drop.after,
        map_drop=100 * drop.drop,
        map_drop_interval=(100 * drop.low, 100 * drop.high),
        map_exact=None if exact is None else _points(exact.numbers["AP"]),
        speedup=speedup[0],
        speedup_interval=speedup[1:],
        frame_speedup=frame[0],
        frame_speedup_interval=frame[1:],
        bytes=path.stat().st_size,
        ms_p50=1e3 * speeds.frame[name].median,
        int8_macs=precision_report(path, profile=False).macs_share("INT8"),
        slices={key: _points(value) for key, value in after.slices(masks).items()},
        classes={key: _points(value) for key, value in after.classes.items()},
    )


def speed_up(report: LatencyReport, name: str) -> tuple[float, float, float]:
    """Ratio, low and high against FP32; 1 for FP32 itself."""
    found = [(s.ratio, s.low, s.high) for s in report.speed_ups if s.name == name]
    return found[0] if found else (1.0, 1.0, 1.0)


def show(result: dict[str, Any]) -> str:
    """The table of plans, then each plan's drop by slice and by class."""
    return table(result)


def _chosen(names: list[str]) -> tuple[dict[str, Plan], dict[str, str]]:
    """The plans that can be made, FP32 first, and why others are left out."""
    wanted = {name: plan for name, plan in PLANS.items() if name in {FP32, *names}}
    left_out = {
        name: f"{package} is not installed: python -m pip install -e .[peers]"
        for name in wanted
        if (package := missing_package(name))
    }
    for name, why in left_out.items():
        _say(f"{name} is left out: {why}")
    return {name: plan for name, plan in wanted.items() if name not in left_out}, left_out


def _points(value: float) -> float | None:
    return None if np.isnan(value) else 100 * value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1.")
    return value


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
