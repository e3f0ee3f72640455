"""Lesson 10: its oracles against the library, what it keeps and shows, and what its texts say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.authoring.instructor import instructor_notebook
from quantlab.analysis.detection import evaluate_detections
from quantlab.analysis.drop import Drop
from quantlab.base.figure_style import alt_text
from quantlab.base.palette import BLUE, ORANGE
from quantlab.deploy.latency.measure import latency_report
from quantlab.lessons.catalogue import find, load_quiz, of_lesson
from quantlab.lessons.lesson_10 import (
    by_class,
    by_slice,
    explore_plans,
    exported,
    frame_interval,
    frame_parts,
    frame_times,
    judged,
    kept_row,
    kept_table,
    one_ruler_scores,
    shown_on,
    small_coco_folder,
    thresholds_table,
)
from quantlab.lessons.lesson_10.explorer import CHOICES, START, outcome, plan_drawing
from quantlab.lessons.lesson_10.material import kept as keeping
from quantlab.lessons.lesson_10.material import plans as carrying
from quantlab.lessons.lesson_10.material.looking import hard_figure
from quantlab.lessons.lesson_10.material.traps import f1
from quantlab.methods import Recipe, Rule
from quantlab.scenes import CLASS_NAMES, Calibration, CocoFolder, Test, Validation
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.plans.inference import Inference
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.speed import Ratio, Speed
from quantlab.teach.plans.trial import Trial
from quantlab.zoo import detect, load

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "solutions/10_capstone_detector/10_capstone_detector.py"
SEEDS = range(20)
SCENES = 12


def _cases(id: str) -> list[tuple[Any, ...]]:
    exercise = find(id)
    return [case for seed in SEEDS for group in exercise.groups(seed) for case in group.cases]


@cache
def text() -> str:
    cells = instructor_notebook(SOURCE).cells
    return " ".join(" ".join(c.source for c in cells if c.cell_type == "markdown").split())


@pytest.fixture(scope="module")
def both():
    """FP32 and the same FP32 with scores that are a little lower: cheap, and of known kind."""
    fp32 = exported()
    found = judged(fp32, fp32, tuple(Test(SCENES)))
    lower = tuple(
        each._replace(scores=each.scores * np.float32(0.9)) for each in found.found["FP32"]
    )
    scores = evaluate_detections(found.truth, lower, CLASS_NAMES)
    return replace(
        found,
        found={"FP32": found.found["FP32"], "INT8": lower},
        scores={"FP32": found.scores["FP32"], "INT8": scores},
    )


# The oracles


def test_verdicts_are_those_of_the_two_reports() -> None:
    for low, high, limit, at_most in _cases("10.2"):
        said = find("10.2").oracle(low, high, limit, at_most)
        if at_most:
            drop = Drop(
                0.0, 0.0, drop=0.0, low=low, high=high, confidence=0.95, images=9, changed=None,
                resamples=1, method="percentile",
            )  # fmt: skip
            assert said == drop.against(limit)
        elif low == high:
            report = latency_report("ab", [[low, 1.0]] * 10, target=limit)
            assert said == report.speed_ups[0].verdict


def test_a_threshold_of_the_oracle_has_the_best_f1_of_all() -> None:
    for scores, right, objects in _cases("10.5"):
        best = find("10.5").oracle(scores, right, objects)
        every = {t: f1(scores, right, objects, t) for t in scores.tolist()}
        assert every[best] == pytest.approx(max(every.values()), abs=1e-12)
        assert all(t <= best for t, value in every.items() if value > every[best] - 1e-9)


def test_one_ruler_is_what_the_library_rounds_to() -> None:
    from quantlab.numerics import QParams, fake_quantize

    ruler = QParams(np.float32(320 / 255), 0, "uint8")
    for name, score in (("back", 0.6), ("sure_back", 0.9)):
        got = fake_quantize(np.array([score], np.float32), ruler)[0]
        assert find("10.6").oracle(name) == pytest.approx(float(got), abs=1e-6)


def test_end_to_end_on_paper_is_amdahls_law() -> None:
    oracle = find("10.7").oracle
    assert oracle("frame_ms") == pytest.approx(3 + 16 / 2.5 + 2)
    assert oracle("frame_speed_up") == pytest.approx(21 / 11.4)
    assert oracle("frame_speed_up") < 2  # "the frame is not even 2 times"
    assert oracle("at_best") == pytest.approx(4.2)
    assert 0.4 < 5 / 11.4 < 0.5  # "nearly half of the frame"


def test_the_mini_challenge_is_met_and_both_only_just() -> None:
    oracle, verdict = find("10.1").oracle, find("10.2").oracle
    assert oracle("lost") == pytest.approx(0.6)
    assert oracle("left") == pytest.approx(0.1)
    assert oracle("time_percent") == pytest.approx(47.619, abs=1e-3)
    assert verdict(0.6, 0.6, 0.7, True) == verdict(2.1, 2.1, 2.0, False) == "met"
    assert verdict(0.3, 0.9, 0.7, True) == verdict(1.9, 2.3, 2.0, False) == "inconclusive"


# What is kept


def test_the_kept_table_is_the_benchmarks() -> None:
    result = ROOT / "benchmarks/results/capstone.json"
    assert keeping.kept()["plans"] == keeping.from_benchmark(result)
    assert "1,000 test scenes" in str(kept_table())


def test_a_plan_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(KeyError, match="no plan of the table"):
        kept_row("best of all")


def test_what_the_prose_says_of_the_table() -> None:
    nncf, ort = kept_row("NNCF"), kept_row("ORT per-tensor min-max")
    assert nncf["speed"] < 1
    assert nncf["lost"] == pytest.approx(0.1, abs=0.05)  # "a tenth of a point"
    assert 30 < 100 - nncf["int8"] < 40  # "a third of the work"
    shown = [kept_row(name) for name in ("FP32", "NNCF", "ORT per-channel min-max",
                                         "ORT per-tensor min-max", "4-bit weights")]  # fmt: skip
    assert max(shown, key=lambda row: row["speed"]) == ort
    result = json.loads((ROOT / "benchmarks/results/capstone.json").read_text())
    assert 0.2 < ort["lost"] / result["plans"][0]["map"] < 0.3  # "a quarter of the mAP"
    good, heads = kept_row("good"), kept_row("good, but heads in float")
    assert heads["lost"] >= good["lost"]  # "win no points"
    assert heads["speed"] < 0.8 * good["speed"]  # "a good part of the speed"
    naive, easy = kept_row("naive, 6 easy day scenes"), kept_row("good, but 6 easy day scenes")
    assert easy["lost"] < 1 < 10 < naive["lost"]
    assert "11.8 points lost become 4.4" in text()
    assert kept_row("4-bit weights, light QAT")["speed"] < 1


def test_the_grid_holds_every_choice_and_fog_matters_with_floats_alone() -> None:
    grid = keeping.kept()["grid"]
    assert (len(grid["lost"]), len(grid["speed"])) == (16, 8)
    assert grid["scenes"] == carrying.TRIAL.scenes
    for low_first in (*grid["lost"].values(), *grid["speed"].values()):
        value, low, high = low_first
        assert low <= value <= high
    good = {name: options[0] for name, options in CHOICES.items()}
    fog = {**good, "scenes": "16 fog"}
    assert outcome(**fog)[0][2] <= 0.7
    assert outcome(**{**fog, "input": "prepared floats"})[0][1] > 0.7
    assert outcome(**{**good, "input": "prepared floats"})[0][2] <= 0.7
    other = outcome(**{**good, "sign": "the other one"})
    assert other[0][2] <= 0.7  # "loses no points and gains no speed"
    assert other[1][1] < 1
    assert other[1][2] < 1.2
    assert outcome(**{**good, "weights": "per-tensor"})[0][1] > 5


def test_a_kept_loss_is_measured_again() -> None:
    """Another CPU sums floats in another order, which moves a few boxes."""
    plan = keeping.plan_of("per-channel", "16 fog", "INT8", keeping.SIGN[0], "prepared floats")
    lost = carrying.TRIAL.run(plan).lost("all")
    want = keeping.kept()["grid"]["lost"]["per-channel, 16 fog, INT8, prepared floats"][0]
    assert lost == pytest.approx(want, abs=0.5)


def test_making_the_grid_again_asks_for_every_choice(monkeypatch) -> None:
    asked: list[Any] = []

    class Counted:
        scenes = 3

        def run(self, plan: Any) -> Any:
            asked.append(plan)
            return type("Outcome", (), {"drop": lambda self, name: DROP})()

        def speed(self, plan: Any) -> Any:
            asked.append(plan)
            return SPEED

    monkeypatch.setattr(keeping, "TRIAL", Counted())
    found = keeping.measure_grid()
    kept_now = keeping.kept()["grid"]
    assert found["lost"].keys() == kept_now["lost"].keys()
    assert found["speed"].keys() == kept_now["speed"].keys()
    assert len(asked) == 24
    assert found["lost"]["per-tensor, 16 fog, FP32, pixels"] == [1.0, 0.0, 2.0]


DROP = Drop(
    0.5, 0.49, drop=0.01, low=0.0, high=0.02, confidence=0.95, images=3, changed=None,
    resamples=1, method="percentile",
)  # fmt: skip
SPEED = Speed(Ratio(1.5, 1.4, 1.6), Ratio(1.6, 1.5, 1.7), (30.0, 20.0, 19.0), 20)


# The explorer


def test_the_explorer_starts_outside_the_box_and_leads_into_it() -> None:
    explorer = explore_plans().widget
    assert "missed" in explorer.words.value
    assert {name: c.value for name, c in explorer.controls.items()} == START
    for name, options in CHOICES.items():
        explorer.controls[name].value = options[0]
    words = re.sub(r"<[^>]*>", " ", explorer.words.value)
    assert words.count("met") == 2
    assert "missed" not in words
    assert "inconclusive" not in words


def test_the_picture_shows_every_plan_and_says_the_chosen_one() -> None:
    drawing = plan_drawing(**START)
    assert drawing.svg.count("<circle") == 32 + 2
    lost, speed = outcome(**START)
    assert f"Lost {lost[0]:.2f} points" in drawing.text
    assert f"{speed[0]:.2f} times as fast" in drawing.text
    good = plan_drawing(**{name: options[0] for name, options in CHOICES.items()})
    assert BLUE in good.svg
    assert BLUE not in drawing.svg
    partly = plan_drawing(**{**START, "weights": "per-channel", "input": "pixels"})
    assert ORANGE in partly.svg  # accurate and slow is not in the box


def test_the_static_twin_shows_the_start_and_the_plan_in_the_box() -> None:
    twin = explore_plans()
    assert twin.html.count("<img alt=") == 2
    assert "at most 0.7: met" in twin.text


# Looking closely


def test_by_class_shows_the_largest_loss_first_and_asks_the_guardrail(both) -> None:
    seen: list[Any] = []

    def refuses(before, after, objects, most_lost, fewest):
        seen.append((before, after, objects, most_lost, fewest))
        return [0]

    rows = by_class(both, refuses).rows
    lost = [row["lost"] for row in rows if not np.isnan(row["lost"])]
    assert lost == sorted(lost, reverse=True)
    assert {row["name"]: row["said"] for row in rows}["car"] == "refuses"
    (before, after, objects, most_lost, fewest) = seen[0]
    assert (most_lost, fewest) == (2.0, 30)
    assert objects.sum() == sum(both.scores["FP32"].objects.values())
    assert before[0] == 100 * both.scores["FP32"].classes["car"]
    assert after[0] == 100 * both.scores["INT8"].classes["car"]


def test_by_slice_has_the_numbers_of_the_scores(both) -> None:
    rows = {row["name"]: row for row in by_slice(both).rows}
    assert rows["day"]["objects"] == sum("day" in scene.slices for scene in both.scenes)
    assert all(0 <= row["fp32"] <= 100 or np.isnan(row["fp32"]) for row in rows.values())


def test_both_models_are_fed_with_what_they_take() -> None:
    """The file that takes pixels finds what the one with prepared floats finds."""
    from quantlab.deploy.export.export_onnx import build_onnx
    from quantlab.methods import fold_batchnorm, trace_model

    model, scenes = load("detector"), tuple(Validation(2))
    x = model.preprocessing.batch([scene.image for scene in scenes])
    graph = fold_batchnorm(trace_model(model, x))
    pixels = build_onnx(graph, preprocessing=model.preprocessing)
    found = judged(exported(), pixels, scenes).found
    for one, other in zip(found["FP32"], found["INT8"], strict=True):
        assert len(one.scores) == len(other.scores)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-3)


def test_the_figure_of_hard_samples_says_what_it_shows(both) -> None:
    assert "2 images, FP32 beside INT8" in alt_text(hard_figure(both, 2))


# The traps


def test_shown_scores_are_those_of_the_matches(both) -> None:
    """Counted again at one threshold by COCO's own hits; lower scores keep their order."""
    shown = shown_on(both)
    scores, right, objects = shown["FP32"]
    assert objects == sum(both.scores["FP32"].objects.values())
    assert len(scores) == sum(len(found.scores) for found in both.found["FP32"])
    assert right.sum() == sum(
        each.hit[0].sum() for each in both.scores["FP32"].matches.by_area["all"]
    )
    np.testing.assert_allclose(shown["INT8"][0], scores * np.float32(0.9), rtol=1e-6)
    np.testing.assert_array_equal(shown["INT8"][1], right)


