"""Lesson 07: its oracles against other code, and what its text says of the models, measured."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autograder.authoring.instructor import instructor_notebook
from quantlab.analysis import with_float_layers
from quantlab.analysis.tensor_error import clipped_share, sqnr
from quantlab.lessons.catalogue import find, load_quiz
from quantlab.lessons.lesson_07 import a_riddle as riddle
from quantlab.lessons.lesson_07 import calibrated_again as mended
from quantlab.lessons.lesson_07 import (
    check_up,
    errors_of,
    handed_over,
    images,
    miou_table,
    quantized,
    recipe,
    runtime_tensor,
    two_segmenters,
    worst_table,
    wrong_pixels,
)
from quantlab.lessons.lesson_07.material.check_up import GAP
from quantlab.lessons.lesson_07.material.kept import kept_layers, measure_layers
from quantlab.lessons.lesson_07.material.models import FIRST, LAST
from quantlab.numerics import QParams, dequantize, quantize

SOURCE = Path(__file__).parents[2] / "solutions/07_debugging/07_debugging.py"
SEEDS = range(20)
DEPTHWISE = "down.3.1.depthwise.0"


def cases(id: str) -> list[tuple[Any, ...]]:
    exercise = find(id)
    return [case for seed in SEEDS for group in exercise.groups(seed) for case in group.cases]


@cache
def text() -> str:
    cells = instructor_notebook(SOURCE).cells
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return " ".join(prose.split())


def scores(**models: Any) -> dict[str, float]:
    return {row["name"]: row["score"] for row in miou_table(models).rows}


# The oracles


def test_decibels_agree_with_the_librarys() -> None:
    for reference, back in cases("7.2"):
        want = find("7.2").oracle(reference, back)
        # Both sum float32 values in float64 or wider: 2^-40 of a sum at most.
        assert sqnr(back, reference) == pytest.approx(want, abs=1e-9)


def test_the_paper_exercise_is_that_of_the_function() -> None:
    from quantlab.lessons.lesson_07.exercises.decibels import BACK, FP32

    oracle = find("7.1").oracle
    want = find("7.2").oracle(np.array(FP32), np.array(BACK))
    assert oracle("my_db") == pytest.approx(want, abs=1e-12)
    assert oracle("my_percent") == pytest.approx(20.0, abs=1e-12)
    assert "FP32 has **6, −8, 0**, and **6, −6, 0** came back" in text()


def test_suspects_agree_with_torchs_quantile() -> None:
    for alone, gap in cases("7.3"):
        values = torch.from_numpy(alone)
        limit = values.quantile(0.5) - gap
        want = [p for p in torch.argsort(values).tolist() if values[p] <= limit]
        assert find("7.3").oracle(alone, gap).tolist() == want


def test_the_line_agrees_with_what_the_pixels_were_made_with() -> None:
    """The drawn pairs, and the two pipelines of the lesson: a mean of 0.5 and a spread of 0.25."""
    for a, b in cases("7.5"):
        gain, offset = find("7.5").oracle(a, b)
        # b was rounded to float32 once or twice: 2^-23 of its largest value.
        limit = 2.0**-22 * float(np.abs(b).max())
        assert np.abs(gain * a.astype(np.float64) + offset - b).max() <= limit
    gain, offset = find("7.5").oracle(images(), images(wrong_pixels()))
    # As above, summed over 614,400 pixels: far below 0.0001.
    assert (round(gain, 4), round(offset, 4)) == (0.25, 0.5)


def test_the_clipped_share_is_that_of_the_library_and_of_the_way_back() -> None:
    for x, scale, zero_point in cases("7.6"):
        share = find("7.6").oracle(x, scale, zero_point)
        ruler = QParams(scale, zero_point, "uint8")
        assert share == pytest.approx(clipped_share(x, ruler), abs=1e-12)
        error = np.abs(dequantize(quantize(x, ruler), ruler) - x)
        # What fits is off by half a step at most; what does not, by 0.51 steps at least.
        assert share == pytest.approx(float((error > 0.505 * scale).mean()), abs=1e-12)


def test_the_integers_alone_do_not_tell_that_the_input_is_clipped() -> None:
    """Two thirds of the values lie below 0, where zero_point stands: tick 0, as behind a ReLU."""
    seen = runtime_tensor(handed_over(), "input", images())
    assert seen.ruler.zero_point == 0
    assert 0.6 < (seen.fp32 < -seen.ruler.scale / 2).mean() < 0.75
    assert (seen.q == 255).mean() < 0.01


def test_per_channel_is_seen_in_the_models() -> None:
    is_on = find("7.7").oracle
    a, b = two_segmenters().values()
    for model, want in ((a, True), (b, False)):
        for weight in model.weights.values():
            assert is_on(weight.q.shape, np.asarray(weight.qparams.scale)) is want


# The models


def test_nobody_notices_model_b() -> None:
    found = scores(**two_segmenters())
    # 0.1 and 0.0 here; "nobody would notice" is less than 1 point.
    assert abs(found["FP32"] - found["A"]) < 1
    assert abs(found["FP32"] - found["B"]) < 1
    assert abs(found["A"] - found["B"]) < 1


def test_one_layer_of_b_stands_far_below_fifty() -> None:
    a, b = (errors_of(model) for model in two_segmenters().values())
    assert len(a.layers) == len(b.layers) == 50
    worst, second = b.worst("isolated", 2)
    assert worst.name == DEPTHWISE
    # 10.9 dB: sums of 99 integers each, so another CPU moves it by hundredths.
    assert 10.5 < worst.isolated.sqnr_db < 11.5
    assert second.isolated.sqnr_db > 27
    assert a.worst("isolated", 1)[0].isolated.sqnr_db > 27
    assert a[DEPTHWISE].operator == "Conv"
    assert "One layer stands at 11 dB, and every other one near 30 or above" in text()


def test_the_runtimes_tensor_is_the_one_that_layer_errors_compares() -> None:
    b = two_segmenters()["B"]
    seen = runtime_tensor(b, DEPTHWISE, images())
    assert seen.q.dtype == np.uint8
    want = errors_of(b)[DEPTHWISE].accumulated.sqnr_db
    assert sqnr(dequantize(seen.q, seen.ruler), seen.fp32) == pytest.approx(want, abs=1e-6)


def test_the_riddles_lowest_triangle_is_not_the_culprit() -> None:
    errors = errors_of(riddle())
    assert errors.worst("isolated", 1)[0].name == FIRST
    assert FIRST not in [layer.name for layer in errors.worst("accumulated", 3)]
    behind = errors.layers[2:]
    # From the bad layer on every triangle is low although the dots are high.
    assert max(layer.accumulated.sqnr_db for layer in behind) < 20
    assert min(layer.isolated.sqnr_db for layer in behind) > 25
    assert errors[LAST].isolated.sqnr_db > 40


def test_the_model_that_was_handed_over_is_bad_from_its_input_on() -> None:
    errors = errors_of(handed_over())
    worst = errors.worst("isolated", 1)[0]
    assert (worst.name, worst.operator) == ("input", "input")
    assert worst.isolated.sqnr_db < 3
    assert errors["input"].clipped > 0.6
    assert errors_of(mended())["input"].isolated.sqnr_db > 40


def test_each_mend_brings_points_back() -> None:
    found = scores(
        broken=handed_over(), pixels=mended(), channels=riddle(), sound=two_segmenters()["A"]
    )
    # 20.7, 66.5, 79.2 and 83.2 here. Half a point is what another CPU's float sums move.
    assert found["broken"] < 30 < 60 < found["pixels"]
    assert found["channels"] - found["pixels"] > 10  # "more than ten points"
    assert 2 < found["sound"] - found["channels"] < 8  # "a few points"


def test_the_first_layer_wins_its_points_back_and_the_last_one_nothing() -> None:
    bad = riddle()
    found = scores(
        bad=bad, first=with_float_layers(bad, [FIRST]), last=with_float_layers(bad, [LAST])
    )
    assert abs(found["first"] - found["FP32"]) < 1
    assert abs(found["last"] - found["bad"]) < 0.5


def test_wrong_in_both_places_looks_well_beside_fp32() -> None:
    both = miou_table({"both": quantized(recipe(), wrong_pixels())}, wrong_pixels())
    right = miou_table({}).rows[0]["score"]
    fp32, int8 = (row["score"] for row in both.rows)
    assert abs(fp32 - int8) < 3
    assert fp32 < right - 30


def test_the_project_shows_that_the_worst_need_not_matter_most() -> None:
    project = quantized(recipe("int4", granularity="per-tensor"))
    names = [layer.name for layer in errors_of(project).worst("isolated", 2)]
    assert FIRST not in names
    found = scores(
        as_it_is=project,
        worst=with_float_layers(project, names),
        first=with_float_layers(project, [FIRST]),
    )
    assert found["first"] > found["worst"] + 2 > found["as_it_is"] + 2


def test_the_kept_layers_are_measured_again() -> None:
    found, kept = measure_layers(), kept_layers()
    assert found["alone"][:2] == kept["alone"][:2] == [FIRST, DEPTHWISE]
    assert found["before"] == kept["before"]
    # The other lists serve to name mistakes; neighbours in them are hundredths of a dB apart.
    errors = errors_of(mended())
    low = [layer.name for layer in errors.worst("accumulated", 6)]
    assert set(kept["accumulated"]) <= set(low)
    assert kept["alone"][2] in [layer.name for layer in errors.worst("isolated", 6)]
    assert found["best"][0] == kept["best"][0]
    assert found["lowest_in_the_table"][0] == kept["lowest_in_the_table"][0]
    assert kept["lowest_in_the_table"][1] in [layer.name for layer in errors.worst("isolated")]
    assert found["ends"] == kept["ends"]


def test_the_check_up_clears_a_column_with_every_mend() -> None:
    models = {"handed over": handed_over(), "pixels": mended(), "channels": riddle()}
    models["sound"] = two_segmenters()["A"]
    suspects, is_on = find("7.3").oracle, find("7.7").oracle

    def clipped(x: np.ndarray, scale: float, zero_point: int) -> float:
        # The library's: the oracle's exact fractions take a minute for 614,400 values.
        return clipped_share(x, QParams(scale, zero_point, "uint8"))

    rows = check_up(models, suspects, clipped, is_on).rows
    assert [row["suspects"] for row in rows] == [
        f"input, {FIRST}, {DEPTHWISE}",
        f"{FIRST}, {DEPTHWISE}",
        FIRST,
        "none",
    ]
    assert 60 < rows[0]["clipped"] < 75  # "two thirds"
    assert max(row["clipped"] for row in rows[1:]) < 1
    weights = len(two_segmenters()["A"].weights)
    off = f"{weights} of {weights}"
    assert [row["without"] for row in rows] == [off, off, f"0 of {weights}", f"0 of {weights}"]
    assert f"from {GAP:g} dB below the median" in text()


def test_the_table_of_the_worst_is_that_of_the_library() -> None:
    errors = errors_of(riddle())
    for order in ("isolated", "accumulated"):
        rows = worst_table(errors, 4, order).rows
        assert [row["name"] for row in rows] == [layer.name for layer in errors.worst(order, 4)]


# The text


@pytest.mark.parametrize(
    "said",
    [
        "FP32 has 3, −4, 0. From the integers 3, −4, 0.5 came back",
        "3² + 4² + 0² = 25",
        "0² + 0² + 0.5² = 0.25",
        "The ratio is 100, its logarithm 2. So the SQNR is 20 dB",
        "√0.25 / √25 = 0.1, an error of 10 %",
        "at most **2.8 points** of mIoU",
        "Six questions",
    ],
)
def test_the_numbers_of_the_prose(said: str) -> None:
    assert said in text()


def test_decibels_and_percent_are_as_the_text_says() -> None:
    """An error of 10 % is 20 dB, of 1 % 40 dB; one bit halves a step, which is 6 dB."""
    ones = np.ones(4, np.float32)
    for percent, db in ((0.1, 20), (0.01, 40)):
        # 0.1 in float32 is off by 2^-27, a share of 2^-23: 0.000001 dB.
        assert sqnr(ones * (1 + percent), ones) == pytest.approx(db, abs=1e-4)
    assert 20 * np.log10(2) == pytest.approx(6, abs=0.03)


def test_the_quiz_has_the_answers_that_the_oracles_give() -> None:
    questions = {question.id: question for question in load_quiz("07_debugging").questions}
    assert len(questions) == 6
    ones = np.ones(3, np.float64)
    assert find("7.2").oracle(ones, ones * 1.01) == pytest.approx(40, abs=1e-9)
    assert questions["q2"].answer == 1


def test_the_promise_is_about_ninety_minutes() -> None:
    promised = re.search(r"about (\d+) minutes: \d+ to read, \d+ for the", text())
    assert promised
    assert 85 <= int(promised[1]) <= 95
