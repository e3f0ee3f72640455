"""The options of `quantlab ask`, and what it prints."""

from __future__ import annotations

import argparse
import json
import sys

EXAMPLE = 'ask "why is the zero_point not clamped?"'
EPILOG = (
    ". Questions are in English; nothing is sent anywhere. `quantlab start 01` opens a lesson. "
    "An assistant asks by itself where the command `quantlab ask --mcp` is registered with it. "
    "Exit 0 when a passage fits, 1 when nothing in the course does, 2 without a question."
)
FITS, NOTHING_FITS, NO_QUESTION = 0, 1, 2
NO_PACKAGE = (
    "quantlab ask --mcp needs the package mcp, which is not installed. "
    "Run: pip install 'quantlab[assistant]'"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("question", nargs="*", metavar="QUESTION", help="in your own words")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="be a tool for an assistant: MCP over standard input and output",
    )


def show_answer(args: argparse.Namespace) -> int:
    """Print the answer, or serve an assistant; returns the exit code."""
    if args.mcp:
        return _serve()
    from quantlab.learn.asking import ask

    answer = ask(" ".join(args.question))
    print(json.dumps(answer.to_dict(), indent=2, ensure_ascii=False) if args.json else answer)
    if answer.note:
        return NO_QUESTION
    return FITS if answer.fits else NOTHING_FITS


def _serve() -> int:
    try:
        from quantlab.learn.asking.assistant import serve
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in ("mcp", "pydantic"):
            raise
        print(NO_PACKAGE, file=sys.stderr)
        return NO_QUESTION
    serve()
    return FITS