def test_a_shifted_threshold_is_found_again(both) -> None:
    shown = shown_on(both)
    tuned = {name: find("10.5").oracle(*each) for name, each in shown.items()}
    assert tuned["INT8"] == pytest.approx(0.9 * tuned["FP32"], rel=1e-5)
    fp32, int8 = thresholds_table(tuned, shown, 0.3).rows
    assert int8["own"] == pytest.approx(fp32["own"])
    assert int8["shared"] <= int8["own"]
    assert fp32["shared"] == fp32["own"]


def test_one_ruler_blinds_a_detector_and_two_do_not(both) -> None:
    plain, same, larger, two = (row["map"] for row in one_ruler_scores(both).rows)
    assert plain == pytest.approx(100 * both.scores["FP32"].numbers["AP"])
    assert larger == 0
    assert same < two - 3  # scores on 256 ticks tie now and then, and no more than that
    assert two > plain - 6


def test_a_frame_is_measured_in_three_parts() -> None:
    fp32 = exported()
    pictures = [scene.image for scene in Validation(2)]
    times = frame_times({"one": fp32, "again": fp32}, pictures, seconds=0.1)
    assert times["one"].shape == times["again"].shape
    assert times["one"].shape[0] >= 20
    assert (times["one"] > 0).all()
    low, high = frame_interval(times["one"])
    assert low <= np.median(times["one"].sum(axis=1)) <= high


