"""LSQ: values of FakeQuantize, gradients of a float64 finite difference and of torch's kernel."""

import math

import numpy as np
import pytest
import torch

from quantlab.methods.fake_quantize import FakeQuantize
from quantlab.methods.qat.lsq import LearnedStepSize, initial_qparams, positive_levels
from quantlab.numerics import DTYPES, QParams

U = 2.0**-24  # half the relative spacing of float32: the error of one rounding
KINDS = ("per-tensor", "shared zero_point", "own zero_points")


def ruler(dtype: str, kind: str, scale: tuple[float, ...] = (0.1, 0.37, 0.023)) -> QParams:
    """A ruler for x of shape (5, 3, 40), zero_point off the middle and not negative."""
    bottom, top = DTYPES[dtype].limits()
    third = min(max(bottom + (top - bottom) // 3, 2), top)
    if kind == "per-tensor":
        return QParams(scale[0], third, dtype)
    z = [bottom, third, top] if kind == "own zero_points" else [third] * 3
    return QParams(np.float32(scale), np.int32(z), dtype, axis=1)


def aligned(qparams: QParams) -> tuple[np.ndarray, np.ndarray]:
    shape = (1, -1, 1)
    return (
        np.asarray(qparams.scale, np.float64).reshape(shape),
        np.asarray(qparams.zero_point, np.float64).reshape(shape),
    )


def values(qparams: QParams, seed: int = 0) -> np.ndarray:
    """On the ruler and beyond both ends; never within a quarter step of a tie, and q is never an
    end itself, where the surrogate has its kink. So no rounding of float32 changes which case a
    value belongs to, nor does a small change of scale."""
    rng = np.random.default_rng(seed)
    scale, z = aligned(qparams)
    reach = min(
        max((qparams.qmax - qparams.qmin) // 2, 2), 40
    )  # many steps: float32 keeps few bits
    inside = rng.integers(qparams.qmin + 1, qparams.qmax, (5, 3, 40)) - z
    below = qparams.qmin - z - rng.integers(1, reach, (5, 3, 40))
    above = qparams.qmax - z + rng.integers(1, reach, (5, 3, 40))
    steps = np.choose(rng.integers(0, 4, (5, 3, 40)), [inside, inside, below, above])
    return ((steps + rng.uniform(-0.25, 0.25, steps.shape)) * scale).astype(np.float32)


def gradients(layer: torch.nn.Module, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(g from above, gradient for x, gradient for scale)."""
    leaf = torch.tensor(x, requires_grad=True)
    g = np.random.default_rng(7).normal(size=x.shape).astype(np.float32)
    layer(leaf).backward(torch.from_numpy(g))
    return g, leaf.grad.numpy(), layer.scale.grad.numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_and_the_gradient_for_x_are_those_of_fake_quantize(dtype, kind):
    qparams = ruler(dtype, kind)
    x = np.random.default_rng(2).normal(size=(5, 3, 40)).astype(np.float32)
    x *= np.float32(qparams.qmax - qparams.qmin) * 0.1
    learned, fixed = LearnedStepSize(qparams, values=40), FakeQuantize(qparams)
    assert torch.equal(learned(torch.tensor(x)), fixed(torch.tensor(x)))
    leaves = [torch.tensor(x, requires_grad=True) for _ in range(2)]
    for leaf, layer in zip(leaves, (learned, fixed), strict=True):
        (layer(leaf) ** 2).sum().backward()
    assert torch.equal(leaves[0].grad, leaves[1].grad)
    assert learned.scale.grad.abs().min() > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_for_scale_is_a_float64_finite_difference_of_the_surrogate(dtype, kind):
    """The surrogate: s * clip(x / s + r, qmin - z, qmax - z), r what rounding added at the first s.

    It is linear in s piece by piece (s * x / s cancels), so the central difference has no error of
    its own: h = 2^-20 s moves x / s by at most 2^-20 * 2^17 = 1/8 step, and every x is further from
    a kink (the ends are not among the inner q, and outer steps lie at least 3/4 beyond).
    float64 rounds at 2^-53, and dividing by h makes that 2^-32 of the values: far below float32.
    float32: x / s is off by U * |steps|, so is q - x / s; g * slope is rounded once (U), the sum
    of n terms and the factor at most n + 2 times.
    """
    qparams = ruler(dtype, kind)
    x = values(qparams)
    shared = 40 * 5 * (3 if kind == "per-tensor" else 1)
    layer = LearnedStepSize(qparams, values=shared)
    g, _, measured = gradients(layer, x)

    s, z = aligned(qparams)
    wide = x.astype(np.float64)
    steps = wide / s
    r = np.rint(steps) - steps

    def surrogate(scale: np.ndarray) -> np.ndarray:
        return scale * np.clip(wide / scale + r, qparams.qmin - z, qparams.qmax - z)

    h = s * 2.0**-20
    slope = (surrogate(s + h) - surrogate(s - h)) / (2 * h)
    axes = None if kind == "per-tensor" else (0, 2)
    factor = 1 / math.sqrt(shared * positive_levels(qparams))
    expected = (g * slope).sum(axis=axes) * factor
    n = shared
    allowed = (
        np.abs(g) * (U * np.abs(steps) + 2.0**-32 * np.abs(steps) + (n + 4) * U * np.abs(slope))
    ).sum(axis=axes) * factor
    assert (np.abs(measured - expected) <= allowed).all()
    assert (np.abs(expected) > 10 * allowed).any()  # the tolerance still sees a wrong gradient


@pytest.mark.parametrize("kind", ["per-tensor", "shared zero_point"])
@pytest.mark.parametrize("dtype", ["int4", "int8", "uint8", "uint4"])
def test_both_gradients_are_those_of_torchs_learnable_kernel(dtype, kind):
    """Private in torch, so only a test looks at it. Scales are powers of two (its reciprocal is
    exact), no x is near a tie (its backward rounds zero_point + x / scale together) and zero_point
    is not negative (its per-tensor backward truncates zero_point + 0.5, so -3 becomes -2). q may be
    an end of the ruler here. Each sums n products; either sum is off by (n + 4) * U * sum(|terms|).
    """
    qparams = ruler(dtype, kind, scale=(0.125, 0.5, 0.0625))
    x = values(qparams)
    s, z = aligned(qparams)
    x[0] = ((qparams.qmax - z) * s)[0]  # exactly the last tick ...
    x[1] = ((qparams.qmin - z + 0.25) * s)[0]  # ... and just inside, at the first
    shared = 40 * 5 * (3 if kind == "per-tensor" else 1)
    factor = 1 / math.sqrt(shared * positive_levels(qparams))

    class Theirs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(np.atleast_1d(qparams.scale)))
            self.z = torch.tensor(np.atleast_1d(qparams.zero_point), dtype=torch.float32)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            ends = (qparams.qmin, qparams.qmax, factor)
            if qparams.axis is None:
                function = torch._fake_quantize_learnable_per_tensor_affine
                return function(x, self.scale, self.z, *ends)
            function = torch._fake_quantize_learnable_per_channel_affine
            return function(x, self.scale, self.z, 1, *ends)

    layer = LearnedStepSize(qparams, values=shared)
    g, of_x, of_scale = gradients(layer, x)
    _, their_x, their_scale = gradients(Theirs(), x)
    np.testing.assert_array_equal(of_x, their_x)
    terms = np.abs(g) * np.maximum(np.abs(qparams.qmax - z), np.abs(qparams.qmin - z))
    axes = None if qparams.axis is None else (0, 2)
    allowed = 2 * (shared + 4) * U * terms.sum(axis=axes) * factor
    assert (np.abs(of_scale - their_scale.reshape(of_scale.shape)) <= allowed).all()
    assert (np.abs(of_scale) > 10 * allowed).any()


def test_the_start_is_the_papers():
    """2 * <|v|> / sqrt(Q_P), section 2.1: each Q_P as the paper gives it for z = 0."""
    w = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)
    for dtype, q_p in (("int4", 7), ("int8", 127), ("uint4", 15), ("uint8", 255)):
        start = initial_qparams(w, QParams(9.0, 0, dtype))
        expected = 2 * np.abs(w.astype(np.float64)).mean() / math.sqrt(q_p)
        assert start == QParams(expected, 0, dtype)
    start = initial_qparams(w, QParams(np.full(3, 9.0), np.zeros(3, int), "int4", axis=1))
    each = [2 * np.abs(w[:, k].astype(np.float64)).mean() / math.sqrt(7) for k in range(3)]
    np.testing.assert_allclose(start.scale, each, rtol=2 * U)  # summed in another order


def test_a_dead_channel_keeps_the_scale_it_had():
    w = np.float32([[0.0, 0.0], [1.0, -3.0]])
    start = initial_qparams(w, QParams(np.float32([1.0, 1.0]), np.zeros(2, int), "int4", axis=0))
    assert start.scale.tolist() == [1.0, np.float32(4 / math.sqrt(7))]
    assert initial_qparams(np.zeros(3), QParams(0.5, 0, "int4")).scale == 0.5


def test_levels_are_counted_from_zero_point():
    assert positive_levels(QParams(1.0, 3, "uint4")) == 12
    assert positive_levels(QParams(1.0, 15, "uint4")) == 15  # nothing above zero: those below
    own = QParams(np.ones(2, np.float32), np.array([1, 5]), "uint4", axis=0)
    assert positive_levels(own) == 14


def test_the_optimizer_moves_the_ruler_and_its_state_travels():
    layer = LearnedStepSize(QParams(0.5, 0, "int4"), values=8)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    x = torch.linspace(-8, 8, 8)
    start = layer(x).detach()
    ((layer(x) - x) ** 2).sum().backward()
    optimizer.step()
    assert layer.qparams.scale > 0.5  # far too much saturated
    assert layer.qparams.scale == layer.scale.item()
    assert not torch.equal(layer(x), start)
    other = LearnedStepSize(QParams(0.5, 3, "uint8"), values=8)
    other.load_state_dict(layer.state_dict())
    assert other.qparams == layer.qparams
    assert torch.equal(other(x), layer(x))
    assert isinstance(other.scale, torch.nn.Parameter)


@pytest.mark.parametrize("value", [-0.5, 0.0, 1e-39, float("nan"), float("inf")])
def test_a_scale_that_left_its_range_is_named(value):
    qparams = QParams(np.float32([0.5, 0.5]), np.zeros(2, int), "int4", axis=0)
    layer = LearnedStepSize(qparams, values=2, layer="features.3")
    with torch.no_grad():
        layer.scale[1] = value
    for use in (lambda: layer(torch.zeros(2, 3)), lambda: layer.qparams):
        with pytest.raises(ValueError, match=r"scale of features\.3 is .*lower the learning rate"):
            use()


def test_what_does_not_fit_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="values is 0, but it counts"):
        LearnedStepSize(QParams(0.5, 0, "int4"), values=0)
    with pytest.raises(ValueError, match="x holds nan"):
        initial_qparams(np.float32([np.nan]), QParams(0.5, 0, "int4"))
    with pytest.raises(ValueError, match="axis is 2, but x has 1 dimension"):
        initial_qparams(np.float32([1.0]), QParams(np.ones(1), np.zeros(1, int), "int4", axis=2))
