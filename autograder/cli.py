"""The `autograder` command: one module a subcommand, with EPILOG, add_arguments and run."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections.abc import Sequence

from autograder.programs import skip_slow_imports

#: In the order of an instructor's work. A module is only loaded when its command is asked for.
COMMANDS = {
    "build": "build the student notebooks from the lesson sources",
    "lint": "check lessons, exercises, misconceptions and points",
    "release": "pack what students receive",
    "collect": "unpack a download from Canvas or Moodle",
    "grade": "grade submissions into nbgrader's gradebook",
    "merge": "put what shards graded into one gradebook",
    "regrade": "grade again after a check was mended, and see what changes",
    "feedback": "write a feedback page for each submission",
    "report": "show the grades and the misconceptions of a class",
    "doctor": "attack this machine's own sandbox, and say what holds",
    "attack-suite": "try what cheats, crashes or is unusual on this grader",
    "kernel": "install the sandbox as a Jupyter kernel, for nbgrader alone",
    "demo": "play the instructor's job end to end on three samples",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns its exit code."""
    skip_slow_imports()
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(words[0] if words else "")
    args = parser.parse_args(words)
    try:
        return int(args.run(args))
    except BrokenPipeError:  # `autograder report | head`
        sys.stderr.close()
        return 0


def _parser(asked: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder",
        description="What an instructor runs: from lesson sources to a graded class.",
        epilog="Each command explains itself: autograder grade --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, said in COMMANDS.items():
        module = f"autograder.commands.{name.replace('-', '_')}"
        if importlib.util.find_spec(module) is None:
            continue
        if name != asked:
            commands.add_parser(name, help=said)
            continue
        command = importlib.import_module(module)
        sub = commands.add_parser(
            name,
            help=said,
            description=(command.__doc__ or said).strip(),
            epilog=command.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
