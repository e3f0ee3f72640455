"""`autograder doctor`: attacks this machine's own sandbox, and says what holds.

It reads a canary, calls a listener on the loopback interface, starts processes, takes memory, fills
a disk and leaves a program behind, each from inside of a sandbox. Nothing real is touched.
"""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console
from rich.table import Table

from autograder.attacks.self_test import Finding, self_test
from autograder.running.sandbox import BACKENDS, NoSandbox, sandbox

EPILOG = """\
exit codes: 0 the sandbox holds · 1 something got out, or an honest cell did not run ·
            2 there is no sandbox here (the reason is said)

example:
  autograder doctor --isolation bubblewrap --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--isolation",
        choices=tuple(name for name in BACKENDS if name != "none"),
        default="bubblewrap",
        help="default: bubblewrap",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    try:
        found = list(self_test(args.isolation))
    except NoSandbox as said:
        if args.json:
            print(json.dumps({"ok": False, "isolation": args.isolation, "reason": str(said)}))
        print(f"autograder doctor: {said}", file=sys.stderr)
        return 2
    ok, caps = not any(finding.problem for finding in found), sandbox(args.isolation).caps
    if args.json:
        probes = [finding.to_dict() for finding in found]
        told = {"ok": ok, "isolation": args.isolation, "caps": caps, "probes": probes}
        print(json.dumps(told, indent=1))
    else:
        _print(found)
        print(f"Memory and processes are held down by: {caps}.")
        print(f"{args.isolation}: {'holds' if ok else 'DOES NOT HOLD; do not grade with it'}.")
    return 0 if ok else 1


def _print(found: list[Finding]) -> None:
    table = Table("probe", "must hold", "found", "s")
    for finding in found:
        said = finding.problem or "holds"
        table.add_row(finding.name, finding.says, said, f"{finding.seconds:.1f}")
    Console().print(table)
