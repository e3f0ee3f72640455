"""Lesson 09: its oracles against the library, its faults, and what its texts say."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from torch import nn

from autograder.authoring.instructor import instructor_notebook
from quantlab.analysis.drop import Drop
from quantlab.base.machine import is_x86
from quantlab.deploy import export_onnx, load_model, open_session, precision_report, runtime_tensors
from quantlab.deploy.export.activation_type import signed_by_default
from quantlab.deploy.latency.measure import latency_report
from quantlab.deploy.latency.timing import CHUNK, RESAMPLES
from quantlab.deploy.latency.timing import ratio_interval as of_library
from quantlab.lessons.catalogue import find, load_quiz, of_lesson
from quantlab.lessons.lesson_09 import (
    clipped_tensors,
    first_runs,
    input_integers,
    speed_by_class,
    with_hard_swish,
    without_last_dequantize,
    without_pair,
    without_pairs_at_the_end,
)
from quantlab.lessons.lesson_09.exercises.five_rounds import FP32, INT8
from quantlab.lessons.lesson_09.material.speed import OTHER, class_table, operator_classes
from quantlab.methods import Recipe, Rule, fold_batchnorm, quantize_model, trace_model
from quantlab.scenes import Calibration
from quantlab.zoo import detect, load

SOURCE = Path(__file__).parents[2] / "solutions/09_deployment/09_deployment.py"
SEEDS = range(20)


def _cases(id: str) -> list[tuple[Any, ...]]:
    exercise = find(id)
    return [case for seed in SEEDS for group in exercise.groups(seed) for case in group.cases]


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="lesson09-tests-")


@cache
def release() -> tuple[dict[str, Path], np.ndarray]:
    """The three files of the notebook's first cells, calibrated on fog, and a picture."""
    model, folder = load("detector"), Path(_folder().name)
    foggy = Calibration(16, only=("fog",)).batches(model.preprocessing)
    x = next(iter(foggy))[:1]
    quantized = quantize_model(model, foggy, Recipe(activations=Rule(observer="minmax")))
    files = {name: folder / f"{name}.onnx" for name in ("FP32", "INT8", "other sign")}
    export_onnx(fold_batchnorm(trace_model(model, x)), files["FP32"])
    export_onnx(quantized, files["INT8"])
    other = not signed_by_default()
    export_onnx(quantized, files["other sign"], signed_activations=other)
    return files, x


def _report(model: Any) -> Any:
    return precision_report(model, inputs=release()[1], profile=False)


def _float_layers(report: Any) -> list[str]:
    return [node.label for node in report.nodes if node.precision == "FP32"]


# The oracles


