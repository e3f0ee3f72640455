"""average_pool gives the integers of ONNX Runtime's kernel, or of ONNX's definition."""

import numpy as np
import pytest
import torch

from quantlab.numerics import QParams
from quantlab.numerics.ops import average_pool, global_average_pool
from tests.support.operator_cases import far_from_ties, random_integers, random_pool, random_ruler
from tests.support.operator_models import (
    fused_operators,
    kernel_integers,
    qdq_model,
    session_options,
)


def random_case(rng, dtype, dims=None, *, torchs=False):
    shape, settings = random_pool(rng, dims or int(rng.integers(1, 4)), torchs=torchs)
    settings["count_include_pad"] = bool(rng.integers(2))
    x_qparams = random_ruler(rng, dtype)
    ratio = 2.0 ** rng.integers(-4, 1) if rng.random() < 0.5 else rng.uniform(0.1, 1.0)
    y = random_ruler(rng, dtype, float(x_qparams.scale) * ratio)
    return random_integers(rng, shape, dtype), x_qparams, y, settings


def model_of(x, x_qparams, y, settings):
    return qdq_model("AveragePool", [(x, x_qparams)], [], y, **settings)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_onnx_runtimes(dtype):
    rng = np.random.default_rng(24)
    for _ in range(250):
        x, x_qparams, y, settings = case = random_case(rng, dtype)
        theirs = kernel_integers(model_of(*case), y, x)
        np.testing.assert_array_equal(average_pool(x, x_qparams, y, **settings), theirs)


@pytest.mark.parametrize("strides", [(1, 1), (3, 2)])
def test_one_window_over_the_whole_image_is_a_global_pool(strides):
    # The kernel changes its arithmetic there: with zero_point added before rounding, ties differ.
    rng = np.random.default_rng(25)
    for _ in range(60):
        x, x_qparams, y, _ = random_case(rng, "uint8", dims=2)
        settings = {"kernel_shape": x.shape[2:], "strides": strides}
        theirs = kernel_integers(model_of(x, x_qparams, y, settings), y, x)
        ours = average_pool(x, x_qparams, y, **settings)
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(ours, global_average_pool(x, x_qparams, y))


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_fused_it(dtype):
    model = model_of(*random_case(np.random.default_rng(0), dtype))
    names = fused_operators(model, session_options(int8=dtype == "int8"))
    assert "QLinearAveragePool" in names
    assert "AveragePool" not in names


def test_the_definition_is_torchs_mean_away_from_ties():
    """torch averages in float64.

    float32 adds k values of at most 256 steps with an error of half a unit, 2^-24, of at most
    k * 256 each, and then divides by up to k: no more than k * 2^-15 steps of x, all in all.
    """
    rng = np.random.default_rng(26)
    compared = 0
    for _ in range(150):
        x, x_qparams, y, settings = random_case(rng, "int8", dims=2, torchs=True)
        steps = torch.tensor(x.astype(np.float64) - int(x_qparams.zero_point))
        mean = torch.nn.functional.avg_pool2d(
            steps, settings["kernel_shape"], settings["strides"], settings["pads"][:2],
            settings["ceil_mode"], settings["count_include_pad"],
        ).numpy()  # fmt: skip
        per_step = float(x_qparams.scale) / float(y.scale)
        sure = far_from_ties(
            mean * per_step, np.prod(settings["kernel_shape"]) * 2.0**-15 * per_step
        )
        exact = np.clip(np.rint(mean * per_step) + int(y.zero_point), y.qmin, y.qmax)
        ours = average_pool(x, x_qparams, y, contract="onnx", **settings)
        np.testing.assert_array_equal(ours[sure], exact[sure])
        compared += int(sure.sum())
    assert compared > 1000


def test_the_kernel_is_one_tick_from_the_definition_at_most():
    # They share every step but the last: zero_point is added before rounding, or after it.
    rng = np.random.default_rng(27)
    seen = 0
    for _ in range(150):
        x, x_qparams, y, settings = random_case(rng, "uint8")
        settings["count_include_pad"] = False
        kernel, definition = (
            average_pool(x, x_qparams, y, contract=contract, **settings).astype(int)
            for contract in ("onnxruntime", "onnx")
        )
        assert np.abs(kernel - definition).max() <= 1
        seen += int((kernel != definition).sum())
    assert seen > 0


def test_the_kernel_counts_places_beyond_the_padding():
    # ONNX averages the 8 alone, which is all that the last window holds; the kernel divides by 2.
    x, ruler = np.array([[[2, 4, 8]]], np.uint8), QParams(1.0, 0, "uint8")
    settings = {"kernel_shape": [2], "strides": [2], "ceil_mode": True, "count_include_pad": True}
    definition = average_pool(x, ruler, ruler, contract="onnx", **settings)
    np.testing.assert_array_equal(definition, [[[3, 8]]])
    kernel = average_pool(x, ruler, ruler, **settings)
    np.testing.assert_array_equal(kernel, [[[3, 4]]])
    theirs = kernel_integers(model_of(x, ruler, ruler, settings), ruler, x)
    np.testing.assert_array_equal(kernel, theirs)


U8 = QParams(0.1, 0, "uint8")


@pytest.mark.parametrize(
    ("shape", "settings", "words"),
    [
        ((1, 2), {"kernel_shape": 1}, "1 to 3 spatial dimensions"),
        ((1, 1, 2, 2), {"kernel_shape": 3}, "the padded x measures \\(2, 2\\)"),
        ((1, 1, 4, 4), {"kernel_shape": 2, "pads": 2}, "pad by less than the kernel"),
        ((1, 1, 4, 4), {"kernel_shape": (2, 2, 2)}, "kernel_shape is \\(2, 2, 2\\)"),
        ((1, 1, 4, 4), {"kernel_shape": 2, "strides": 0}, "strides is 0"),
        ((1, 1, 4, 4), {"kernel_shape": 2, "contract": "tflite"}, "contract is 'tflite'"),
    ],
)
def test_bad_input_gets_a_sentence(shape, settings, words):
    with pytest.raises(ValueError, match=words):
        average_pool(np.ones(shape, int), U8, U8, **settings)
