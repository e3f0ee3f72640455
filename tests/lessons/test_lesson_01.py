"""Lesson 01: every oracle agrees with ONNX Runtime, onnx.reference and torch on the drawn cases."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from onnxruntime.quantization.quant_utils import compute_scale_zp

from autograder.authoring.instructor import instructor_notebook
from quantlab.lessons.catalogue import find
from quantlab.lessons.lesson_01 import explore_ruler, first_layer
from quantlab.lessons.lesson_01.exercises.activations import ACTIVATIONS
from quantlab.numerics import choose_qparams
from quantlab.teach.source import read_lesson

SOURCE = Path(__file__).parents[2] / "solutions/01_scale_and_zero_point/01_scale_and_zero_point.py"
SEEDS = range(20)


def _cases(id: str) -> list[tuple[Any, ...]]:
    """The cases of one exercise over all seeds."""
    exercise = find(id)
    return [case for seed in SEEDS for group in exercise.groups(seed) for case in group.cases]


@cache
def _model(operator: str) -> onnx.ModelProto:
    """QuantizeLinear or DequantizeLinear with UINT8, scale and zero_point as inputs."""
    real, ticks = onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8
    before, after = (real, ticks) if operator == "QuantizeLinear" else (ticks, real)
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(operator, ["x", "scale", "zero_point"], ["y"])],
        "one_operator",
        [
            onnx.helper.make_tensor_value_info("x", before, None),
            onnx.helper.make_tensor_value_info("scale", real, []),
            onnx.helper.make_tensor_value_info("zero_point", ticks, []),
        ],
        [onnx.helper.make_tensor_value_info("y", after, None)],
    )
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 19)], ir_version=9
    )


@cache
def _session(operator: str) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        _model(operator).SerializeToString(), providers=["CPUExecutionProvider"]
    )


@cache
def _reference(operator: str) -> ReferenceEvaluator:
    return ReferenceEvaluator(_model(operator))


def _run(runner: Any, x: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    feed = {"x": x, "scale": np.float32(scale), "zero_point": np.uint8(zero_point)}
    return np.asarray(runner.run(None, {name: np.asarray(v) for name, v in feed.items()})[0])


def _peer_ruler(lo: float, hi: float, qmin: int, qmax: int, symmetric: bool = False) -> Any:
    """ONNX Runtime's quantization tool, computing in float64 as the oracles do."""
    zero_point, scale = compute_scale_zp(
        np.array(lo), np.array(hi), np.array(qmin), np.array(qmax), symmetric
    )
    return float(scale), int(zero_point)


def test_rulers_agree_with_onnx_runtime() -> None:
    for lo, hi in _cases("1.2"):
        scale, zero_point = find("1.2").oracle(lo, hi)
        peer_scale, peer_zero_point = _peer_ruler(lo, hi, 0, 255)
        # The oracle's scale is the peer's, rounded once to float32.
        assert scale == np.float32(peer_scale)
        assert zero_point == peer_zero_point


def test_rulers_agree_with_dynamic_quantize_linear() -> None:
    """The operator computes in float32 throughout: lo, hi, difference, quotient, 4 roundings."""
    node = onnx.helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "zero_point"])
    peer = ReferenceEvaluator(node)
    for lo, hi in _cases("1.2"):
        scale, zero_point = find("1.2").oracle(lo, hi)
        _, peer_scale, peer_zero_point = peer.run(None, {"x": np.array([lo, hi], np.float32)})
        assert abs(scale - float(peer_scale)) <= 4 * np.spacing(np.float32(scale))
        assert zero_point == int(peer_zero_point)


def test_ticks_agree_with_onnx_runtime_onnx_and_torch() -> None:
    for x, scale, zero_point in _cases("1.3"):
        want = find("1.3").oracle(x, scale, zero_point)
        # The reference implementation casts steps to int32, which 3.2e12 of them do not fit.
        huge = float(np.abs(x).max()) / scale > 2**31
        runners = [_session("QuantizeLinear")] + ([] if huge else [_reference("QuantizeLinear")])
        for runner in runners:
            np.testing.assert_array_equal(_run(runner, x, scale, zero_point), want)
        # torch multiplies by the reciprocal, which is the same off ties and on scales 2^-k; on ties
        # of another scale it is the wrong answer of that name.
        if scale == 0.4375:
            known = {m.name: m.wrong for m in find("1.3").misconceptions}
            want = known["multiplies_by_the_reciprocal"](x, scale, zero_point)
        faked = torch.fake_quantize_per_tensor_affine(
            torch.from_numpy(x), scale, zero_point, 0, 255
        )
        back = find("1.4").oracle(want, scale, zero_point)
        np.testing.assert_array_equal(faked.numpy(), back)