def test_the_interval_is_the_librarys_when_the_draws_are_its() -> None:
    for fp32, int8, _ in _cases("9.4"):
        rng = np.random.default_rng(0)
        sizes = [(CHUNK, len(fp32))] * (RESAMPLES // CHUNK)
        picks = np.concatenate([rng.integers(0, len(fp32), size=size) for size in sizes])
        low, high = find("9.4").oracle(fp32, int8, picks)
        # Both are float64. The place of the quantile among 2,000 ratios is near 50, so its fraction
        # is off by 50 roundings of 2**-53 at most, times a gap that is no larger than the value.
        np.testing.assert_allclose(
            (low, high), of_library(np.stack([fp32, int8], 1)), rtol=64 * 2**-53
        )


def test_a_round_that_disturbs_both_models_leaves_no_interval() -> None:
    exercise = find("9.4")
    (together,) = (g for g in exercise.groups(0) if g.name == "disturbed together")
    for case in together.cases:
        assert exercise.oracle(*case) == (2.0, 2.0)


def test_decisions_are_those_of_the_two_reports() -> None:
    """`LatencyReport` and `Drop` judge one criterion each; both must be met, one missed is a no."""
    for lost, speed, most_lost, least in _cases("9.5"):
        drop = Drop(
            0.0, 0.0, drop=0.0, low=lost[0], high=lost[1], confidence=0.95, images=9, changed=None,
            resamples=1, method="percentile",
        )  # fmt: skip
        # Rounds whose ratio is one of the ends: with both alike the interval is a point.
        at = [latency_report("ab", [[end, 1.0]] * 10, target=least) for end in speed]
        ends = {report.speed_ups[0].verdict for report in at}
        faster = ends.pop() if len(ends) == 1 else "inconclusive"
        verdicts = {drop.against(most_lost), faster}
        want = "reject" if "missed" in verdicts else "ship" if verdicts == {"met"} else None
        assert find("9.5").oracle(lost, speed, most_lost, least) == (want or "measure more")


def test_rows_and_share_are_those_of_the_precision_report() -> None:
    for name in ("INT8", "other sign"):
        report = _report(release()[0][name])
        percent, rows = find("9.1").oracle([(n.precision, n.macs) for n in report.nodes])
        assert percent == pytest.approx(100 * report.macs_share("INT8"), rel=1e-12)
        macs = [report.nodes[row].macs for row in rows]
        assert sum(macs) == report.macs("FP32")
        assert macs == sorted(macs, reverse=True)


def test_the_rule_fires_where_a_pattern_in_text_ends() -> None:
    for shares, limit, patience in _cases("9.7"):
        written = "".join("x" if share > limit else "." for share in shares)
        match = re.search("x" * patience, written)
        assert find("9.7").oracle(shares, limit, patience) == (match.end() - 1 if match else -1)


def test_ends_are_those_that_the_runtime_wrote() -> None:
    files, x = release()
    q = input_integers(files["INT8"], x)
    np.testing.assert_array_equal(next(iter(runtime_tensors(files["INT8"], x).tensors.values())), q)
    if q.dtype == np.uint8:
        want = np.isin(q, (0, 255)).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(find("9.6").oracle(q), want)


# What really ran


def test_the_usual_file_runs_in_integers_throughout() -> None:
    report = _report(release()[0]["INT8"])
    assert _float_layers(report) == []
    assert report.macs_share("INT8") == 1.0


def test_on_x86_most_of_the_other_file_falls_back_and_the_report_says_why() -> None:
    report = _report(release()[0]["other sign"])
    if is_x86():
        assert report.macs_share("FP32") > 0.5
        kinds = {node.kind for node in report.nodes if node.precision == "FP32"}
        assert kinds == {"int8 tensor with several readers"}
        (first, *_) = [n for n in report.nodes if n.precision == "FP32"]
        said = "2 nodes read the int8 tensor 'stage_4_0_2_q'; on x86 ONNX Runtime makes"
        assert said in first.reason
        assert said in text()


def test_both_files_hold_the_same_real_numbers() -> None:
    """Rulers 128 apart: dequantized weights and scales are equal, zero_points differ by 128."""
    usual, other = (load_model(release()[0][name]) for name in ("INT8", "other sign"))
    one, two = (
        {t.name: onnx.numpy_helper.to_array(t) for t in m.graph.initializer} for m in (usual, other)
    )
    assert one.keys() == two.keys()
    moved = {n for n in one if not np.array_equal(one[n].astype(float), two[n].astype(float))}
    assert moved
    for name in moved:
        assert name.endswith("_zero_point")
        assert abs(int(one[name]) - int(two[name])) == 128


def test_nothing_warns() -> None:
    """A session as everybody opens it: not a word on stdout or stderr."""
    path = release()[0]["other sign"]
    providers = ["CPUExecutionProvider"]
    code = f"import onnxruntime as o; o.InferenceSession({str(path)!r}, providers={providers})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_one_missing_pair_leaves_two_convolutions_in_float() -> None:
    report = _report(without_pair(release()[0]["INT8"], "stage_4_1_up_2"))
    assert _float_layers(report) == ["stage_4.1.up.0", "stage_4.1.down.0"]
    assert report.islands == 1
    assert report.macs("FP32") > 0.1 * report.macs()  # "They are heavy ones"


def test_without_pairs_at_the_end_the_twelve_outputs_are_float_layers() -> None:
    files, x = release()
    broken = without_pairs_at_the_end(files["INT8"])
    layers = _float_layers(_report(broken))
    assert len(layers) == 12
    assert {label.split(".")[0] for label in layers} == {"classes", "boxes"}
    whole = open_session(files["INT8"])
    assert [o.name for o in open_session(broken).get_outputs()] == [
        o.name for o in whole.get_outputs()
    ]
    assert detect(open_session(broken).run(None, {"input": x}))


def test_hard_swish_before_the_ruler_costs_the_convolution_too() -> None:
    files = release()[0]
    swished = clipped_tensors(files["FP32"])
    alone = _report(with_hard_swish(files["INT8"], swished))
    kinds = {n.kind for n in alone.nodes if n.precision == "FP32"}
    assert kinds == {"no integer kernel: HardSwish", "HardSwish before QuantizeLinear"}
    assert alone.macs_share("INT8") < 0.5
    paired = _report(with_hard_swish(files["INT8"], swished, pair=True))
    assert paired.macs_share("INT8") == 1.0
    assert {n.kind for n in paired.nodes if n.precision == "FP32"} == {
        "no integer kernel: HardSwish"
    }
    assert paired.islands == len(swished)


def test_without_the_last_dequantize_all_is_integer_and_ticks_come_out() -> None:
    files, x = release()
    blind = without_last_dequantize(files["INT8"])
    assert _report(blind).macs_share("INT8") == 1.0
    ticks = open_session(blind).run(None, {"input": x})
    assert {t.dtype for t in ticks} == {np.dtype("int8" if signed_by_default() else "uint8")}
    with pytest.raises(ValueError, match="is the last DequantizeLinear of the file missing"):
        detect(ticks)
    tensors = runtime_tensors(files["INT8"], x).tensors
    for entry, values in zip(open_session(blind).get_outputs(), ticks, strict=True):
        np.testing.assert_array_equal(values, tensors[entry.name])


def test_faults_are_made_in_a_copy_and_refuse_what_no_pair_makes() -> None:
    model = load_model(release()[0]["INT8"])
    before = model.SerializeToString()
    without_pair(model, "stage_4_1_up_2")
    without_last_dequantize(model)
    with_hard_swish(model, clipped_tensors(release()[0]["FP32"]), pair=True)
    assert model.SerializeToString() == before
    for tensor in ("nothing", "stem_0_weight", "stem_2_float"):
        with pytest.raises(ValueError, match=f"No pair makes the tensor '{tensor}'"):
            without_pair(model, tensor)


# Speed: the arithmetic, and never how fast this machine is


def test_classes_are_those_of_the_torch_model() -> None:
    found = list(operator_classes(release()[0]["FP32"]).values())
    convolutions = [m for m in load("detector").modules() if isinstance(m, nn.Conv2d)]
    assert len(found) == len(convolutions)
    depthwise = sum(m.groups > 1 for m in convolutions)
    pointwise = sum(m.kernel_size == (1, 1) for m in convolutions)
    assert found.count("depthwise 3×3") == depthwise
    assert found.count("convolution 1×1") == pointwise
    assert found.count("stem 4×4") == 1
    assert found[0] == "stem 4×4"


def test_the_table_of_classes_divides_medians_and_shows_the_rounds() -> None:
    rounds = [
        [{"a": 0.004, OTHER: 0.001}, {"a": 0.002, OTHER: 0.002}],
        [{"a": 0.006, OTHER: 0.001}, {"a": 0.002, OTHER: 0.001}],
        [{"a": 0.020, OTHER: 0.001}, {"a": 0.001, OTHER: 0.004}],
    ]
    a, other = class_table(rounds, {"one": "a", "two": "a"}).rows
    assert (a["layers"], other["layers"]) == (2, None)
    assert (a["fp32"], a["int8"]) == (6.0, 2.0)
    assert (a["ratio"], a["low"], a["high"]) == (3.0, 2.0, 20.0)
    assert (other["ratio"], other["low"], other["high"]) == (0.5, 0.25, 1.0)


def test_every_class_and_the_whole_run_are_in_the_measured_table() -> None:
    files, x = release()
    rows = speed_by_class(files["FP32"], files["INT8"], x, rounds=1).rows
    assert [row["class"] for row in rows] == [
        "stem 4×4", "convolution 3×3", "convolution 1×1", "depthwise 3×3", OTHER,
    ]  # fmt: skip
    assert all(row["fp32"] > 0 and row["int8"] > 0 for row in rows)
    assert sum(row["layers"] or 0 for row in rows) == 78


def test_first_runs_has_a_row_for_each_file() -> None:
    files, x = release()
    rows = first_runs(files, x).rows
    assert [row["model"] for row in rows] == list(files)
    assert all(min(row["opened"], row["first"], row["later"]) > 0 for row in rows)


# The text


@cache
def text() -> str:
    cells = instructor_notebook(SOURCE).cells
    return " ".join(" ".join(c.source for c in cells if c.cell_type == "markdown").split())


def test_the_lesson_takes_an_hour() -> None:
    promised = re.search(r"about (\d+) minutes", text())
    assert promised is not None
    assert 57 <= int(promised.group(1)) <= 66
    assert {e.kind for e in of_lesson(9)} == {"function", "value", "choice", "written", "plan"}


@pytest.mark.parametrize(
    "said",
    [
        "In INT8 run 600 + 150 of 1,000: **75 %** of the MACs",
        "FP32: **95, 24, 22, 66, 21, 20**. INT8: **70, 10, 8, 9, 29, 11**",
        "12 windows of 8 test scenes",
        "at most **2 points** of mAP over all and **6** at night",
        "Six questions",
    ],
)
def test_the_numbers_of_the_prose(said: str) -> None:
    assert said in text()


def test_five_rounds_on_paper() -> None:
    oracle = find("9.3").oracle
    assert (oracle("fp32_ms"), oracle("int8_ms")) == (np.median(FP32[1:]), np.median(INT8[1:]))
    assert oracle("speed_up") == 2.2
    assert max(FP32[1:]) == 3 * np.median(FP32[1:])  # "three times as long"
    assert 2.8 < max(INT8[1:]) / np.median(INT8[1:]) < 3.2


def test_the_quiz_has_the_answer_that_medians_give() -> None:
    questions = {question.id: question for question in load_quiz("09_deployment").questions}
    assert len(questions) == 6
    ratio = np.median([24, 22, 40]) / np.median([11, 10, 12])
    assert abs(ratio - questions["q3"].answer) < 0.005