def test_the_table_of_frames_divides_medians_of_whole_frames() -> None:
    slow = np.array([[2.0, 10.0, 1.0], [2.0, 12.0, 1.0], [2.0, 11.0, 1.0]])
    first, second = frame_parts({"slow": slow, "fast": slow * [1.0, 0.5, 1.0]}).rows
    assert (first["frame"], first["ratio"]) == (14.0, 1.0)
    assert (second["prepare"], second["network"], second["decode"]) == (2.0, 5.5, 1.0)
    assert second["ratio"] == pytest.approx(14 / 8.5)
    assert 1.5 < second["low"] <= second["ratio"] <= second["high"] < 1.8


# This machine


@pytest.mark.parametrize(
    ("ratio", "asked", "said"),
    [
        (Ratio(2.5, 2.4, 2.6), 2.0, "so 2.00× is asked for here"),
        (Ratio(1.9, 1.7, 2.1), 2.0, "so 2.00× is asked for here"),
        (Ratio(1.3, 1.2, 1.4), 1.17, "no plan reaches 2× here, so 1.17× is asked for: 90%"),
    ],
)
def test_what_is_asked_for_is_what_the_good_plan_reaches(monkeypatch, ratio, asked, said) -> None:
    class Timed:
        def speed(self, *_: Any, **__: Any) -> Speed:
            return Speed(ratio, ratio, (30.0, 12.0, 12.0), 20)

    monkeypatch.setattr(carrying, "TRIAL", Timed())
    number, report = carrying.reached_here()
    assert number == pytest.approx(asked)
    assert said in str(report)


