"""Whether `ask` leads to the right passage, and says so where the course has none.

Questions in a learner's words. The tuning half and `practice` chose the synonyms and the weights;
the held-out half judges, and so do the `fresh` ones, which were written before anybody had seen
what `ask` says to them. A question is found where one of the three passages shown is one that answers
it; the word of the glossary that may stand above them does not count. MRR is the mean of 1 / rank
over these three. A question that is refused is not found.
"""

from __future__ import annotations

import argparse
import statistics
import time
import zlib
from pathlib import Path
from typing import Any

import yaml

from quantlab.learn.asking.course_text import Passage
from quantlab.learn.asking.index import CourseIndex, course_index

FILE = Path(__file__).with_name("ask_questions.yaml")
HALVES = ("tuning", "held-out")
LATER = ("practice", "fresh")
GROUPS = (*HALVES, *LATER)
CHOSE = ("tuning", "practice")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--missed", action="store_true", help="name the misses among those that chose")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Ask every question once."""
    started = time.perf_counter()
    index = course_index()
    loading = time.perf_counter() - started
    seconds: list[float] = []
    result: dict[str, Any] = {}
    for group, (questions, foreign) in grouped().items():
        ranks = {}
        for each in questions:
            begun = time.perf_counter()
            ranks[each["ask"]] = rank(index, each["ask"], each["at"])
            seconds.append(time.perf_counter() - begun)
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
    result["seconds"] = {
        "loading": round(loading, 3),
        "median": round(statistics.median(seconds), 5),
        "longest": round(max(seconds), 5),
    }
    return result


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
    places = [name_of(hit.passage) for hit in found.hits] if found.fits else []
    return next((n for n, place in enumerate(places, start=1) if place in at), None)


def name_of(passage: Passage) -> str:
    """How ask_questions.yaml names a passage: "01 Break it"."""
    number = passage.notebook[:2]
    return f"{number if number.isdigit() else passage.notebook} {passage.heading}"


def show(result: dict[str, Any]) -> str:
    """One row a group."""
    rows = ["group     questions  recall@3    MRR   foreign  refused"]
    for group in GROUPS:
        r = result[group]
        rows.append(
            f"{group:<9} {r['questions']:>9}  {r['recall_at_3']:>8.3f}  {r['mrr']:.3f}"
            f"  {r['foreign']:>7}  {r['refused']:>7.3f}"
        )
    seconds = result["seconds"]
    rows.append(
        f"index {seconds['loading']:.2f} s once; a question {1000 * seconds['median']:.1f} ms, "
        f"at most {1000 * seconds['longest']:.1f} ms"
    )
    return "\n".join(rows + [f"missed: {text}" for text in result.get("missed", ())])
