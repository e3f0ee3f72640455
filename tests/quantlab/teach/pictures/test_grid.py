"""The grid a picture draws says the same integers as `quantize`."""

import numpy as np
import pytest

from quantlab.numerics import QParams, choose_qparams, dequantize, quantize
from quantlab.numerics.dtypes import DTYPES
from quantlab.teach.pictures.grid import Grid, finite


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scheme", ["asymmetric", "symmetric"])
def test_ticks_and_errors_are_those_of_quantize(dtype, scheme):
    qparams = choose_qparams(-0.9, 5.0, dtype=dtype, scheme=scheme)
    grid = Grid.of(qparams)
    # The last column are ties: halfway between two ticks, where the contract rounds to even.
    ties = (np.arange(-8, 8) + 0.5) * float(qparams.scale)
    values = np.concatenate([np.linspace(-7, 7, 401), ties]).astype(np.float32)
    q = quantize(values, qparams)
    assert [grid.tick(v) for v in values] == q.tolist()
    # Both sides subtract the same float32 numbers, in float64 here: no difference at all.
    errors = dequantize(q, qparams).astype(np.float64) - values.astype(np.float64)
    assert [grid.error(v) for v in values] == errors.tolist()


def test_saturation_is_rounding_to_an_integer_that_is_not_there():
    grid = Grid(1.0, 0, 0, 3)
    assert grid.off([-0.6, -0.5, 3.0, 3.49, 3.6]).tolist() == [True, False, False, False, True]
    assert grid.saturates(1e38)


def test_a_zero_point_that_does_not_fit_is_kept_for_the_picture():
    grid = Grid.of((4 / 255, -128, "uint8"))
    assert not grid.has_zero
    assert grid.lo == pytest.approx(128 * 4 / 255, rel=2**-23)  # one float32 product


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf, 1e-49, 1e39])
def test_no_ruler_without_a_scale(scale):
    with pytest.raises(ValueError, match="distance between two ticks"):
        Grid.of((scale, 0, "int8"))


def test_an_infinite_zero_point_is_refused():
    with pytest.raises(ValueError, match="one of the integers"):
        Grid.of((1.0, np.inf, "int8"))


def test_one_ruler_a_channel_is_refused():
    with pytest.raises(ValueError, match="2 rulers, one a channel"):
        Grid.of(QParams([1.0, 2.0], [0, 0], "int8", axis=0))


def test_finite_leaves_out_what_no_ruler_can_say():
    assert finite([[1.0, np.nan], [1e39, -2.0]]) == [1.0, -2.0]


@pytest.mark.parametrize(("scale", "zero_point"), [(1.0, 10**12), (3e38, 0)])
def test_a_ruler_whose_ends_float32_cannot_hold_is_refused(scale, zero_point):
    with pytest.raises(ValueError, match="ends of the ruler"):
        Grid.of((scale, zero_point, "int8"))
