"""The options of `quantlab ask`, and what it prints."""

from __future__ import annotations

import argparse
import json

EXAMPLE = 'ask "why is the zero_point not clamped?"'
EPILOG = (
    ". Questions are in English; nothing is sent anywhere. `quantlab start 01` opens a lesson. "
    "Exit 0 when a passage fits, 1 when nothing in the course does, 2 without a question."
)
FITS, NOTHING_FITS, NO_QUESTION = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("question", nargs="+", metavar="QUESTION", help="in your own words")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def show_answer(args: argparse.Namespace) -> int:
    """Print the answer; returns the exit code."""
    from quantlab.learn.asking import ask

    answer = ask(" ".join(args.question))
    print(json.dumps(answer.to_dict(), indent=2, ensure_ascii=False) if args.json else answer)
    if answer.note:
        return NO_QUESTION
    return FITS if answer.fits else NOTHING_FITS
