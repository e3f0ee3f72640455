"""The questions name sections that exist, and the index finds as many as the kept result says."""

import argparse
import json

import pytest
import yaml

from benchmarks import ask
from benchmarks.__main__ import RESULTS
from quantlab.learn.asking.course_text import Passage, course_text
from quantlab.learn.asking.index import CourseIndex

ASKED = yaml.safe_load(ask.FILE.read_text("utf-8"))
EVERY = [each for questions, _ in ask.grouped().values() for each in questions]


def test_every_answer_is_a_section_of_the_course():
    there = {passage.key for passage in course_text().passages}
    assert not [at for each in EVERY for at in each["at"] if at not in there]


def test_there_are_questions_enough_and_none_twice():
    questions = [each["ask"] for each in EVERY]
    foreign = [text for _, texts in ask.grouped().values() for text in texts]
    assert len(ASKED["questions"]) >= 80
    assert len(ASKED["fresh"]["questions"]) >= 30
    assert len(ASKED["blind"]["questions"]) >= 60
    assert len(ASKED["blind"]["foreign"]) >= 24
    for half in ("outsiders_dev", "outsiders_final"):
        assert len(ASKED[half]["questions"]) >= 50
        assert len(ASKED[half]["foreign"]) >= 20
    assert len(foreign) >= 20
    assert len({*questions, *foreign}) == len(questions) + len(foreign)
    lessons = {at[:2] for each in EVERY for at in each["at"]}
    assert lessons >= {f"{n:02d}" for n in range(11)}


def test_the_kept_result_is_near_what_the_index_gives_now():
    """A lesson's new sentence may move a question or two; a broken index moves many."""
    kept = json.loads((RESULTS / "ask.json").read_text("utf-8"))
    now = ask.run(argparse.Namespace(missed=True, time=True))
    for group in ask.GROUPS:
        for name in ("recall_at_3", "mrr", "refused"):
            # Six questions of some seventy, five of sixty, two of thirty, or one foreign one of 12.
            assert now[group][name] == pytest.approx(kept[group][name], abs=0.09), (group, name)
    for group, found in (("held-out", 0.8), ("outsiders_final", 0.75)):
        assert now[group]["recall_at_3"] >= found
        assert now[group]["refused"] >= 0.9
    foreign = {group: now[group]["foreign"] for group in ask.CHOSE}
    refused = sum(n * now[group]["refused"] for group, n in foreign.items())
    assert refused >= 19 / 20 * sum(foreign.values()), "what FITS promises"
    shown = ask.show(now)
    assert "held-out" in shown
    assert "first answer" in shown
    assert f"missed: {now['missed'][0]}" in shown


def test_a_rank_counts_from_one_and_a_refusal_is_no_find():
    passages = [Passage("01_a", "A", name, (text,)) for name, text in (
        ("Stripes", "A horse with stripes."), ("Spots", "A horse with spots."), ("Rest", "Hay."),
    )]  # fmt: skip
    index = CourseIndex(passages, ())
    assert ask.rank(index, "stripes of a horse", ["01 Stripes"]) == 1
    assert ask.rank(index, "stripes of a horse", ["01 Spots"]) == 2
    assert ask.rank(index, "stripes of a horse", ["01 Rest"]) is None
    assert ask.rank(index, "guitar strings in tune, horse", ["01 Spots"]) is None
