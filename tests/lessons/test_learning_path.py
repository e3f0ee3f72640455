"""Beyond INT8: each cell's method against something that this course did not write."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from quantlab import choose_qparams, quantize
from quantlab.lessons.learning_path import (
    compare_blocks,
    compare_eight_bits,
    compare_smoothing,
    dynamic_integers,
    widest_weight,
)
from quantlab.lessons.learning_path.material.blocks import mx_fp4_rows
from quantlab.lessons.learning_path.material.eight_bits import drawn, float8
from quantlab.lessons.learning_path.material.smoothing import loud_layer, smoothing_factors

TORCH_KINDS = {"e4m3": torch.float8_e4m3fn, "e5m2": torch.float8_e5m2}
#: All magnitudes of FP4 E2M1, written from the MX specification's table.
FP4 = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])


def column(listing, key):
    return [row[key] for row in listing.table.rows]


@pytest.mark.parametrize("kind", TORCH_KINDS)
def test_fp8_is_torch_s(kind) -> None:
    x = drawn(3, seed=1)
    scale = np.abs(x).max() / np.float32(torch.finfo(TORCH_KINDS[kind]).max)
    theirs = torch.from_numpy(x / scale).to(TORCH_KINDS[kind]).float().numpy() * scale
    np.testing.assert_array_equal(float8(x, kind), theirs)


def test_mx_takes_the_nearest_of_eight_magnitudes_times_a_power_of_two() -> None:
    rows = np.random.default_rng(2).normal(size=(200, 32)).astype(np.float32)
    exponent = np.floor(np.log2(np.abs(rows).max(axis=1, keepdims=True))) - 2
    scaled = np.abs(rows) / 2.0**exponent
    nearest = np.abs(np.minimum(scaled, 6.0)[..., None] - FP4).min(axis=-1)
    held = np.abs(mx_fp4_rows(rows)) / 2.0**exponent
    assert set(np.unique(held)) <= set(FP4)
    np.testing.assert_array_equal(np.abs(held - np.minimum(scaled, 6.0)), nearest)


def test_a_block_of_zeros_stays_zeros() -> None:
    assert not mx_fp4_rows(np.zeros((2, 32), np.float32)).any()


def test_a_short_block_keeps_more_than_a_channel_and_costs_bits() -> None:
    found = compare_blocks(widest_weight())
    channel, block, mx = column(found, "sqnr")
    assert channel + 3 < block
    assert channel < mx < block
    assert column(found, "bits") == [4 + 16 / 960, 4.5, 4.25]


def test_channels_that_fill_no_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="33 input channels, which fill no blocks of 32"):
        compare_blocks(np.ones((4, 33), np.float32))


@pytest.mark.parametrize("seed", range(5))
def test_integers_win_without_a_tail_and_floats_with_one(seed) -> None:
    rows = compare_eight_bits(seed).table.rows
    assert rows[0]["int8"] > rows[0]["e4m3"] + 5
    assert rows[1]["e4m3"] > rows[1]["int8"]
    assert rows[2]["e4m3"] > rows[2]["int8"] + 5
    assert all(row["e4m3"] > row["e5m2"] for row in rows)


def test_smoothing_changes_no_float_result() -> None:
    x, w = loud_layer()
    factors = smoothing_factors(x, w)
    # Division and product round each term twice more, and each of two sums of 64 terms rounds 64
    # times at most: 130 half spacings, 2^-24, of the sum of the terms' sizes.
    bound = 130 * 2.0**-24 * (np.abs(x) @ np.abs(w).T)
    assert (np.abs((x / factors) @ (w * factors).T - x @ w.T) <= bound).all()


@pytest.mark.parametrize("seed", range(5))
def test_smoothing_wins_decibels_where_channels_are_loud(seed) -> None:
    before, after = column(compare_smoothing(seed), "sqnr")
    assert after > before + 6


@pytest.mark.parametrize("seed", range(20))
def test_the_runtime_s_dynamic_ruler_gives_the_integers_of_lesson_01(seed) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=500) * rng.uniform(0.1, 9) + rng.uniform(-2, 2)).astype(np.float32)
    q, scale, zero_point = dynamic_integers(x)
    ours = choose_qparams(x.min(), x.max())
    np.testing.assert_array_equal(q, quantize(x, ours))
    assert zero_point == ours.zero_point
    # theirs is computed in float32 (two roundings), ours in float64 and rounded once
    assert abs(scale / ours.scale - 1) <= 2 * 2.0**-23
