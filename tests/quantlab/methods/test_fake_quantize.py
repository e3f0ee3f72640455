"""FakeQuantize against quantlab.numerics (values) and torch's own kernels (gradients)."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from quantlab.methods.fake_quantize import FakeQuantize
from quantlab.numerics import DTYPES, QParams, fake_quantize

PER_CHANNEL = ("shared zero_point", "own zero_points")


def ruler(dtype: str, kind: str, narrow: bool = False, exact: bool = False) -> QParams:
    """A ruler for x of shape (5, 3, 7); exact: powers of two, whose reciprocal has no error."""
    scale = np.float32([0.25, 0.5, 0.0625] if exact else [0.1, 0.37, 0.023])
    bottom, top = DTYPES[dtype].limits(narrow)
    zero_points = np.linspace(bottom, top, 3).astype(np.int32)
    if kind == "per-tensor":
        return QParams(scale[0], int(zero_points[1]), dtype, narrow=narrow)
    z = zero_points if kind == "own zero_points" else np.full(3, zero_points[1])
    return QParams(scale, z, dtype, axis=1, narrow=narrow)


def values(qparams: QParams, seed: int = 0) -> np.ndarray:
    """Inside the ruler, beyond both ends, and exactly on ticks and half way between them."""
    rng = np.random.default_rng(seed)
    scale = np.asarray(qparams.scale, np.float32).reshape(-1, 1)
    z = np.asarray(qparams.zero_point).reshape(-1, 1)
    width = qparams.qmax - qparams.qmin
    steps = rng.integers(qparams.qmin - width, qparams.qmax + width, (5, 3, 7)) - z
    steps[0] = np.array([qparams.qmin - 1, qparams.qmin, qparams.qmin + 1, 0, *[qparams.qmax] * 3])
    steps[0] -= z
    part = rng.choice([0.0, 0.5, -0.5, 0.25], (5, 3, 7))
    part[0, :, 3:] = [0.0, 0.5, 0.25, 0.75]  # a tie exactly at the upper end, and beyond it
    return ((steps + part) * scale).astype(np.float32)


def torch_fake_quantize(x: torch.Tensor, qparams: QParams) -> torch.Tensor:
    """torch's own kernel; it differentiates itself."""
    if qparams.axis is None:
        return torch.fake_quantize_per_tensor_affine(
            x, float(qparams.scale), int(qparams.zero_point), qparams.qmin, qparams.qmax
        )
    return torch.fake_quantize_per_channel_affine(
        x,
        torch.tensor(qparams.scale),
        torch.tensor(qparams.zero_point),
        qparams.axis,
        qparams.qmin,
        qparams.qmax,
    )


def gradient(function, x: np.ndarray, qparams: QParams) -> np.ndarray:
    """d(sum of y * g) / dx for a g without zeros."""
    leaf = torch.tensor(x, requires_grad=True)
    g = torch.from_numpy(np.random.default_rng(1).normal(size=x.shape).astype(np.float32))
    function(leaf, qparams).backward(g)
    return leaf.grad.numpy()


def ours(x: torch.Tensor, qparams: QParams) -> torch.Tensor:
    return FakeQuantize(qparams)(x)


@pytest.mark.parametrize("kind", ["per-tensor", *PER_CHANNEL])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("narrow", [False, True])
def test_values_equal_numerics_with_and_without_a_gradient(dtype, kind, narrow):
    qparams = ruler(dtype, kind, narrow)
    x = values(qparams)
    expected = fake_quantize(x, qparams)
    y = FakeQuantize(qparams)(torch.tensor(x, requires_grad=True))
    assert y.requires_grad
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    np.testing.assert_array_equal(FakeQuantize(qparams)(torch.tensor(x)).numpy(), expected)


@pytest.mark.parametrize("kind", ["per-tensor", *PER_CHANNEL])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("narrow", [False, True])
def test_the_gradient_is_torchs_own_where_the_contracts_agree(dtype, kind, narrow):
    """With a power of two as scale, x / scale and x * (1 / scale) are both exact."""
    qparams = ruler(dtype, kind, narrow, exact=True)
    x = values(qparams)
    mine, theirs = gradient(ours, x, qparams), gradient(torch_fake_quantize, x, qparams)
    np.testing.assert_array_equal(mine, theirs)
    assert (mine == 0).any()
    assert (mine != 0).any()


