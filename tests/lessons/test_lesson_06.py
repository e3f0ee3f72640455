"""Lesson 06: its oracles against ONNX Runtime and torch, its kept figures, its views."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml
from onnx import TensorProto, helper, numpy_helper

from autograder.authoring.instructor import instructor_notebook
from quantlab.base.figure_style import look
from quantlab.lessons.catalogue import find
from quantlab.lessons.lesson_06.exercises.rounding import CLEAR
from quantlab.lessons.lesson_06.exercises.three_bit_plan import CROPS, WEIGHTS
from quantlab.lessons.lesson_06.explorer import GOAL, explore_methods, grid_drawing
from quantlab.lessons.lesson_06.material import grid as grid_of_methods
from quantlab.lessons.lesson_06.material.grid import (
    KEPT,
    METHODS,
    Cell,
    all_cells,
    kept_grid,
    make_grid,
    measure,
)
from quantlab.lessons.lesson_06.material.lab import Lab, open_lab
from quantlab.lessons.lesson_06.material.views import (
    channel_means_figure,
    folded_stem,
    images_of,
    ranges_figure,
    stem_parts,
    top1_table,
)
from quantlab.methods import LearnedRounding, Recipe, Rule, layer_tensors
from quantlab.scenes import Calibration, Validation
from quantlab.teach.kept import write_kept
from quantlab.teach.plans.plan import Plan

NAME = "06_post_training_quantization"
SOURCE = Path(__file__).parents[2] / f"solutions/{NAME}/{NAME}.py"
SEEDS = range(10)


def drawn(id: str) -> list[tuple]:
    exercise = find(id)
    return [case for seed in SEEDS for group in exercise.groups(seed) for case in group.cases]


@pytest.fixture(scope="module")
def text() -> str:
    cells = instructor_notebook(SOURCE).cells
    return " ".join(" ".join(c.source.split()) for c in cells if c.cell_type == "markdown")


@pytest.fixture(scope="module")
def lab() -> Lab:
    return open_lab(Validation)


# The oracles


def test_the_folded_layer_is_onnx_runtimes_convolution_and_batchnorm():
    for weight, bias, gamma, beta, mean, var, eps in drawn("6.1"):
        if weight.ndim != 4:
            continue
        rng = np.random.default_rng(0)
        depthwise = weight.shape[1] == 1 and weight.shape[0] > 2
        groups = weight.shape[0] if depthwise else 1
        x = rng.normal(size=(2, weight.shape[1] * groups, 5, 6)).astype(np.float32)
        parts = {
            "weight": weight,
            "bias": bias,
            "gamma": gamma,
            "beta": beta,
            "mean": mean,
            "var": var,
        }
        nodes = [
            helper.make_node("Conv", ["x", "weight", "bias"], ["y"], group=groups),
            helper.make_node(
                "BatchNormalization", ["y", "gamma", "beta", "mean", "var"], ["z"], epsilon=eps
            ),
        ]
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            nodes,
            "two_layers",
            [info("x", TensorProto.FLOAT, x.shape)],
            [info("z", TensorProto.FLOAT, ["N", "M", "H", "W"])],
            [numpy_helper.from_array(part, name) for name, part in parts.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        (two,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
        w, b = map(torch.from_numpy, find("6.1").oracle(weight, bias, gamma, beta, mean, var, eps))
        one = torch.nn.functional.conv2d(torch.from_numpy(x).double(), w, b, groups=groups).numpy()
        # The runtime sums n products and the bias in float32, then has factor = gamma / sqrt(var +
        # eps) and y * factor + (beta - mean * factor): n + 6 roundings of half a spacing at most,
        # each of a value no larger than the sum of all sizes. That sum is the same convolution over
        # absolute values, with every constant that is added to it.
        n = weight[0].size
        factor = np.abs(gamma) / np.sqrt(var.astype(np.float64) + eps)
        constants = torch.from_numpy(factor * (np.abs(bias) + np.abs(mean)) + np.abs(beta))
        sizes = torch.nn.functional.conv2d(
            torch.from_numpy(np.abs(x)).double(), w.abs(), constants, groups=groups
        ).numpy()
        assert (np.abs(one - two) <= (n + 6) * 2.0**-24 * sizes).all()


def test_the_factors_make_ranges_equal_and_leave_the_function():
    for first, second in drawn("6.2"):
        s = find("6.2").oracle(first, second)
        a = first / s.reshape(-1, 1, 1, 1)
        b = second * s.reshape(1, -1, 1, 1)
        assert np.allclose(
            np.abs(a).max(axis=(1, 2, 3)), np.abs(b).max(axis=(0, 2, 3)), rtol=2**-40, atol=0
        )  # float64: a dozen roundings of 2^-53
        x = np.random.default_rng(1).normal(size=(2, first.shape[1], 7, 8))

        def net(one, two, x=x):
            y = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(one)).relu()
            return torch.nn.functional.conv2d(y, torch.from_numpy(two)).numpy()

        before, after = net(first.astype(np.float64), second.astype(np.float64)), net(a, b)
        # float64: a sum of sums, each with a root and a quotient in its factors. Fewer than
        # n + m + 10 roundings of half a spacing of the sum of all sizes, which is the same net over
        # absolute values.
        sizes = net(np.abs(first).astype(np.float64), np.abs(second).astype(np.float64), np.abs(x))
        roundings = first[0].size + second[0].size + 10
        assert (np.abs(before - after) <= roundings * 2.0**-53 * sizes).all()


def test_the_shift_is_the_difference_of_two_means():
    for weight, rounded, mean_input in drawn("6.4"):
        want = np.array(
            [
                sum(
                    (float(rounded[m, c, i, j]) - float(weight[m, c, i, j])) * float(mean_input[c])
                    for c, i, j in np.ndindex(weight.shape[1:])
                )
                for m in range(len(weight))
            ]
        )
        # float64: fewer than 100 roundings of 2^-53 of values below 100.
        assert np.abs(find("6.4").oracle(weight, rounded, mean_input) - want).max() < 1e-12


def test_the_corrected_bias_gives_the_float_mean():
    for bias, floating, quantized in drawn("6.5"):
        moved = find("6.5").oracle(bias, floating, quantized) - bias
        after = quantized.astype(np.float64) + moved.reshape(1, -1, 1, 1)
        means = floating.astype(np.float64).mean(axis=(0, 2, 3))
        assert np.abs(after.mean(axis=(0, 2, 3)) - means).max() < 1e-12  # as above


def test_the_best_rounding_is_clear_and_found_by_least_squares():
    for weights, inputs in drawn("6.6"):
        best = find("6.6").oracle(weights, inputs)
        assert set(best - np.floor(weights)) <= {0, 1}
        error = np.square(inputs @ (best - weights)).mean()
        for index in np.ndindex(*[2] * len(weights)):
            other = np.floor(weights) + np.array(index)
            if not np.array_equal(other, best):
                # Half of CLEAR: the rest is far more than float64 may round.
                assert np.square(inputs @ (other - weights)).mean() > error + CLEAR / 2
        assert not np.array_equal(best, np.rint(weights))


# The plan


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (Recipe(), "weights are int8 per-channel, but the chip holds int3"),
        (Recipe(weights=Rule("int3")), "weights are int3 per-channel"),
        (Recipe(weights=WEIGHTS, keep_float=("head",)), "leave keep_float"),
        (Recipe(weights=WEIGHTS, layers={"head": Rule("int8")}), "leave keep_float"),
        (Recipe(weights=WEIGHTS, activations=Rule("uint16")), "take uint8"),
        (Recipe(weights=WEIGHTS, learned_rounding=LearnedRounding(101)), "at most 100"),
    ],
)
def test_the_chip_refuses_what_it_cannot_hold(recipe, said):
    with pytest.raises(ValueError, match=said):
        find("6.8").trial.run(Plan(recipe, CROPS))


def test_the_calibration_of_the_flaws_is_not_what_is_wrong_with_them():
    assert {flaw.wrong().calibration for flaw in find("6.8").misconceptions} == {Calibration(100)}


# The kept figures


def test_every_cell_is_kept_with_the_recipe_that_it_was_measured_under():
    grid, data = kept_grid(), yaml.safe_load(KEPT.read_text(encoding="utf-8"))
    assert grid.cells == all_cells()
    for cell, kept in zip(grid.cells, data["cells"], strict=True):
        assert Recipe.from_dict(kept["recipe"]) == cell.recipe
        assert 0 <= kept["top1"] <= 1
    assert (grid.crops, grid.calibration) == (500, 100)


@pytest.mark.parametrize("method", ["nearest", "empirical bias"])
def test_one_cell_is_measured_again(lab, method):
    cell = Cell(3, "per-tensor", method)
    measured = measure(cell, lab).top1
    assert measured is not None
    # Another CPU sums in another order. That moves an activation only next to a tie, by one tick,
    # and the logits by a tick of theirs: a crop whose two best logits are a tick apart may change.
    model = lab.quantize(cell.recipe)
    logits = layer_tensors(model, images_of(lab, len(lab.crops)), "head").output
    best = np.sort(logits, axis=1)[:, -2:]
    tick = float(model.activations["head"].scale)
    close = int((best[:, 1] - best[:, 0] < 1.5 * tick).sum())
    assert close < 20  # of 500: the rows that the lesson compares are 10 points and more apart
    kept = kept_grid().top1(3, "per-tensor", method)
    assert abs(measured - kept) * len(lab.crops) <= close


def test_the_surprise_is_in_the_grid():
    grid = kept_grid()
    nearest, corrected, rounded = (
        100 * grid.top1(3, "per-tensor", method)
        for method in ("nearest", "empirical bias", "AdaRound")
    )
    assert nearest < 85
    assert corrected > 92
    assert rounded > corrected


def test_the_goal_of_the_explorer_can_be_reached_and_missed():
    grid = kept_grid()
    for granularity in ("per-tensor", "per-channel"):
        column = [grid.top1(3, granularity, method) for method in METHODS]
        assert min(column) < GOAL <= max(column)


def test_equalizing_hurts_where_every_channel_has_a_ruler():
    grid = kept_grid()
    nearest, equalized = (grid.top1(3, "per-channel", method) for method in ("nearest", "equalize"))
    assert equalized < nearest


def test_an_interrupted_grid_goes_on_where_it_was(tmp_path, monkeypatch):
    path, small = tmp_path / "kept.yaml", open_lab(Validation, 1)
    cells = tuple(c for c in all_cells() if c.method in ("nearest", "equalize"))[:3]

    def interrupted(*args):
        write_kept(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(grid_of_methods, "write_kept", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_grid(path, cells=cells, lab=small, progress=False)
    left = kept_grid(path)
    assert left.cells[0].top1 is not None
    assert left.cells[-1].top1 is None
    # A value that no crop can give: it is still there when the rest has been measured.
    text = path.read_text(encoding="utf-8")
    first = f"top1: {left.cells[0].top1}"
    path.write_text(text.replace(first, "top1: 0.123", 1), encoding="utf-8")
    whole = make_grid(path, cells=cells, lab=small, progress=False)
    assert whole.cells[0].top1 == 0.123
    assert None not in {cell.top1 for cell in whole.cells}
    assert [c.top1 for c in kept_grid(path).cells] == [c.top1 for c in whole.cells]
    again = make_grid(path, again=True, cells=cells[:1], lab=small, progress=False)
    assert again.cells[0].top1 == left.cells[0].top1


# What the lesson shows


def test_the_explorer_says_the_chosen_cell_in_words():
    grid = kept_grid()
    drawing = grid_drawing(grid, 3, "per-tensor", "nearest")
    assert f"{100 * grid.top1(3, 'per-tensor', 'nearest'):.1f} % top-1" in drawing.text
    assert "below the goal of 95 %" in drawing.text
    assert drawing.svg.count("<text") == 2 + 6 + len(METHODS) * 7 + 1
    twin = explore_methods(bits=3)
    twin.widget.controls["method"].value = "empirical bias"
    assert "3 bits, per-tensor, empirical bias" in twin.widget.words.value
    with pytest.raises(ValueError, match="bits is 5"):
        explore_methods(bits=5)


def test_the_stem_of_the_classifier_folds(lab):
    weight, bias = find("6.1").oracle(*stem_parts(lab))
    said = folded_stem(lab, weight, bias)
    found = re.fullmatch(r"([\d,]+) outputs up to ([\d.]+); largest difference (\S+)", said)
    assert found
    # 27 products, scaled: 33 roundings of half a spacing of sums of sizes that stay below 8 times
    # the largest output.
    assert float(found[3]) < 33 * 2.0**-24 * 8 * float(found[2])
    spoilt = folded_stem(lab, weight, bias + 1)
    assert float(spoilt.rsplit(" ", 1)[1]) > 0.9


def test_the_table_stands_beside_fp32(lab):
    table = top1_table(lab, {"itself": lab.model})
    assert [row["lost"] for row in table.rows] == [0.0, 0.0]
    assert table.rows[0]["model"] == "FP32"


def test_the_figures_say_what_they_show(lab):
    corrected = lab.quantize(Recipe(weights=WEIGHTS, bias_correction="empirical"))
    models = {"nearest": lab.quantize(Recipe(weights=WEIGHTS)), "corrected": corrected}
    figure, alt = channel_means_figure(lab, models, "stages.4.second.0")
    off = [float(number) for number in re.findall(r"off by ([\d.]+)", alt)]
    assert off[1] < off[0]
    assert figure.axes[0].get_xlabel()
    assert figure.axes[0].get_ylabel()
    with look():
        figure, alt = ranges_figure({"one": [1.0, 3.0, 2.0]})
    assert "one: largest 3.00, median 2.00" in alt
    assert figure.axes[0].get_ylabel() == "largest absolute weight"


# The texts


def test_the_numbers_by_hand(text):
    assert "The factor is 3 / 1.5 = 2." in text
    assert "0.5 · 2 = **1**" in text
    assert "(0 − 1) · 2 + 0.25 = **−1.75**" in text
    assert "{{" not in text


def test_the_largest_layer_has_the_weights_that_the_text_says(lab, text):
    sizes = [m.weight.numel() for m in lab.model.modules() if isinstance(m, torch.nn.Conv2d)]
    assert f"{max(sizes):,} weights" in text


def test_the_quiz_is_right(text):
    gamma, beta, mean, variance = 2, 1, 3, 4
    from quantlab.lessons.catalogue import load_quiz

    questions = {q.id: q for q in load_quiz(NAME).questions}
    assert questions["q1"].answer == (0 - mean) * gamma / variance**0.5 + beta
    ups = find("6.6").oracle(np.array([0.3, 0.3, 0.3]), np.ones((1, 3)))
    assert questions["q4"].answer == ups.sum()
