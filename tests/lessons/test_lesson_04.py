"""Lesson 04: its oracles against numpy, ONNX and its numbers by hand; its pictures; its plan."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from autograder.authoring.alternatives import alternatives_of
from autograder.authoring.instructor import instructor_notebook
from quantlab.lessons.catalogue import find, load_quiz
from quantlab.lessons.lesson_04.explorer import clip_drawing, explore_clipping
from quantlab.lessons.lesson_04.material.activations import inputs_of
from quantlab.lessons.lesson_04.material.classifier_trials import ClassifierTrials
from quantlab.lessons.lesson_04.material.clip_curve import PERCENT, ClipCurve, classifier_curve
from quantlab.lessons.lesson_04.material.detector_trials import DetectorTrials, losses_table
from quantlab.lessons.lesson_04.material.histograms import histogram_figure
from quantlab.lessons.lesson_04.material.observers import MINMAX, observers_named
from quantlab.scenes import Calibration, Validation
from quantlab.teach.plans.plan import Plan

SOURCE = Path(__file__).parents[2] / "solutions" / "04_calibration" / "04_calibration.py"


def text_of_the_lesson():
    cells = instructor_notebook(SOURCE).cells
    return " ".join(" ".join(c.source for c in cells if c.cell_type == "markdown").split())


def cases_of(id, seeds=range(10)):
    return [c for s in seeds for group in find(id).groups(s) for c in group.cases]


def through_onnx(x, hi, bits):
    """QuantizeLinear and DequantizeLinear of ONNX, on a ruler from 0 to hi; 4 or 8 bits."""
    integer = {4: TensorProto.UINT4, 8: TensorProto.UINT8}[bits]
    scale = helper.make_tensor("s", TensorProto.FLOAT, (), [hi / (2**bits - 1)])
    zero = helper.make_tensor("z", integer, (), [0])
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, x.shape) for n in "xy"]
    graph = helper.make_graph(nodes, "round_trip", ends[:1], ends[1:], [scale, zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    onnx.checker.check_model(model)
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


def test_by_hand_is_what_the_text_says():
    text = text_of_the_lesson()
    values = [1] * 10 + [2] * 6 + [3] * 3
    for far, ticks, said in (
        (Fraction(9, 2), (0, Fraction(3, 2), 3, Fraction(9, 2)), "twenty values: 0.2."),
        (Fraction(9, 2), (0, 1, 2, 3), "over twenty: 0.1125."),
    ):
        squares = [min((v - t) ** 2 for t in ticks) for v in [*values, far]]
        assert said in text
        assert float(sum(squares) / 20) == float(said.split()[-1].rstrip("."))
    assert find("4.1").oracle("minmax_error") < find("4.1").oracle("clipped_error")
    assert "{{" not in text


def test_the_cost_is_that_of_onnx():
    exercise = find("4.4")
    asked = [case for case in cases_of("4.4") if case[2] in (4, 8)]
    assert len(asked) > 20
    for x, hi, bits in asked:
        back = through_onnx(x, hi, bits).astype(np.float64)
        want = float(np.mean((back - x) ** 2))
        assert exercise.comparator((x, hi, bits))(exercise.oracle(x, hi, bits), want) == ""


def test_the_middle_is_that_of_numpy():
    exercise = find("4.3")
    for x, percentile in cases_of("4.3"):
        cut = (100 - percentile) / 2
        want = tuple(np.percentile(x.astype(np.float64), [cut, 100 - cut]))
        assert exercise.comparator((x, percentile))(exercise.oracle(x, percentile), want) == ""


def test_the_range_of_a_stream_is_that_of_all_batches_together():
    oracle, rng = find("4.2").oracle, np.random.default_rng(0)
    batches = [rng.normal(0, spread, (3, 5)).astype(np.float32) for spread in (1, 4, 2)]
    seen = None
    for batch in batches:
        seen = oracle(seen, batch)
    together = np.concatenate(batches)
    assert seen == (float(together.min()), float(together.max()))


def test_the_clipped_share_is_what_saturates_in_onnx():
    for lo, hi, fresh in cases_of("4.7", range(3)):
        kept = np.clip(fresh, np.float32(lo), np.float32(hi))
        assert find("4.7").oracle(lo, hi, fresh) == np.mean(kept != fresh)


def test_fog_is_never_black_and_half_of_the_night_is():
    """What the second picture of the lesson shows, on scenes that it does not use."""
    foggy = np.concatenate(inputs_of("detector", Calibration(16, only=("fog",))))
    share = find("4.7").oracle
    lo, hi = float(foggy.min()), float(foggy.max())
    clipped = {
        name: share(lo, hi, np.concatenate(inputs_of("detector", Validation(6, only=(name,)))))
        for name in ("fog", "day", "night")
    }
    # Drawn scenes are the same on every machine, so these are figures and no estimates.
    assert clipped["fog"] < 0.001
    assert 0.01 < clipped["day"] < 0.03
    assert 0.4 < clipped["night"] < 0.55


def test_fog_loses_the_night_and_the_ruler_of_the_input_brings_it_back():
    """The lesson's surprise and its cause, on fewer scenes than the lesson takes.

    Lost at night: 22.9 points on 24 scenes, of which 0.3 are left with the input's ruler alone
    from other scenes. The bounds leave room for the rounding of another CPU's float sums.
    """
    trials = DetectorTrials(scenes=4, of_slice=16)
    foggy, mixed = Calibration(16, only=("fog",)), Calibration(16)
    fog = trials.lost(MINMAX, foggy)
    assert fog.points["night"] > 12
    assert fog.points["fog"] < 3
    assert trials.lost(MINMAX, mixed).points["night"] < 5
    assert trials.lost_with_input(foggy, mixed).points["night"] < 5
    assert "16 fog scenes" in str(losses_table(trials, fog))


def test_one_unscaled_picture_ruins_min_max_and_not_a_percentile():
    """97 to 10 %: 1,000 crops show it to a point; 100 are enough to tell 90 from 20."""
    trials = ClassifierTrials(per_class=10)
    wrong = [*trials.batches, trials.unscaled]
    assert trials.before > 0.9
    assert trials.top1(MINMAX, trials.batches) > 0.9
    assert trials.top1(MINMAX, wrong) < 0.2
    assert trials.top1(*observers_named("percentile 99"), wrong) > 0.9
    # The lesson's self-check: one line says which batch it is.
    assert trials.unscaled.max() > 100 * max(batch.max() for batch in trials.batches)


def test_the_curve_is_the_cost_of_the_exercise():
    x = np.array([0, 0.5, 1, 2, 2.25, 3.5, 8], np.float32)
    curve = ClipCurve.of(x)
    assert curve.counts.sum() == x.size
    for percent in (10, 50, 100):
        at = PERCENT.index(percent)
        values = np.append(x, x.max())  # the curve always holds the largest value, here twice
        want = find("4.4").oracle(values, curve.largest * percent / 100, 4)
        # float32 in the oracle, float64 here: 2^-24 of 8 on each of two factors of a square.
        assert curve.total[4][at] == pytest.approx(want, rel=1e-5)


def test_the_goal_of_the_explorer_can_be_reached_with_4_bits_and_hardly_with_8():
    curve = classifier_curve()
    assert curve.total[4].min() < curve.total[4][-1] / 2
    assert curve.total[8].min() > curve.total[8][-1] * 0.9
    assert curve.total[2].min() < curve.total[2][-1] / 4
    best = PERCENT[int(np.argmin(curve.total[4]))]
    assert "goal reached" in clip_drawing(curve, best, 4).text
    assert "no better than min-max" in clip_drawing(curve, 100, 4).text


@pytest.mark.parametrize(
    ("start", "said"), [({"end": 101}, "slider runs from 2 to 100"), ({"bits": 5}, "bits is 5")]
)
def test_the_explorer_says_where_it_may_start(start, said):
    with pytest.raises(ValueError, match=said):
        explore_clipping(**start)


def test_the_explorer_follows_its_controls_and_its_twin_shows_a_reached_goal():
    twin = explore_clipping()
    assert "goal reached" in twin.html
    before = twin.widget.words.value
    twin.widget.controls["end"].value = 40
    assert twin.widget.words.value != before


def test_the_histograms_say_the_same_in_words():
    figure, alt = histogram_figure(
        {"one": np.array([0.0, 1.0, 2.0, 3.0]), "two": np.array([1.0, 1.0])}, 0.5, 2.5, "a ruler"
    )
    assert "one: 0 to 3, 50.0 % of the values off the ruler" in alt
    assert "two: 1 to 1, 0.0 %" in alt
    assert [panel.get_ylabel() for panel in figure.axes] == ["% of values"] * 2


def test_each_flaw_of_the_plan_has_its_own_sign_and_is_gone_when_mended():
    flaws = find("4.8").misconceptions
    assert len(flaws) >= 5
    for flaw in flaws:
        plan = flaw.wrong()
        assert [other.name for other in flaws if other.sign(plan)] == [flaw.name]
        mended = flaw.mend(plan)
        assert isinstance(mended, Plan)
        assert not any(other.sign(mended) for other in flaws)


def test_no_right_plan_has_the_sign_of_a_flaw():
    for answer in alternatives_of(SOURCE.parent)["4.8"]:
        assert not [f.name for f in find("4.8").misconceptions if f.sign(answer())]


def test_the_quiz_counts_as_numpy_does():
    questions = {q.id: q for q in load_quiz("04_calibration").questions}
    x = np.arange(1_000_000)
    assert questions["q2"].answer == int((x > np.percentile(x, 99.95)).sum())
    assert round(255 / 15) == 17  # "about 17 times as long" in q3
