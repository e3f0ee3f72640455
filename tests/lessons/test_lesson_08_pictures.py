"""Lesson 08: its explorer and its curve say in words what they show."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.lessons.lesson_08 import LiveCurve, explore_straight_through
from quantlab.lessons.lesson_08.explorer import (
    CONSTANT,
    DECAYING,
    HI,
    LO,
    SCALE,
    START,
    STEPS,
    THROUGH,
    TRUE,
    path_of,
    ticks_of,
)


def _text(explorer, **values) -> str:
    for name, value in values.items():
        explorer.controls[name].value = value
    return re.sub(r"<[^>]*>", " ", explorer.words.value)


def _by_torch(target: float, rate: float, schedule: str) -> Iterator[float]:
    """The float weight before each step and after the last, by autograd and torch's SGD."""
    w = nn.Parameter(torch.tensor([START], dtype=torch.float64))
    optimizer = torch.optim.SGD([w], rate)
    yield w.item()
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / STEPS) if schedule == DECAYING else rate
        y = torch.fake_quantize_per_tensor_affine(w, SCALE, 0, LO, HI)
        optimizer.zero_grad()
        ((y - target) ** 2).sum().backward()
        optimizer.step()
        yield w.item()


@pytest.mark.parametrize("schedule", [CONSTANT, DECAYING])
@pytest.mark.parametrize(("target", "rate"), [(0.85, 0.1), (-0.3, 0.33), (1.5, 0.07)])
def test_the_path_is_that_of_torch(target: float, rate: float, schedule: str) -> None:
    # 60 additions in float64; no weight of these paths comes near to a tie.
    want = list(_by_torch(target, rate, schedule))
    np.testing.assert_allclose(path_of(target, rate, THROUGH, schedule), want, rtol=0, atol=1e-12)


def test_with_the_true_gradient_nothing_moves() -> None:
    assert set(path_of(0.85, 0.5, TRUE, CONSTANT)) == {START}
    explorer = explore_straight_through().widget
    assert "Its tick never changes" in _text(explorer)
    assert "Its tick changes" in _text(explorer, gradient=THROUGH)


def test_the_goal_is_reached_by_a_falling_rate_and_not_by_a_constant_one() -> None:
    """The last twenty steps without a jump, and the tick beside the target."""
    for rate in np.arange(1, 51) / 100:
        still = ticks_of(path_of(0.85, rate, THROUGH, CONSTANT))
        assert len(np.unique(still[-21:])) > 1
    for rate in (0.02, 0.03):
        weights = path_of(0.85, rate, THROUGH, DECAYING)
        reached = ticks_of(weights)
        assert len(np.unique(reached[-21:])) == 1
        assert abs(reached[-1] * SCALE - 0.85) < SCALE


def test_the_words_count_the_jumps() -> None:
    explorer = explore_straight_through().widget
    said = _text(explorer, gradient=THROUGH)
    jumps = int((np.diff(ticks_of(path_of(0.85, 0.1, THROUGH, CONSTANT))) != 0).sum())
    assert f"Its tick changes {jumps} times" in said


def test_the_static_twin_says_both_gradients() -> None:
    twin = explore_straight_through()
    assert twin.html.count("<img alt=") == 2
    assert TRUE in twin.text
    assert THROUGH in twin.text


def test_the_curve_scores_before_the_first_batch_and_after_each_epoch() -> None:
    shares = iter((0.4, 0.5, 0.75))
    modes = []

    def score(model: nn.Module) -> float:
        modes.append(model.training)
        return next(shares)

    curve = LiveCurve(nn.Linear(1, 1), score)
    seen = []
    for batch in curve.over(["a", "b", "c", "d"], epochs=2):
        assert curve.model.training
        seen.append(batch)
        curve.add(torch.tensor(1.0 / len(seen)))
    assert seen == ["a", "b", "c", "d"] * 2
    assert curve.scores == [(0, 0.4), (4, 0.5), (8, 0.75)]
    assert modes == [False] * 3
    drawing = curve.drawing()
    assert "Training, 8 of 8 batches" in drawing.text
    assert "40.0 % after 0, 50.0 % after 4, 75.0 % after 8" in drawing.text
    assert "Loss 1 at first, 0.125 now" in drawing.text
    assert drawing.svg.count("<circle") == 3


def test_a_curve_that_was_interrupted_shows_what_there_is() -> None:
    curve = LiveCurve(nn.Linear(1, 1), lambda model: 0.5)
    assert "none yet" in curve.drawing().text
    for _ in curve.over(["a", "b"], epochs=1):
        break
    assert "Training, 0 of 2 batches" in curve.drawing().text
