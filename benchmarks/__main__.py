"""One command for every benchmark: `python -m benchmarks NAME [--json] [--keep]`.

Without a name it is the comparison with other quantizers. Only --keep replaces the committed
result in benchmarks/results: a rehearsal on a few scenes must not become what README quotes.

A benchmark is a module of this package with `add_arguments(parser)`, `run(args)`, which returns
plain data for JSON, and `show(result)`, which turns that data into text for people. List it in
BENCHMARKS with one line for the help, and it is a sub-command.
"""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from quantlab.base.machine import machine

BENCHMARKS = {
    "agreement": "differences from onnx.reference, ONNX Runtime and torch (10 M values)",
    "quantizers": "quantize_model against ONNX Runtime's quantize_static and NNCF (the default)",
    "bit_exact": "integers of the simulator against ONNX Runtime's, by operator and by network",
    "simulator": "time of the integer simulator against ONNX Runtime's float32 (goal 30x)",
    "scenes": "scenes, crops and cached scenes a second, against Pillow decoding (goal 150/s)",
    "detector_shapes": "what a detector's architecture does to its INT8 speed",
    "observers": "time of the observers against ONNX Runtime's calibrators",
    "entropy": "time of the entropy threshold against ONNX Runtime's calibrator (2,048 bins)",
    "capstone": "the detector's plans: points lost, speed, and 10 ms a frame (10 to 20 minutes)",
    "ask": "whether a question about the course leads to the passage that answers it",
    "grading": "`autograder grade` against `nbgrader autograde`, lesson 01 and capstone (goal 4x)",
    "whole_class": "1,000 submissions, some of each fault, killed and resumed: does it add up",
    "architectures": "networks that nobody here wrote: reach, integers, SQNR, speed (30 minutes)",
    "fake_quantize": "time of fake quantization, forward and backward, against torch (goal 1.3x)",
}
DEFAULT = "quantizers"
RESULTS = Path(__file__).parent / "results"


def parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """The command line: one sub-command a benchmark.

    Only the chosen benchmark is imported and asked for its options: the others may need packages
    that take seconds to load.
    """
    top = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare quantlab with its peers, and keep what was measured.",
        epilog="example: python -m benchmarks agreement --json",
    )
    commands = top.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, summary in BENCHMARKS.items():
        if name != chosen:
            commands.add_parser(name, help=summary)
            continue
        module = import_module(f"benchmarks.{name}")
        command = commands.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            epilog=f"example: python -m benchmarks {name} --json",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("--json", action="store_true", help="print one JSON object")
        where = command.add_mutually_exclusive_group()
        kept = f"write benchmarks/results/{name}.json, the result that is committed"
        where.add_argument("--keep", action="store_true", help=kept)
        where.add_argument(
            "--out",
            type=_elsewhere,
            metavar="FOLDER",
            help=f"write FOLDER/{name}.json (default: no file is written)",
        )
        module.add_arguments(command)
        command.set_defaults(module=module)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run one benchmark: result on stdout; progress, and where the result went, on stderr."""
    words = sys.argv[1:] if argv is None else argv
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words = [DEFAULT, *words]
    args = parser(chosen=words[0] if words else None).parse_args(words)
    folder = RESULTS if args.keep else args.out
    path = folder and folder / f"{args.name}.json"
    try:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)  # before minutes of work, not after
        result: dict[str, Any] = args.module.run(args)
        if path:
            whole = {**result, **machine()}
            path.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        print(f"{path} cannot be written ({error}): choose another --out.", file=sys.stderr)
        return 1
    print(json.dumps(result) if args.json else args.module.show(result))
    went = (
        f"Written to {path}." if path else "Written to no file: --keep or --out FOLDER does that."
    )
    print(went, file=sys.stderr)
    return 0


def _elsewhere(text: str) -> Path:
    folder = Path(text)
    if folder.resolve() == RESULTS.resolve():
        raise argparse.ArgumentTypeError(f"{text} holds the committed results: use --keep")
    return folder


if __name__ == "__main__":
    sys.exit(main())
