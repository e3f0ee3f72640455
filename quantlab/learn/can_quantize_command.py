"""The `quantlab can-quantize` command. torch is loaded when it runs."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

EXAMPLE = "can-quantize my_models:make_net --input 1,3,224,224"
EPILOG = (
    f"Example: quantlab {EXAMPLE}. Runs the code that it names. Exit 0 when the model can be "
    "quantized and exported, 1 when it cannot, 2 when the model or the shape is none."
)
CAN, CANNOT, USAGE = 0, 1, 2


def add_command(commands: Any) -> None:
    """The sub-command and its options."""
    help = "say what becomes of each layer of your model"
    parser = commands.add_parser(
        "can-quantize", help=help, description=f"{help.capitalize()}.", epilog=EPILOG
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "model", metavar="MODULE:FUNCTION",
        help="a torch model, or a function that makes one; file.py:function works, too",
    )  # fmt: skip
    parser.add_argument("--input", required=True, metavar="N,C,H,W", help="shape of a batch")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(args: argparse.Namespace) -> int:
    """Check the model on noise, and print what becomes of each layer."""
    import numpy as np

    from quantlab.deploy import can_quantize
    from quantlab.learn.record.network import named_model

    try:
        shape = _shape(args.input)
        noise = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        check = can_quantize(named_model(args.model), noise)
    except (ValueError, TypeError) as error:
        print(error, file=sys.stderr)
        return USAGE
    print(json.dumps(check.to_dict(), indent=2, ensure_ascii=False) if args.json else check)
    return CAN if check.possible else CANNOT


def _shape(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if len(parts) < 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise ValueError(f"--input is {text!r}, but a shape is whole numbers: write 1,3,224,224.")
    return tuple(map(int, parts))
