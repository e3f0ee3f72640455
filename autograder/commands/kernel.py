"""`autograder kernel`: the sandbox as a Jupyter kernel, for `nbgrader autograde` on its own.

The machine is protected as by `autograder grade`. The points are not: nbgrader believes what a
check prints, and a check runs beside the answers.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager

from autograder.attacks.self_test import require
from autograder.running.sandbox import NoSandbox

NAME = "quantlab-sandbox"
EPILOG = f"""\
Then, in the course's nbgrader_config.py:
  c.ExecutePreprocessor.kernel_name = "{NAME}"
  c.KernelManager.transport = "ipc"

--json prints {{"kernel": NAME, "folder": DIR}}, or {{"kernel": NAME, "reason": SENTENCE}}.

exit codes: 0 installed · 2 there is no sandbox here, or the folder cannot be written

example:
  autograder kernel install
"""
SPEC = {
    "argv": [
        sys.executable,
        "-P",
        "-m",
        "autograder.running.sandbox_kernel",
        "{connection_file}",
    ],
    "display_name": "Python 3 (sandbox)",
    "language": "python",
    # A signal would end bubblewrap, not the cell.
    "interrupt_mode": "message",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("install",), help="install the kernel")
    parser.add_argument("--prefix", metavar="DIR", default=sys.prefix, help="default: this Python")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    try:
        require("bubblewrap")
        where = install(args.prefix)
    except (NoSandbox, OSError) as said:
        if args.json:
            print(json.dumps({"kernel": NAME, "reason": str(said)}))
        print(f"autograder kernel: {said}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({"kernel": NAME, "folder": where}))
    else:
        print(f"The kernel {NAME} is installed in {where}.")
    return 0


def install(prefix: str) -> str:
    """Put the kernel's description under `prefix`; returns the folder."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "kernel.json").write_text(json.dumps(SPEC, indent=1), encoding="utf-8")
        return str(KernelSpecManager().install_kernel_spec(folder, NAME, prefix=prefix))