@pytest.mark.parametrize("kind", ["per-tensor", *PER_CHANNEL])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_differs_only_at_ties_at_an_end(dtype, kind):
    """x / scale is rounded once, x * (1 / scale) twice: they differ by a relative 2 U at most,
    U = 2^-24. So only an x within 2 U * |steps| of half a step beyond an end can be inside for
    one and outside for the other; |steps| at an end stays below 2^16 + 1, and 3 U covers the
    products of the two errors."""
    qparams = ruler(dtype, kind)
    x = values(qparams)
    differs = gradient(ours, x, qparams) != gradient(torch_fake_quantize, x, qparams)
    shape = (1, -1, 1)
    scale = np.asarray(qparams.scale, np.float64).reshape(shape)
    z = np.asarray(qparams.zero_point, np.float64).reshape(shape)
    steps = x / scale
    ends = np.stack([steps - (qparams.qmin - z - 0.5), steps - (qparams.qmax - z + 0.5)])
    near = (np.abs(ends) <= 3 * 2.0**-24 * (2**16 + 1)).any(axis=0)
    assert not (differs & ~near).any()
    assert (~near).any()


@given(
    x=hnp.arrays(
        np.float32, st.integers(1, 30), elements=st.floats(-(2.0**100), 2.0**100, width=32)
    ),
    scale=st.floats(2.0**-100, 2.0**90, width=32),
    dtype=st.sampled_from(sorted(DTYPES)),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_any_ruler_gives_the_values_of_numerics(x, scale, dtype, data):
    kind = DTYPES[dtype]
    qparams = QParams(scale, data.draw(st.integers(kind.qmin, kind.qmax)), dtype)
    y = FakeQuantize(qparams)(torch.tensor(x, requires_grad=True))
    np.testing.assert_array_equal(y.detach().numpy(), fake_quantize(x, qparams))


def test_infinity_saturates_and_nan_stays_to_be_seen():
    qparams = QParams(0.5, 3, "uint4")
    x = torch.tensor([float("inf"), -float("inf"), float("nan")])
    for leaf in (x, x.clone().requires_grad_()):
        y = FakeQuantize(qparams)(leaf).detach()
        assert y[:2].tolist() == [6.0, -1.5]
        assert torch.isnan(y[2])
    leaf = x[:2].clone().requires_grad_()
    FakeQuantize(qparams)(leaf).sum().backward()
    assert leaf.grad.tolist() == [0.0, 0.0]


def test_the_input_is_left_as_it_was():
    x = torch.randn(4, 3, requires_grad=True)
    before = x.detach().clone()
    FakeQuantize(QParams(0.1, 0, "int8"))(x)
    FakeQuantize(QParams(0.1, 0, "int8"))(x.detach())
    assert torch.equal(x, before)


def test_it_works_inside_a_graph_and_in_any_memory_layout():
    """Two layers deep, the chain rule of the mask: compared with torch's kernels in its place."""
    qparams = ruler("int4", "shared zero_point", exact=True)
    x = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    grads = []
    for quantizer in (ours, torch_fake_quantize):
        leaf = x.clone().requires_grad_()
        weight = torch.linspace(-2, 2, 3).reshape(3, 1, 1).requires_grad_()
        (quantizer(quantizer(leaf * weight, qparams).exp(), qparams) ** 2).sum().backward()
        grads.append((leaf.grad, weight.grad))
    assert torch.equal(grads[0][0], grads[1][0])
    assert torch.equal(grads[0][1], grads[1][1])


def test_the_ruler_travels_with_state_dict_copies_and_print():
    old = FakeQuantize(QParams(0.5, 0, "int4"))
    new = FakeQuantize(ruler("uint8", "own zero_points"))
    old.load_state_dict(new.state_dict())
    x = torch.from_numpy(values(new.qparams))
    assert old.qparams == new.qparams
    assert torch.equal(old(x), new(x))
    assert torch.equal(copy.deepcopy(new)(x), new(x))
    assert repr(new.qparams) in repr(new)


def test_a_new_ruler_replaces_the_old_one_whole():
    layer = FakeQuantize(ruler("uint8", "own zero_points"))
    for qparams in (QParams(0.5, 0, "int4"), ruler("int8", "shared zero_point")):
        layer.assign(qparams)
        x = values(qparams)
        np.testing.assert_array_equal(layer(torch.tensor(x)).numpy(), fake_quantize(x, qparams))


def test_what_does_not_fit_is_refused_in_a_sentence():
    layer = FakeQuantize(ruler("int8", "shared zero_point"))
    with pytest.raises(TypeError, match=r"float64.*convert with x\.float\(\)"):
        layer(torch.zeros(5, 3, 7, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"4 channels along axis 1.*3 scales"):
        layer(torch.zeros(5, 4, 7))
    with pytest.raises(ValueError, match="axis is 1, but x has 1 dimension"):
        layer(torch.zeros(5))
