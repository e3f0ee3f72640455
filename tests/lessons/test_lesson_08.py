"""Lesson 08: its oracles against torch and the library, and the numbers in its texts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autograder.authoring.instructor import instructor_notebook
from autograder.authoring.quality import reference_namespace
from quantlab.lessons.catalogue import find, load_quiz
from quantlab.lessons.lesson_08 import compare_gradients, measure_cheap, methods_table
from quantlab.lessons.lesson_08.exercises import by_hand
from quantlab.lessons.lesson_08.material.methods import SETTINGS, WAYS
from quantlab.methods import FakeQuantize, LearnedStepSize
from quantlab.numerics import QParams
from quantlab.teach.source import read_lesson

SOURCE = (
    Path(__file__).parents[2]
    / "solutions/08_quantization_aware_training/08_quantization_aware_training.py"
)
SEEDS = range(20)


def drawn(id: str) -> list[tuple[Any, ...]]:
    exercise = find(id)
    return [case for seed in SEEDS for group in exercise.groups(seed) for case in group.cases]


@cache
def text() -> str:
    cells = instructor_notebook(SOURCE).cells
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return " ".join(prose.split())


# 8.1 to 8.4: the oracles against torch


def test_the_step_by_hand_is_autograds() -> None:
    for start, names in ((by_hand.W, ("my_gradient", "my_next")), (by_hand.FAR, None)):
        w = torch.tensor([start], dtype=torch.float32, requires_grad=True)
        y = torch.fake_quantize_per_tensor_affine(w, by_hand.SCALE, 0, by_hand.LO, by_hand.HI)
        ((y - by_hand.TARGET) ** 2).backward()
        assert w.grad is not None
        oracle = find("8.1").oracle
        wanted = oracle("my_gradient" if names else "my_far_gradient")
        assert w.grad.item() == pytest.approx(wanted, abs=1e-6)  # float32 beside float64
        if names:
            assert y.item() == oracle("my_y")
            after = w.detach() - by_hand.RATE * w.grad
            assert after.item() == pytest.approx(oracle("my_next"), abs=1e-6)
            landed = torch.fake_quantize_per_tensor_affine(
                after, by_hand.SCALE, 0, by_hand.LO, by_hand.HI
            )
            assert landed.item() == oracle("my_next_y")


def test_the_gradient_is_that_of_torchs_fake_quantization() -> None:
    """All scales are powers of 2: torch's x * (1 / scale) is x / scale, and ties fall alike."""
    for x, scale, lo, hi, above in drawn("8.2"):
        leaf = torch.from_numpy(x).requires_grad_()
        if np.ndim(scale):
            zeros = torch.zeros(len(x), dtype=torch.int32)
            y = torch.fake_quantize_per_channel_affine(
                leaf, torch.from_numpy(scale.ravel()), zeros, 0, lo, hi
            )
        else:
            y = torch.fake_quantize_per_tensor_affine(leaf, scale, 0, lo, hi)
        y.backward(torch.from_numpy(above))
        assert leaf.grad is not None
        np.testing.assert_array_equal(find("8.2").oracle(x, scale, lo, hi, above), leaf.grad)


def test_the_training_step_is_torchs_sgd_through_the_librarys_layer() -> None:
    for x, w, target, scale, lo, hi, rate in drawn("8.3"):
        assert (lo, hi) == (-4, 3)
        leaf = torch.nn.Parameter(torch.from_numpy(w.copy()))
        # int4 has the ticks −8 to 7; int3 those of the cases.
        layer = FakeQuantize(QParams(scale, 0, "int3"))
        loss = torch.nn.functional.mse_loss(
            torch.from_numpy(x) @ layer(leaf), torch.from_numpy(target)
        )
        loss.backward()
        torch.optim.SGD([leaf], rate).step()
        want = find("8.3").oracle(x, w, target, scale, lo, hi, rate)
        np.testing.assert_array_equal(leaf.detach().numpy(), want)


def test_the_numbers_of_a_step_are_exact_in_float32() -> None:
    """What the judge's `exact()` stands on: float32 gives what float64 gives."""
    step = reference("train_step")
    for x, w, target, scale, lo, hi, rate in drawn("8.3"):
        wide = [np.asarray(a, np.float64) for a in (x, w, target)]
        narrow = step(x, w, target, scale, lo, hi, rate)
        np.testing.assert_array_equal(step(*wide, scale, lo, hi, rate), narrow)