def test_ties_are_among_the_cases() -> None:
    """Exact ties for an odd and an even zero_point, so that the order of the steps is judged."""
    seen = set()
    for x, scale, zero_point in _cases("1.3"):
        steps = x.astype(np.float64) / scale
        if np.all(np.abs(steps) % 1 == 0.5):
            seen.add(zero_point % 2)
    assert seen == {0, 1}


def test_real_numbers_agree_with_onnx_runtime_and_onnx() -> None:
    for q, scale, zero_point in _cases("1.4"):
        want = find("1.4").oracle(q, scale, zero_point)
        for runner in (_session("DequantizeLinear"), _reference("DequantizeLinear")):
            np.testing.assert_array_equal(_run(runner, q, scale, zero_point), want)


def test_the_largest_error_agrees_with_onnx_runtime() -> None:
    for x, scale, zero_point in _cases("1.5"):
        q = _run(_session("QuantizeLinear"), x, scale, zero_point)
        back = _run(_session("DequantizeLinear"), q, scale, zero_point)
        peer = np.max(np.abs(back.astype(np.float64) - x.astype(np.float64)))
        assert find("1.5").oracle(x, scale, zero_point) == peer


def test_the_largest_error_on_the_ruler_is_at_most_half_a_step() -> None:
    exercise = find("1.5")
    for seed in SEEDS:
        on_the_ruler, off_the_ruler = exercise.groups(seed)
        # float32 holds x and the read-back value to 2^-24 of the ruler's far end each.
        for x, scale, zero_point in on_the_ruler.cases:
            slack = 2 * 2.0**-24 * 255 * scale
            assert exercise.oracle(x, scale, zero_point) <= scale / 2 + slack
        for x, scale, zero_point in off_the_ruler.cases:
            assert exercise.oracle(x, scale, zero_point) > scale / 2


def test_symmetric_scales_agree_with_onnx_runtime() -> None:
    for (w,) in _cases("1.6"):
        peer_scale, peer_zero_point = _peer_ruler(float(w.min()), float(w.max()), -127, 127, True)
        assert find("1.6").oracle(w) == np.float32(peer_scale)
        assert peer_zero_point == 0


def test_rulers_of_any_width_agree_with_onnx_runtime() -> None:
    for lo, hi, bits, signed in _cases("1.8"):
        qmin = -(2 ** (bits - 1)) if signed else 0
        peer_scale, peer_zero_point = _peer_ruler(lo, hi, qmin, qmin + 2**bits - 1)
        scale, zero_point = find("1.8").oracle(lo, hi, bits, signed)
        assert scale == np.float32(peer_scale)
        assert zero_point == peer_zero_point


def test_the_activation_set_agrees_with_onnx_runtime() -> None:
    oracle = find("1.9").oracle
    scale, zero_point = _peer_ruler(-0.2, 2.35, 0, 255)
    assert oracle("act_scale") == np.float32(scale)
    assert oracle("act_zero_point") == zero_point
    peer = _run(_session("QuantizeLinear"), ACTIVATIONS, scale, zero_point)
    np.testing.assert_array_equal(oracle("act_q"), peer)


def test_the_activation_set_in_the_lesson_is_the_judged_one() -> None:
    cell = next(
        c for c in read_lesson(SOURCE) if c.tag and c.tag.id == "1.9" and c.cell_type == "code"
    )
    numbers = re.search(r"activations = np\.array\(\[(.+?)\]", cell.source)
    assert numbers is not None
    np.testing.assert_array_equal(
        np.array([float(n) for n in numbers.group(1).split(",")], np.float32), ACTIVATIONS
    )


def test_the_worked_range() -> None:
    oracle = find("1.1").oracle
    # Printed to four decimals in the text that this lesson answers: half a unit of the fourth.
    assert abs(oracle("my_scale") - 0.0231) <= 0.00005
    assert oracle("my_zero_point") == 39
    assert oracle("my_q") == 52


