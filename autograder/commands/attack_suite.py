"""`autograder attack-suite`: what cheats, crashes or is merely unusual, and a scorecard of it.

Every case is graded by this machine's sandbox and held against what must become of it: no forged
point, nothing read or written outside, nothing alive afterwards, no honest point lost.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from autograder.attacks.case import Case, read_cases
from autograder.attacks.peer import kept_results, measure
from autograder.attacks.trial import Tried, try_all
from autograder.running.sandbox import BACKENDS, NoSandbox, sandbox

EPILOG = """\
The cases are data: autograder/attacks/cases/*.yaml. What plain nbgrader makes of the same files is
kept in autograder/attacks/nbgrader.json, with the command that measures it again.

exit codes: 0 every case is as expected · 1 some are not (listed) · 2 wrong use, or no sandbox

example:
  autograder attack-suite --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--case", action="append", metavar="NAME", help="only this case, or group (repeatable)"
    )
    parser.add_argument(
        "--isolation",
        choices=tuple(name for name in BACKENDS if name != "none"),
        default="bubblewrap",
        help="default: bubblewrap; without isolation the cases would attack this machine",
    )
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="default: one a core")
    parser.add_argument("--seed", type=int, default=20_260_101, metavar="N", help="hidden cases")
    parser.add_argument(
        "--with-nbgrader", action="store_true", help="measure plain nbgrader too, and keep it"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    cases = [c for c in read_cases() if not args.case or {c.name, c.group} & set(args.case)]
    if not cases:
        print("autograder attack-suite: there is no case of that name.", file=sys.stderr)
        return 2
    try:
        sandbox(args.isolation)
        tried = _try_shown(cases, args)
    except NoSandbox as said:
        print(f"autograder attack-suite: {said}", file=sys.stderr)
        return 2
    if args.with_nbgrader:
        for name, off in measure(cases, args.workers or os.cpu_count() or 1):
            print(f"plain nbgrader, {name}: {off or 'as expected'}", file=sys.stderr)
    peer = kept_results()
    if args.json:
        print(json.dumps(summary(tried, peer), indent=1))
    else:
        _print(tried, peer)
    return 0 if all(t.as_expected for t in tried) else 1


def summary(tried: Sequence[Tried], peer: dict[str, str]) -> dict[str, object]:
    """The one JSON object: how many, how many as expected, and what was not."""
    failures = [t.to_dict() for t in tried if not t.as_expected]
    return {
        "ok": not failures,
        "cases": len(tried),
        "as_expected": len(tried) - len(failures),
        "nbgrader_as_expected": sum(peer.get(t.name) == "" for t in tried),
        "failures": failures,
        "results": [t.to_dict() | {"nbgrader": peer.get(t.name)} for t in tried],
    }


def _try_shown(cases: Sequence[Case], args: argparse.Namespace) -> list[Tried]:
    workers = args.workers or os.cpu_count() or 1
    tried = []
    for case, result in try_all(cases, args.isolation, args.seed, workers):
        tried.append(result)
        if not args.json:
            mark = "as expected" if result.as_expected else "NOT AS EXPECTED"
            print(f"{case.group}/{case.name}: {mark}, {result.seconds:.1f} s", file=sys.stderr)
    return tried


def _print(tried: Sequence[Tried], peer: dict[str, str]) -> None:
    table = Table("list", "case", "this grader", "plain nbgrader")
    for t in tried:
        theirs = peer.get(t.name)
        said = "not measured" if theirs is None else theirs or "as expected"
        table.add_row(str(t.number), t.says, "; ".join(t.problems) or "as expected", said)
    Console().print(table)
    whole = summary(tried, peer)
    print(
        f"{whole['as_expected']} of {whole['cases']} as expected; plain nbgrader: "
        f"{whole['nbgrader_as_expected']}."
    )