def test_the_gradient_of_the_scale_is_that_of_torchs_kernel_and_of_the_librarys_layer() -> None:
    for x, scale, lo, hi, above in drawn("8.4"):
        s = torch.tensor([scale], requires_grad=True)
        y = torch._fake_quantize_learnable_per_tensor_affine(
            torch.from_numpy(x), s, torch.zeros(1), lo, hi, 1.0
        )
        y.backward(torch.from_numpy(above))
        assert s.grad is not None
        want = find("8.4").oracle(x, scale, lo, hi, above)
        assert s.grad.item() == want
        dtype = {(-8, 7): "int4", (-4, 3): "int3", (0, 3): "uint2", (0, 15): "uint4"}[lo, hi]
        layer = LearnedStepSize(QParams(scale, 0, dtype), values=x.size)
        layer(torch.from_numpy(x)).backward(torch.from_numpy(above))
        # The layer multiplies by 1 / sqrt(values * ticks above zero): three float32 roundings.
        times = float(np.sqrt(x.size * hi))
        assert layer.scale.grad.item() * times == pytest.approx(want, rel=1e-6, abs=1e-6)


@cache
def reference(name: str) -> Any:
    return reference_namespace(read_lesson(SOURCE))[name]


def test_the_table_of_gradients_counts_what_differs() -> None:
    found = compare_gradients(reference("gradient_through"), 2_000)
    assert found.differ == 0
    # Ticks of 2 bits behind a ReLU: half of a normal tensor lies below 0, off the ruler.
    assert all(0 < row["on"] <= row["values"] for row in found.rows)
    assert found.rows[2]["on"] < 0.8 * found.rows[2]["values"]
    passes = compare_gradients(lambda x, scale, lo, hi, above: above, 2_000)
    assert [row["differ"] for row in passes.rows] == [
        row["values"] - row["on"] for row in passes.rows
    ]


# The text


@pytest.mark.parametrize(
    "said",
    [
        "2 × (1 − 0.25) = 1.5",
        "0.7 − 0.2 × 1.5 = 0.4. Its tick is 0",
        "The scale is **0.5** and the ruler has the steps **−2 to 1**",
        "It begins at −0.6, and the target lies at 0.85",
        "Six questions",
    ],
)
def test_the_numbers_of_the_prose(said: str) -> None:
    assert said in text()


def test_the_quiz_has_the_answers_that_the_oracles_give() -> None:
    questions = {q.id: q for q in load_quiz("08_quantization_aware_training").questions}
    assert len(questions) == 6
    (given,) = find("8.2").oracle(np.float32([2.0]), 0.5, -8, 7, np.float32([-0.3]))
    assert questions["q2"].answer == pytest.approx(float(given), abs=1e-6)


def test_the_promise_is_ninety_minutes() -> None:
    promised = re.search(r"about (\d+) minutes", text())
    assert promised is not None
    assert int(promised[1]) == 90


# What is kept


def test_one_setting_is_worth_training_and_the_other_is_not() -> None:
    """The lesson's claim, and the interval decides: above 0, or around 0."""
    few_weights, few_pictures = (methods_table(name) for name in SETTINGS)
    assert few_weights.low < 0 < few_weights.high
    assert few_pictures.low > 0
    assert 3 <= few_pictures.gain < 10  # the option of 8.b that holds
    assert few_weights.gain < 3  # that of 8.a
    for table in (few_weights, few_pictures):
        assert [row["way"] for row in table.rows] == ["FP32", *WAYS]
        assert all(row["seconds"] < 60 for row in table.rows[1:])


def test_the_kept_rows_that_take_seconds_are_measured_again() -> None:
    """Sums of floats in another order move single crops: 500 of them, so 2 points are ten crops."""
    for name in SETTINGS:
        kept = {row["way"]: row["top1"] for row in methods_table(name).rows}
        for row in measure_cheap(name).rows:
            assert abs(row["top1"] - kept[row["way"]]) <= 2.0
