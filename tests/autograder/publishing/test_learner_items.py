"""Forty records with known answers, in files as learners export them."""

import json

import numpy as np
import pytest

from autograder.cli import main
from autograder.publishing.correlation import FEWEST
from autograder.publishing.learner_items import learner_items, quiz_options
from autograder.publishing.learners import Learner, Tried, read_learners
from quantlab.learn.export import for_items
from quantlab.learn.progress import Progress
from quantlab.learn.progress_store import Store
from quantlab.lessons.catalogue import find, load_quiz
from quantlab.teach.judging.verdict import Judgement, Verdict

IDS = ("1.2", "1.3", "1.4", "1.6")
PEOPLE = 40
RARE, OFTEN = (m.name for m in find("1.2").misconceptions[:2])
QUIZ = load_quiz("03_per_channel")


def record(right_at_first, hints=0, named=None, quiz=None):
    """The export of somebody who passes each exercise at first or at the third attempt."""
    wrong = {"verdict": "incorrect", "misconception": named}
    right = {"verdict": "correct", "misconception": None}
    stub = {"verdict": "not_attempted", "misconception": None}
    exercises = {
        id: {
            "attempts": [stub, right] if first else [stub, wrong, wrong, right],
            "hints": hints,
            "solution_opened": not first,
        }
        for id, first in right_at_first.items()
    }
    return {
        "schema": 1,
        "for": "items",
        "exercises": exercises,
        "quizzes": {} if quiz is None else {QUIZ.id: quiz},
    }


@pytest.fixture(scope="module")
def truth():
    """Who has what right at first: people of unequal strength, and answers that follow it."""
    rng = np.random.default_rng(5)
    able = rng.normal(size=PEOPLE)
    return able[:, None] + rng.normal(size=(PEOPLE, len(IDS))) > 0