def test_the_small_folder_is_one_of_coco(tmp_path) -> None:
    folder = CocoFolder(small_coco_folder(tmp_path / "own", 2))
    assert len(folder) == 2
    assert folder.class_names == CLASS_NAMES


# The plan


def test_the_plan_that_somebody_left_misses_both_kinds_of_target() -> None:
    """On 60 scenes; no single mend would do, so none is named."""
    weights = Rule("int4", granularity="per-tensor")
    recipe = Recipe(weights=weights, activations=Rule(observer="minmax"))
    left = Plan(recipe, Calibration(4), Inference(signed=True))
    exercise = replace(find("10.9"), trial=Trial("detector", 60))
    said = judge(exercise, LocalAsk({exercise.answer: left}))
    assert said.verdict is Verdict.INCORRECT
    assert said.points == 0
    assert said.misconception is None


# The text


def test_the_lesson_takes_three_hours() -> None:
    promised = re.search(r"about (\d+) minutes: ", text())
    assert promised is not None
    assert 165 <= int(promised.group(1)) <= 190
    kinds = {e.kind for e in of_lesson(10)}
    assert kinds == {"function", "value", "choice", "written", "plan"}
    assert len(of_lesson(10)) == 10


@pytest.mark.parametrize(
    "said",
    [
        "mAP **34.0** in FP32. Quantized after training it has **33.4**, and is **2.1 times**",
        "at least 2 times and at most 0.7 points",
        "A UINT8 ruler from 0 to 320",
        "takes 3 ms, the network 16 ms, decoding 2 ms. INT8 makes the network 2.5 times as fast",
        "at most **0.7 points** of mAP over all and **4** at night",
        "is **2 times** as fast as FP32",
        "90% of what it reaches counts",
        "judges on 300 scenes that your plan never had",
        "made of 20 scenes",
        "Six questions",
    ],
)
def test_the_numbers_of_the_prose(said: str) -> None:
    assert said in text()


def test_the_scenes_that_are_looked_at_are_those_of_the_plan() -> None:
    assert f"tuple(Test({find('10.9').trial.scenes}))" in SOURCE.read_text(encoding="utf-8")
    assert find("10.9").trial == carrying.TRIAL


def test_the_seven_steps_of_the_playbook_are_all_there() -> None:
    for words in ("1. **Choose the precision**", "2. **Check the operators**",
                  "3. **Collect calibration data**", "4. **Quantize**", "5. **Measure**",
                  "6. **Too much lost?**", "7. **Lock the inference settings**"):  # fmt: skip
        assert words in text()


def test_the_quiz_divides_whole_frames() -> None:
    questions = {question.id: question for question in load_quiz("10_capstone_detector").questions}
    assert len(questions) == 6
    assert questions["q3"].answer == (4 + 12 + 2) / (4 + 12 / 3 + 2)


def test_detect_shows_from_a_score_on_and_mAP_from_all(both) -> None:
    """The notebook's figure shows boxes from 0.3 on; the numbers count from 0.02 on."""
    assert min(float(found.scores.min()) for found in both.found["FP32"]) < 0.3
    assert detect.__kwdefaults__["score"] == 0.02
