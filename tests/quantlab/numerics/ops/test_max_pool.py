"""max_pool gives the integers of ONNX Runtime and of torch."""

import numpy as np
import pytest
import torch

from quantlab.numerics.ops import max_pool
from tests.support.operator_cases import random_integers, random_pool, random_ruler
from tests.support.operator_models import (
    fused_operators,
    kernel_integers,
    qdq_model,
    session_options,
)


def random_case(rng, dtype):
    shape, settings = random_pool(rng, int(rng.integers(1, 4)), dilated=True)
    return random_integers(rng, shape, dtype), random_ruler(rng, dtype), settings


def model_of(x, qparams, settings):
    return qdq_model("MaxPool", [(x, qparams)], [], qparams, **settings)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_the_integers_are_onnx_runtimes(dtype):
    rng = np.random.default_rng(27)
    for _ in range(200):
        x, qparams, settings = case = random_case(rng, dtype)
        theirs = kernel_integers(model_of(*case), qparams, x)
        np.testing.assert_array_equal(max_pool(x, **settings), theirs)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_onnx_runtime_really_runs_it_on_integers(dtype):
    model = model_of(*random_case(np.random.default_rng(0), dtype))
    names = fused_operators(model, session_options(int8=dtype == "int8"))
    assert names == ["MaxPool", "DequantizeLinear"]


def test_the_integers_are_torchs():
    rng = np.random.default_rng(28)
    for _ in range(100):
        shape, settings = random_pool(rng, 2, dilated=True, torchs=True)
        x = random_integers(rng, shape, "uint8")
        theirs = torch.nn.functional.max_pool2d(
            torch.tensor(x, dtype=torch.float32), settings["kernel_shape"], settings["strides"],
            settings["pads"][:2], settings["dilations"], settings["ceil_mode"],
        )  # fmt: skip
        # A dilated window may see padding alone: torch says minus infinity, integers 0.
        np.testing.assert_array_equal(max_pool(x, **settings), theirs.clamp(min=0))


@pytest.mark.parametrize(
    ("x", "settings", "words"),
    [
        (np.ones((1, 1, 3)), {"kernel_shape": 2}, "x has dtype float64"),
        (np.ones((1, 3), int), {"kernel_shape": 2}, "1 to 3 spatial dimensions"),
        (np.ones((1, 1, 3), int), {"kernel_shape": 2, "dilations": 3}, "the padded x measures"),
        (np.ones((1, 1, 3), int), {"kernel_shape": 2, "pads": (0, 2)}, "pad by less than"),
        (np.ones((1, 1, 3), int), {"kernel_shape": 2.5}, "kernel_shape is 2.5"),
    ],
)
def test_bad_input_gets_a_sentence(x, settings, words):
    with pytest.raises(ValueError, match=words):
        max_pool(x, **settings)
