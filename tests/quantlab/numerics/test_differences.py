"""Where two contracts differ, and how it reads."""

import numpy as np
import pytest

from quantlab.numerics import ROUNDINGS, QParams, quantize, rounding_differences

RULER = QParams(1.0, 7, "uint8")


def test_it_finds_exactly_the_differing_values():
    rng = np.random.default_rng(6)
    x = np.round(rng.uniform(-10, 300, (8, 9)) * 2).astype(np.float32) / 2  # half of them ties
    for a in ROUNDINGS:
        for b in ROUNDINGS:
            found = rounding_differences(x, RULER, a, b)
            differ = quantize(x, RULER, a) != quantize(x, RULER, b)
            assert (found.count, len(found), found.compared) == (differ.sum(), differ.sum(), 72)
            assert found.indexes.tolist() == np.argwhere(differ).tolist()
            at = tuple(found.indexes.T)
            np.testing.assert_array_equal(found.x, x[at])
            np.testing.assert_array_equal(found.q_a, quantize(x, RULER, a)[at])
            np.testing.assert_array_equal(found.q_b, quantize(x, RULER, b)[at])
    assert rounding_differences(x, RULER, "onnx", "torch_legacy").count > 0


def test_it_prints_as_a_short_table():
    x = np.arange(30, dtype=np.float32) + np.float32(0.5)
    text = str(rounding_differences(x, RULER, "onnx", "torch_legacy"))
    assert text.splitlines()[:3] == [
        "onnx and torch_legacy differ on 30 of 30 values",
        "index    x  onnx  torch_legacy",
        "0      0.5     7             8",
    ]
    assert text.splitlines()[-1] == "... and 20 more"
    same = rounding_differences([1.0], RULER, "onnx", "torch_legacy")
    assert str(same) == "onnx and torch_legacy differ on 0 of 1 values"


def test_a_single_number_will_do():
    assert rounding_differences(0.5, RULER, "onnx", "tflite").count == 1


def test_an_unknown_contract_is_refused():
    with pytest.raises(ValueError, match="rounding is 'up'"):
        rounding_differences([0.5], RULER, "onnx", "up")