def test_what_the_lesson_says_about_odd_ranges_is_what_onnx_runtime_does() -> None:
    assert _peer_ruler(0.0, 1e-12, 0, 255) == (1e-12 / 255, 0)
    assert _peer_ruler(3.0, 3.0, 0, 255) == (3.0 / 255, 0)
    assert _peer_ruler(0.0, 0.0, 0, 255) == (1.0, 0)
    assert _peer_ruler(2.0, -1.0, 0, 255) == (1.0, 0)
    with pytest.raises(AssertionError):
        _peer_ruler(float("nan"), 1.0, 0, 255)
    for lo, hi in [(0.0, 1e-12), (3.0, 3.0), (0.0, 0.0)]:
        qp = choose_qparams(lo, hi)
        scale, zero_point = _peer_ruler(lo, hi, 0, 255)
        assert (float(qp.scale), int(qp.zero_point)) == (np.float32(scale), zero_point)
    for lo, hi in [(float("nan"), 1.0), (2.0, -1.0)]:
        with pytest.raises(ValueError, match="lo is"):
            choose_qparams(lo, hi)


@cache
def _prose() -> str:
    """The lesson's text as a learner reads it, numbers filled in."""
    cells = instructor_notebook(SOURCE).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize(
    "said",
    [
        "`scale` = 6 / 3 = 2",
        "−2 → 0, 0 → 1",
        "the number 2.5 then lands",
        "on 10",
        "no longer on 9",
        "320 − 256 = 64",
        "2.01 times as long",
        "its ends: −0.79 and 5.11, not −0.9 and 5.0",
        "no tick 2.29: `zero_point` is rounded to 2",
        "here by 0.11, never by more",
        "weights, from −0.41 to 0.39, its steps are only 4 % longer",
        "from −0.41 to 0.39, and the ReLU behind it gives values from 0 to 1.32",
    ],
)
def test_the_numbers_of_the_prose(said: str) -> None:
    """Worked by hand: 6.5 / 0.0231 + 39 = 320; 1.32 / 127 over 1.32 / 255; 0.415 / 127 over
    0.801 / 255. Four bits: 5.9 / 15 = 0.3933, and 2 and 13 such steps are 0.79 and 5.11."""
    assert said in " ".join(_prose().split())


def test_the_text_argues_from_the_tensors_that_it_draws() -> None:
    """The weights and the ReLU of the text are the layer's, and torch makes the same layer."""
    layer = first_layer()
    assert f"from {layer.kernels.min():.2f} to {layer.kernels.max():.2f}" == "from -0.41 to 0.39"
    assert f"{layer.relu.max():.2f}" == "1.32"
    sums = torch.from_numpy(layer.sums)
    assert torch.equal(torch.relu(sums), torch.from_numpy(layer.relu))
    assert torch.equal(torch.nn.functional.leaky_relu(sums, 0.1), torch.from_numpy(layer.leaky))


def test_the_goal_of_the_explorer_can_be_reached() -> None:
    """0.3 is exact with 4 bits on [-0.9, 3.6]: 15 steps of 0.3, and tick 4 stands at 0.3."""
    explorer = explore_ruler(dtype="uint4").widget
    assert "the error 0.09333" in explorer.words.value
    explorer.controls["hi"].value = 3.6
    said = re.search(r"q\(x\) 4; .* the error ([\d.e-]+) is", explorer.words.value)
    # scale is 0.3 rounded to float32, at most 2**-26 away from it.
    assert said is not None
    assert float(said.group(1)) <= 2**-26


def test_the_symmetric_rulers_that_are_drawn_have_no_lowest_tick() -> None:
    """The text says −127 to 127 and, in four bits, −7 to 7."""
    assert "INT8, symmetric: 255 ticks" in explore_ruler().text
    explorer = explore_ruler(dtype="int4", scheme="symmetric").widget
    assert "qmin −7, qmax 7" in explorer.words.value
    assert 'dtype="int4", scheme="symmetric", narrow=True' in SOURCE.read_text("utf-8")


def test_the_lesson_is_judged_with_numpy_alone() -> None:
    """Neither the exercises nor a check may pull in torch or onnx: they cost seconds."""
    code = (
        "import sys\n"
        "from quantlab.teach.judging.ask import LocalAsk\n"
        "from quantlab.lessons.catalogue import of_lesson\n"
        "from quantlab.teach.judging.judge import judge\n"
        "for e in of_lesson(1):\n"
        "    judge(e, LocalAsk({e.answer: e.oracle}))\n"
        "print([m for m in ('torch', 'onnx', 'onnxruntime', 'matplotlib') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
