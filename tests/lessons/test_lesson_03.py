"""Lesson 03: its oracles against ONNX Runtime, onnx.reference and torch, and what its texts say."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from onnxruntime.quantization.quant_utils import quantize_data

from autograder.authoring.instructor import instructor_notebook
from quantlab.lessons.catalogue import find, load_quiz, of_lesson
from quantlab.lessons.lesson_03 import channel_spread, folded, lost_points, weights_of
from quantlab.methods import Rule
from quantlab.zoo import load

SOURCE = Path(__file__).parents[2] / "solutions/03_per_channel/03_per_channel.py"
SEEDS = range(20)


def _cases(id: str) -> list[tuple[Any, ...]]:
    exercise = find(id)
    return [case for seed in SEEDS for group in exercise.groups(seed) for case in group.cases]


def test_scales_are_those_of_onnx_runtimes_tool() -> None:
    """The tool has symmetric INT8 from -127 to 127 and scale 1 for a channel of zeros, too."""
    for (w,) in _cases("3.2"):
        for channel, scale in zip(w, find("3.2").oracle(w), strict=True):
            peer = quantize_data(channel, onnx.TensorProto.INT8, symmetric=True, reduce_range=False)
            # Both divide once in float32 or wider and round once to float32.
            assert abs(float(scale) - float(peer[1])) <= np.spacing(np.float32(scale))


@cache
def _quantize_linear() -> onnx.ModelProto:
    """QuantizeLinear along axis 0 to INT8."""
    real, ticks = onnx.TensorProto.FLOAT, onnx.TensorProto.INT8
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["y"], axis=0)],
        "one_operator",
        [
            onnx.helper.make_tensor_value_info("x", real, None),
            onnx.helper.make_tensor_value_info("scale", real, [None]),
            onnx.helper.make_tensor_value_info("zero", ticks, [None]),
        ],
        [onnx.helper.make_tensor_value_info("y", ticks, None)],
    )
    opset = [onnx.helper.make_opsetid("", 19)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)


def test_ticks_are_those_of_quantize_linear_along_axis_0() -> None:
    runtime = onnxruntime.InferenceSession(
        _quantize_linear().SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for w, scales in _cases("3.3"):
        feed = {"x": w, "scale": scales, "zero": np.zeros(len(scales), np.int8)}
        for peer in (runtime, ReferenceEvaluator(_quantize_linear())):
            # The operator also has -128, which a symmetric ruler leaves out.
            want = np.maximum(np.asarray(peer.run(None, feed)[0]), np.int8(-127))
            np.testing.assert_array_equal(find("3.3").oracle(w, scales), want)


def test_torch_loses_the_same_channels() -> None:
    for w, bits in _cases("3.4"):
        last = 2 ** (bits - 1) - 1
        # torch multiplies by 1/scale: the scale of ties is 1, all other weights are clear of them.
        faked = torch.fake_quantize_per_tensor_affine(
            torch.from_numpy(w), float(np.abs(w).max()) / last, 0, -last, last
        )
        empty = ~faked.flatten(1).any(dim=1).numpy()
        want = np.flatnonzero(empty & w.reshape(len(w), -1).any(axis=1))
        np.testing.assert_array_equal(find("3.4").oracle(w, bits), want)


@cache
def _weights() -> dict[str, np.ndarray]:
    return weights_of(folded(load("detector")))


def test_the_detectors_channels_are_as_the_lesson_says() -> None:
    """Counted with the exercise's oracle, which rounds every weight, and not the lesson's table."""
    tower = _weights()["towers.5.0.0"]
    farthest = np.abs(tower).reshape(len(tower), -1).max(axis=1)
    assert tower.shape == (128, 1, 3, 3)
    assert int(farthest.argmax()) == 55
    assert 609.5 < farthest.max() / np.median(farthest) < 610.5
    plain = dict(load("detector").named_modules())["towers.5.0.0"].weight.detach().numpy()
    unfolded = np.abs(plain).reshape(len(plain), -1).max(axis=1)
    assert unfolded.max() < 1.5 * np.median(unfolded)
    vanishing = find("3.4").oracle
    lost = {name: len(vanishing(_as_conv(w), 8)) for name, w in _weights().items()}
    assert sum(lost.values()) == 97
    assert lost["towers.5.0.0"] == 92
    depthwise = {name for name, w in _weights().items() if w.ndim == 4 and w.shape[1] == 1}
    assert {name for name, count in lost.items() if count} <= depthwise
    channels = sum(len(w) for w in _weights().values())
    assert sum(len(vanishing(_as_conv(w), 4)) for w in _weights().values()) > channels / 2


def test_many_more_channels_keep_two_or_three_values() -> None:
    few = 0
    for w in _weights().values():
        q = np.rint(w.reshape(len(w), -1) / (np.abs(w).max() / 127))
        few += sum(1 < len(np.unique(channel)) <= 3 for channel in q)
    assert few > 5 * 97


def test_one_ruler_costs_the_detector_about_ten_points_and_own_rulers_none() -> None:
    """10.3 and -0.5 here. Another CPU's FP32 sums move a few of 516 boxes: a point or two."""
    kinds = ("per-tensor", "per-channel")
    table = lost_points("detector", {kind: Rule("int8", "symmetric", kind) for kind in kinds})
    assert 8 < table.lost("per-tensor") < 13
    assert abs(table.lost("per-channel")) < 1.5