@pytest.fixture(scope="module")
def folder(truth, tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    for n, row in enumerate(truth):
        first = dict(zip(IDS, map(bool, row), strict=True))
        # The strong choose option b of q1, which is right, and one in eight of the others c.
        quiz = {"q1": 1 if row.sum() > 2 else 2 * (n % 8 == 0), "q2": 64 if row[0] else 32}
        named = RARE if n < FEWEST - 1 else OFTEN
        one = record(first, hints=n % 3, named=named, quiz=quiz)
        (folder / f"{n:02d}.json").write_text(json.dumps(one))
    return folder


@pytest.fixture(scope="module")
def learners(folder):
    found, refused = read_learners(folder)
    assert refused == ()
    assert len(found) == PEOPLE
    return found


def test_first_tries_and_discrimination_are_numpy_s(learners, truth):
    items = {item.id: item for item in learner_items(learners)}
    assert tuple(items) == IDS
    for n, id in enumerate(IDS):
        rest = np.delete(truth, n, axis=1).mean(axis=1)
        r = np.corrcoef(truth[:, n], rest)[0, 1]
        assert items[id].learners == PEOPLE
        assert items[id].first_try == pytest.approx(truth[:, n].mean())
        assert items[id].passed == 1.0
        assert items[id].solution == pytest.approx(1 - truth[:, n].mean())
        assert items[id].discrimination == pytest.approx(r)
        low, high = items[id].interval
        assert low < r < high


def test_tries_count_to_the_pass_and_stubs_do_not(learners, truth):
    (item,) = [item for item in learner_items(learners) if item.id == "1.3"]
    assert item.tries == np.median(np.where(truth[:, 1], 1, 3))
    assert item.hints == pytest.approx(np.mean([n % 3 for n in range(PEOPLE)]))


def test_a_misconception_of_few_is_hidden(learners, truth):
    (item,) = [item for item in learner_items(learners) if item.id == "1.2"]
    assert 0 < np.sum(~truth[: FEWEST - 1, 0]) < FEWEST
    had = int(np.sum(~truth[FEWEST - 1 :, 0]))
    assert item.misconceptions == ((OFTEN, had),)


def test_fewer_than_five_learners_tell_nothing(learners):
    (item,) = [item for item in learner_items(learners[: FEWEST - 1]) if item.id == "1.2"]
    assert item.to_dict() == {
        **dict.fromkeys(("first_try", "passed", "tries", "hints", "solution")),
        **dict.fromkeys(("discrimination", "interval")),
        "id": "1.2",
        "learners": None,
        "misconceptions": {},
    }
    told = quiz_options(learners[: FEWEST - 1])
    assert {(option.learners, option.share) for option in told} == {(None, None)}
    thirty = learner_items(learners[:29])
    assert {item.interval for item in thirty} == {None}


def test_options_of_a_quiz_have_their_share(learners, truth):
    first = [option for option in quiz_options(learners) if option.question == "q1"]
    strong = truth.sum(axis=1) > 2
    a, b, c = first
    assert (b.option, b.right, b.learners) == ("b", True, PEOPLE)
    assert a.share == pytest.approx(sum(not s and n % 8 > 0 for n, s in enumerate(strong)) / PEOPLE)
    # The only other question that anybody answered is q2.
    r = np.corrcoef(strong, truth[:, 0])[0, 1]
    assert b.discrimination == pytest.approx(r)
    assert b.interval[0] < r < b.interval[1]
    assert 0 < np.sum(~strong[::8]) < FEWEST <= np.sum(strong)
    assert (c.share, c.discrimination, c.interval) == (None, None, None)
    assert b.share is None, "what a and b leave of all would be c's"


def learner(first, later=False, hints=0, named=()):
    """Right at first or at the third attempt, or never."""
    right = (True,) if first else (False, False, later)
    return Learner({"1.2": Tried(right, frozenset(named), hints, False)}, {})


def test_what_nearly_all_or_nearly_none_have_is_told_as_all_but_five_or_as_five():
    many = [learner(True, named=[OFTEN]) for _ in range(37)]
    (item,) = learner_items([*many, learner(False, True), learner(False), learner(False)])
    assert (item.first_try, item.passed) == (35 / PEOPLE, 35 / PEOPLE)
    assert item.misconceptions == ((OFTEN, 35),)
    assert item.solution == 0.0
    (item,) = learner_items([learner(n < 2) for n in range(PEOPLE)])
    assert (item.first_try, item.passed) == (FEWEST / PEOPLE, FEWEST / PEOPLE)


def test_no_difference_tells_how_few_passed_later_hinted_or_did_not_try():
    """Of forty, twenty pass at first, three later; two of those who passed took a hint."""
    some = [learner(n < 20, n < 23, hints=n < 2) for n in range(PEOPLE)]
    (item,) = learner_items(some)
    assert (item.first_try, item.passed, item.hints) == (0.5, None, None)
    assert item.learners == PEOPLE
    (item,) = learner_items([*some, Learner({}, {})])
    assert item.learners is None


def test_what_an_export_holds_is_no_name_no_time_and_no_code(tmp_path):
    progress = Progress(Store(tmp_path / "p.sqlite"), "ada.lovelace")
    wrong = Judgement("1.2", "T", Verdict.INCORRECT, 0.0, 3.0, misconception=RARE)
    for judgement in (wrong, Judgement("1.2", "T", Verdict.CORRECT, 3.0, 3.0)):
        progress.record(judgement)
    progress.take_hint("1.2")
    for chosen in (0, 1):
        progress.record_quiz(QUIZ.id, 1.0, 5.0, {"q1": chosen})
    text = json.dumps(for_items(progress))
    assert "ada" not in text
    assert '"at"' not in text
    (tmp_path / "one.json").write_text(text)
    (learner,), _ = read_learners(tmp_path)
    tried = learner.exercises["1.2"]
    assert (tried.right, tried.misconceptions, tried.hints) == ((False, True), {RARE}, 1)
    assert learner.quizzes == {QUIZ.id: {"q1": 0}}, "the first answers"


BROKEN = {
    "text.json": "no JSON",
    "whole.json": json.dumps({"schema": 2, "user": "ada", "exercises": {}, "quizzes": {}}),
    "later.json": json.dumps({"for": "items", "schema": 9}),
    "list.json": "[]",
    "attempts.json": json.dumps(record({}) | {"exercises": {"1.2": {"attempts": 3}}}),
    "hints.json": json.dumps(record({}) | {"exercises": {"1.2": {"attempts": [], "hints": -1}}}),
    "quiz.json": json.dumps(record({}, quiz={"q1": 99})),
    "deep.json": "[" * 100_000,
}


def test_what_is_no_record_is_left_out_with_a_sentence(tmp_path):
    for name, text in BROKEN.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "link.json").symlink_to(tmp_path / "list.json")
    (tmp_path / "notes.txt").write_text("not looked at")
    unknown = record({"1.2": True}, named="<b>invented</b>")
    unknown["exercises"]["77.7"] = {"attempts": "nonsense"}
    (tmp_path / "good.json").write_text(json.dumps(unknown))
    found, refused = read_learners(tmp_path)
    assert [list(one.exercises) for one in found] == [["1.2"]]
    assert len(refused) == len(BROKEN) + 1
    for sentence in refused:
        assert sentence.endswith("`quantlab progress export FILE --for-items` writes.")
        assert sentence.count("\n") == 0


def test_the_report_shows_records_without_a_course(folder, capsys):
    assert main(["report", "--items", "--learners", str(folder)]) == 0
    assert "Learners' own records" in capsys.readouterr().out
    assert main(["report", "--items", "--learners", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["learners"]
    assert [item["id"] for item in told["exercises"]] == list(IDS)
    assert {option["quiz"] for option in told["options"]} == {QUIZ.id}


def test_wrong_use_is_one_sentence(folder, tmp_path, capsys):
    assert main(["report", "--learners", str(folder)]) == 2
    assert "Add --items" in capsys.readouterr().err
    assert main(["report", "--items", "--learners", str(tmp_path)]) == 2
    assert "holds no learner's record" in capsys.readouterr().err
    assert main(["report", "--items", "--learners", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
