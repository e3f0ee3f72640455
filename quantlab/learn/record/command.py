"""The options of `quantlab record`, and what it prints. Nothing here loads torch."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantlab.learn.record.make import Settings

EXAMPLE = "record detector my_coco --out my_record"
REPORT = "report net.onnx --images pictures --out my_report"
EPILOG = (
    ". Writes record.html, record.json, fp32.onnx and int8.onnx. Exit 0 when the record is written "
    "and every target that was asked for is met, 1 when one is missed or inconclusive, 2 when "
    "something is wrong with the model or the data."
)


def add_arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Options of `record MODEL FOLDER`, or of `report MODEL --images FOLDER`: the same job."""
    parser.add_argument(
        "model", metavar="MODEL",
        help='"detector" (of the course), "segmenter", "classifier", FILE.onnx in float32, or a '
        "torch model as module:function or file.py:function, whose code is run",
    )  # fmt: skip
    where: dict[str, Any] = {"dest": "data", "required": True} if name == "report" else {}
    parser.add_argument(
        "--images" if name == "report" else "data", type=Path, metavar="FOLDER", **where,
        help="pictures, with COCO's instances*.json where they are labelled",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path(name), metavar="FOLDER",
                        help=f"for the page, its JSON and both models ({name})")  # fmt: skip
    parser.add_argument("--int8", type=Path, metavar="FILE", help="compare with this .onnx file")
    parser.add_argument("--recipe", type=Path, metavar="FILE", help="what Recipe.to_json wrote")
    count: dict[str, Any] = {"type": _whole, "metavar": "N"}
    parser.add_argument("--calibration", default=64, help="pictures to calibrate on (64)", **count)
    parser.add_argument("--evaluation", default=200, help="other ones to judge on (200)", **count)
    parser.add_argument("--decode", metavar="M:F", help="function that makes boxes of outputs: "
                        "(boxes, scores, classes) for each picture")  # fmt: skip
    parser.add_argument("--size", type=_whole, nargs=2, metavar=("H", "W"), help="of the input")
    for name in ("mean", "std"):
        parser.add_argument(f"--{name}", type=float, nargs=3, metavar=("R", "G", "B"),
                            help="of the input, after division by 255")  # fmt: skip
    parser.add_argument("--threads", default=1, help="of ONNX Runtime (1)", **count)
    parser.add_argument("--seconds", type=_above_zero, default=5.0, help="of timing (5)")
    parser.add_argument("--most-lost", type=float, metavar="POINTS", help="target: mAP lost")
    parser.add_argument("--least-speed-up", type=_above_zero, metavar="X", help="target: 2 is half "
                        "the time")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="which pictures do what (0)")
    parser.add_argument("--json", action="store_true", help="print the record as JSON")


def record(args: argparse.Namespace) -> bool:
    """Make the record and print it; True where every target is met.

    Raises
    ------
    ValueError, OSError
        One sentence on what cannot be done.
    """
    from quantlab.learn.record.make import make_record

    made = make_record(_settings(args))
    if args.json:
        print(json.dumps(made.to_dict(), indent=2, ensure_ascii=False))
    else:
        print(made)
        print(f"\nThe record and both models are in {args.out}.")
    return all(verdict == "met" for verdict in made.verdicts.values())


def _settings(args: argparse.Namespace) -> Settings:
    from quantlab.learn.record.make import Settings
    from quantlab.learn.record.network import Pixels

    given: dict[str, Any] = vars(args)
    sizes = {name: None if given[name] is None else tuple(given[name]) for name in
             ("size", "mean", "std")}  # fmt: skip
    named = {k: v for k, v in given.items() if k in Settings.__dataclass_fields__}
    return Settings(**named, pixels=Pixels(**sizes))


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1.")
    return value


def _above_zero(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number above 0.")
    return value
