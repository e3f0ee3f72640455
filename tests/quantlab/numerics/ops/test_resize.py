"""resize copies the values that ONNX Runtime and torch copy."""

import numpy as np
import pytest
import torch

from quantlab.numerics import QParams
from quantlab.numerics.ops import resize
from tests.support.operator_cases import random_integers, random_ruler
from tests.support.operator_models import (
    fused_operators,
    kernel_integers,
    qdq_model,
    session_options,
)

COORDINATES = ["asymmetric", "half_pixel", "align_corners"]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def random_case(rng, dtype):
    """Any tensor, and sizes, whole or fractional scales for all of its axes."""
    shape = tuple(int(n) for n in rng.integers(1, 9, rng.integers(1, 5)))
    form = rng.integers(3)
    if form == 0:
        how = {"sizes": [int(n) for n in rng.integers(1, 18, len(shape))]}
    elif form == 1:
        how = {"scales": [float(n) for n in rng.integers(1, 4, len(shape))]}
    else:
        how = {"scales": [float(s) for s in rng.uniform(1, 3, len(shape)).astype(np.float32)]}
    return random_integers(rng, shape, dtype), random_ruler(rng, dtype), how


def model_of(x, qparams, how, **modes):
    scales, sizes = (how.get(name) for name in ("scales", "sizes"))
    settings = [
        None,
        None if scales is None else np.array(scales, np.float32),
        None if sizes is None else np.array(sizes, np.int64),
    ]
    inputs = [(x, qparams)]
    return qdq_model("Resize", inputs, [], qparams, settings=settings, mode="nearest", **modes)


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("nearest", NEAREST)
def test_the_integers_are_onnx_runtimes(coordinates, nearest):
    rng = np.random.default_rng(29)
    modes = {"coordinate_transformation_mode": coordinates, "nearest_mode": nearest}
    for i in range(40):
        x, qparams, how = random_case(rng, ("uint8", "int8")[i % 2])
        theirs = kernel_integers(model_of(x, qparams, how, **modes), qparams, x)
        np.testing.assert_array_equal(resize(x, **how, **modes), theirs)


@pytest.mark.parametrize("coordinates", COORDINATES)
@pytest.mark.parametrize("nearest", NEAREST)
def test_the_middle_between_two_values(coordinates, nearest):
    """Sizes that put many coordinates on or next to a middle, where float32's last bit decides."""
    modes = {"coordinate_transformation_mode": coordinates, "nearest_mode": nearest}
    x, qparams = np.arange(26, dtype=np.uint8), QParams(1.0, 0, "uint8")
    for n, out in [(7, 2), (7, 8), (7, 38), (14, 1), (14, 19), (20, 6), (26, 64), (25, 39)]:
        how = {"sizes": [out]}
        theirs = kernel_integers(model_of(x[:n], qparams, how, **modes), qparams, x[:n])
        np.testing.assert_array_equal(resize(x[:n], **how, **modes), theirs)


def test_a_tensor_that_keeps_its_shape_is_copied():
    # The scale alone would say otherwise: 5 / 1.018 is 4.9, whose floor is 4.
    x, qparams = np.arange(6, dtype=np.uint8), QParams(1.0, 0, "uint8")
    modes = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    how = {"scales": [float(np.float32(1.018))]}
    theirs = kernel_integers(model_of(x, qparams, how, **modes), qparams, x)
    np.testing.assert_array_equal(theirs, x)
    np.testing.assert_array_equal(resize(x, **how, **modes), x)


def test_the_defaults_are_onnxs():
    rng = np.random.default_rng(30)
    for _ in range(40):
        x, qparams, how = random_case(rng, "uint8")
        theirs = kernel_integers(model_of(x, qparams, how), qparams, x)
        np.testing.assert_array_equal(resize(x, **how), theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_runs_it_on_integers(dtype):
    model = model_of(*random_case(np.random.default_rng(0), dtype))
    names = fused_operators(model, session_options(int8=dtype == "int8"))
    assert names == ["Resize", "DequantizeLinear"]


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("mode", "coordinates", "nearest"),
    [("nearest", "asymmetric", "floor"), ("nearest-exact", "half_pixel", "round_prefer_ceil")],
)
def test_torchs_nearest_modes(factor, mode, coordinates, nearest):
    x = random_integers(np.random.default_rng(31), (2, 3, 5, 7), "uint8")
    theirs = torch.nn.functional.interpolate(torch.tensor(x), scale_factor=factor, mode=mode)
    modes = {"coordinate_transformation_mode": coordinates, "nearest_mode": nearest}
    np.testing.assert_array_equal(resize(x, scales=(1, 1, factor, factor), **modes), theirs)


X = np.ones((2, 3), int)


@pytest.mark.parametrize(
    ("x", "how", "words"),
    [
        (X, {}, "give one of them"),
        (X, {"scales": (1, 2), "sizes": (2, 6)}, "give one of them"),
        (X, {"scales": (2,)}, "give one number above 0 an axis"),
        (X, {"scales": (1, 0)}, "give one number above 0 an axis"),
        (X, {"scales": (1, np.inf)}, "give one number above 0 an axis"),
        (X, {"scales": (1, 0.1)}, "an output of shape \\(2, 0\\)"),
        (X, {"sizes": (2, 4.5)}, "an output of shape \\(2, 4\\)"),
        (X * 1.0, {"scales": (1, 2)}, "x has dtype float64"),
        (X, {"scales": (1, 2), "nearest_mode": "up"}, "nearest_mode is 'up'"),
        (X, {"scales": (1, 2), "coordinate_transformation_mode": "tf"}, "_mode is 'tf'"),
    ],
)
def test_bad_input_gets_a_sentence(x, how, words):
    with pytest.raises(ValueError, match=words):
        resize(x, **how)
