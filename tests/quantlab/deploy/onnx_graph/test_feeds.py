"""Inputs are checked before ONNX Runtime sees them, and noise fills what nobody gave."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from quantlab.deploy.onnx_graph.feeds import checked_feeds, random_feeds
from quantlab.deploy.runtime.session import open_session


def session_of(*inputs):
    """A session of a model with these inputs, (name, ONNX dtype, shape) each, that copies them."""
    given = [helper.make_tensor_value_info(*described) for described in inputs]
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name, _, _ in inputs]
    outputs = [helper.make_tensor_value_info(f"{name}_out", kind, None) for name, kind, _ in inputs]
    graph = helper.make_graph(nodes, "copy", given, outputs)
    return open_session(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    )


@pytest.fixture(scope="module")
def image():
    return session_of(("image", TensorProto.FLOAT, ["N", 3, 8, 8]))


@pytest.fixture(scope="module")
def two():
    return session_of(("a", TensorProto.FLOAT, [2]), ("b", TensorProto.UINT8, [None, 4]))


def test_one_array_feeds_the_one_input(image):
    x = np.zeros((5, 3, 8, 8), np.float32)
    assert checked_feeds(image, x) == {"image": pytest.approx(x)}
    image.run(None, checked_feeds(image, x))


def test_a_dict_feeds_by_name(two):
    feeds = {"b": np.zeros((3, 4), np.uint8), "a": np.zeros(2, np.float32)}
    two.run(None, checked_feeds(two, feeds))


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"picture": np.zeros((1, 3, 8, 8), np.float32)}, "inputs has 'picture', but m takes 'ima"),
        ({}, "inputs has no entry, but m takes 'image'"),
        (np.zeros((1, 3, 8, 8)), "dtype float64, but m takes float32: convert it with"),
        (np.zeros((1, 3, 8, 9), np.float32), r"shape \(1, 3, 8, 9\), but m takes \(N, 3, 8, 8\)"),
        (np.zeros((3, 8, 8), np.float32), r"shape \(3, 8, 8\)"),
        (np.zeros((0, 3, 8, 8), np.float32), r"shape \(0, 3, 8, 8\)"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_in_a_sentence(image, inputs, sentence):
    with pytest.raises(ValueError, match=sentence):
        checked_feeds(image, inputs, "m")


def test_one_array_for_two_inputs_is_refused(two):
    with pytest.raises(ValueError, match=r"has 2 inputs \(a, b\), but one array was given"):
        checked_feeds(two, np.zeros(2, np.float32))


def test_noise_fits_every_input_and_a_batch_without_a_size_is_one(two, image):
    feeds = random_feeds(two)
    assert {name: (a.shape, a.dtype) for name, a in feeds.items()} == {
        "a": ((2,), np.float32),
        "b": ((1, 4), np.uint8),
    }
    two.run(None, feeds)
    first, again = random_feeds(image)["image"], random_feeds(image)["image"]
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("kind", "shape"), [(TensorProto.FLOAT, [1, 3, "H", "W"]), (TensorProto.STRING, [2])]
)
def test_no_noise_without_a_size_or_for_text(kind, shape):
    with pytest.raises(ValueError, match="no noise can be made: pass inputs"):
        random_feeds(session_of(("x", kind, shape)))