def _as_conv(w: np.ndarray) -> np.ndarray:
    return w if w.ndim == 4 else w.reshape(*w.shape, 1, 1)


@pytest.mark.parametrize("bits", [8, 4])
def test_the_table_counts_what_the_oracle_counts(bits: int) -> None:
    table = channel_spread(_weights(), bits=bits, top=200)
    for row in table.rows:
        want = find("3.4").oracle(_as_conv(_weights()[row["name"]]), bits)
        assert row["vanished"] == len(want)
    assert table.vanished == sum(row["vanished"] for row in table.rows)
    assert table.rows[0]["name"] == "towers.5.0.0"


def test_the_classifier_has_no_depthwise_layer_and_like_channels() -> None:
    weights = weights_of(folded(load("classifier")))
    assert all(w.shape[1] > 1 for w in weights.values())
    assert channel_spread(weights).layers[0]["ratio"] < 2
    assert channel_spread(weights).vanished == channel_spread(weights, bits=4).vanished == 0


def test_the_segmenter_has_one_bad_layer() -> None:
    table = channel_spread(weights_of(folded(load("segmenter"))), bits=4, top=2)
    worst, second = table.layers
    assert worst["name"].startswith("down.3.1.depthwise")
    assert worst["ratio"] > 5 * second["ratio"]
    assert worst["vanished"] > 0.8 * table.vanished


@cache
def _prose() -> str:
    cells = instructor_notebook(SOURCE).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def test_the_promised_minutes_are_the_sum_of_their_parts() -> None:
    promised = re.search(r"about (\d+) minutes: (\d+)\s+to read, (\d+)\s+for\s+the", _prose())
    assert promised is not None
    total, reading, looking = (int(n) for n in promised.groups())
    assert total == reading + looking + sum(exercise.minutes for exercise in of_lesson(3)) == 60
    # 238 words a minute, as in lesson 01 (Brysbaert 2019).
    words = len(re.findall(r"[\w’']+", _prose()))
    assert reading - 1 < words / 238 <= reading


@pytest.mark.parametrize(
    "said",
    [
        "6 / 3 = 2",
        "lands on the ticks 0, 0, 0: it is gone",
        "its step is 0.2. Now it lands on 3, −1, 2 and reads back as 0.6, −0.2, 0.4",
        "**12.7, −6.4, 3.1**, the quiet one **0.254, −0.0312, 0.1**",
        "Six questions",
    ],
)
def test_the_numbers_of_the_prose(said: str) -> None:
    """By hand: 6 / 3 = 2, and 0.6 / 2 rounds to 0; 0.6 / 3 = 0.2, and 0.45 / 0.2 to 2."""
    assert said in " ".join(_prose().split())


def test_the_quiz_has_the_answers_that_the_oracles_give() -> None:
    questions = {question.id: question for question in load_quiz("03_per_channel").questions}
    assert len(questions) == 6
    rng = np.random.default_rng(0)
    w = rng.normal(size=(64, 32, 3, 3)).astype(np.float32)
    assert questions["q2"].answer == len(find("3.2").oracle(w))
    w = np.array([2.54, 0.0099, 0.0101], np.float32).reshape(3, 1, 1, 1)
    assert list(find("3.4").oracle(w, 8)) == [1]
    assert questions["q4"].answer == 0.01
