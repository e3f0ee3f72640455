"""Whether `ask` leads to the right passage, and says so where the course has none.

Questions in a learner's words. The tuning half, `practice` and `outsiders_dev` chose the synonyms
and the weights; the held-out half judges, and so do the `fresh` ones, which were written before
anybody had seen what `ask` says to them. The `blind` ones and `outsiders_final` judge, too: they
were written from the lessons' text by somebody who knew neither the index nor its synonyms nor what
it answers. A question is found where one of the three passages shown is one that answers it; the
word of the glossary that may stand above them does not count. MRR is the mean of 1 / rank over
these three. A question that is refused is not found.
"""

from __future__ import annotations

import argparse
import statistics
import time
import zlib
from pathlib import Path
from typing import Any

import yaml

from quantlab.learn.asking.index import CourseIndex, course_index

FILE = Path(__file__).with_name("ask_questions.yaml")
HALVES = ("tuning", "held-out")
LATER = ("practice", "fresh", "blind", "outsiders_dev", "outsiders_final")
GROUPS = (*HALVES, *LATER)
CHOSE = ("tuning", "practice", "outsiders_dev")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument(
        "--missed", action="store_true", help="name the misses among those that chose"
    )
    parser.add_argument("--time", action="store_true", help="on a quiet machine: seconds, too")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Ask every question once."""
    seconds = first_answer() if args.time else None
    index = course_index()
    result: dict[str, Any] = {}
    for group, (questions, foreign) in grouped().items():
        ranks = {each["ask"]: rank(index, each["ask"], each["at"]) for each in questions}
        refused = [not index.find(text).fits for text in foreign]
        result[group] = {
            "questions": len(ranks),
            "recall_at_3": statistics.fmean(r is not None for r in ranks.values()),
            "mrr": statistics.fmean(1 / r if r else 0.0 for r in ranks.values()),
            "foreign": len(refused),
            "refused": statistics.fmean(refused),
        }
        if args.missed and group in CHOSE:
            result.setdefault("missed", []).extend(t for t, r in ranks.items() if r is None)
    return result if seconds is None else result | {"seconds": seconds}


def first_answer() -> dict[str, float]:
    """What the first question of a session takes, the index included, and what the next ones do."""
    started = time.perf_counter()
    course_index().find("Why is the zero_point not clamped?")
    first = time.perf_counter() - started
    texts = [each["ask"] for questions, _ in grouped().values() for each in questions]
    asked = time.perf_counter()
    for text in texts:
        course_index().find(text)
    return {"first": first, "next": (time.perf_counter() - asked) / len(texts)}


def grouped() -> dict[str, tuple[list[dict[str, Any]], list[str]]]:
    """{group: (questions that the course answers, questions that it does not)}."""
    asked = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    foreign = [text for kind in asked["foreign"].values() for text in kind]
    found = {
        half: (
            [each for each in asked["questions"] if half_of(each["ask"]) == half],
            [text for text in foreign if half_of(text) == half],
        )
        for half in HALVES
    }
    return found | {name: (asked[name]["questions"], asked[name]["foreign"]) for name in LATER}


def half_of(question: str) -> str:
    """The half of a question, by its own text: adding one moves no other."""
    return HALVES[zlib.crc32(question.encode()) % 2]


def rank(index: CourseIndex, question: str, at: list[str]) -> int | None:
    """The place, from 1, of the first passage that answers; None where none does."""
    found = index.find(question)
    places = [hit.passage.key for hit in found.hits] if found.fits else []
    return next((n for n, place in enumerate(places, start=1) if place in at), None)


def show(result: dict[str, Any]) -> str:
    """One row a group."""
    rows = ["group            questions  recall@3    MRR   foreign  refused"]
    for group in GROUPS:
        r = result[group]
        rows.append(
            f"{group:<16} {r['questions']:>9}  {r['recall_at_3']:>8.3f}  {r['mrr']:.3f}"
            f"  {r['foreign']:>7}  {r['refused']:>7.3f}"
        )
    if seconds := result.get("seconds"):
        rows.append(f"first answer {seconds['first']:.3f} s, the next {seconds['next']:.4f} s each")
    return "\n".join(rows + [f"missed: {text}" for text in result.get("missed", ())])
