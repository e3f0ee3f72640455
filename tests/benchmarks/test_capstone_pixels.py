"""A network that is fed with pixels computes what it computed from preprocessed ones."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.capstone_pixels import EXACT, PIXELS, feed_pixels, reads_pixels, with_exact_input
from quantlab.deploy import build_onnx, open_session
from quantlab.methods import quantize_model, trace_model
from quantlab.scenes import Preprocessing

PREPROCESSING = Preprocessing(16, 16, mean=(0.5, 0.4, 0.3), std=(0.25, 0.2, 0.3))


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 4, 1))


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), np.uint8)


def as_floats(pictures):
    return pictures.transpose(0, 3, 1, 2).astype(np.float32)


def test_the_first_convolution_takes_the_preprocessing(net, pictures):
    net.eval()
    with torch.no_grad():
        expected = net(torch.from_numpy(PREPROCESSING.batch(pictures))).numpy()
        got = reads_pixels(net, PREPROCESSING)(torch.from_numpy(as_floats(pictures))).numpy()
    # Sums of 48 products of size 1, in another order and with other roundings: 48 half units of
    # float32, a few times over.
    assert np.abs(got - expected).max() < 4 * 48 * 2**-24 * 10
    assert np.ptp(expected) > 0.1


def test_a_model_in_integers_reads_the_bytes_of_the_picture(net, pictures):
    quantized = quantize_model(reads_pixels(net.eval(), PREPROCESSING), [as_floats(pictures)])
    exact = with_exact_input(quantized)
    built = feed_pixels(build_onnx(exact, signed_activations=False))
    session = open_session(built, exact=True)
    assert [(i.name, i.type, i.shape[1:]) for i in session.get_inputs()] == [
        (PIXELS, "tensor(uint8)", [16, 16, 3])
    ]
    assert not any(node.op_type == "Cast" for node in built.graph.node)
    assert exact.activations["input_1"] == EXACT
    (got,) = session.run(None, {PIXELS: pictures})
    expected = exact(as_floats(pictures))
    # Equal but for sums that fall next to a tie: one step of the hidden ruler passes through
    # weights, one of the last one is its rounding.
    step = float(exact.activations["_3"].scale)
    assert np.abs(got - expected).max() <= 2 * step
    assert np.mean(got == expected) > 0.9
    assert np.ptp(expected) > 10 * step


@pytest.mark.parametrize("signed", [True, None])
def test_floats_and_signed_integers_are_cast(net, pictures, signed):
    pixel_net = reads_pixels(net.eval(), PREPROCESSING)
    if signed:
        model = build_onnx(
            quantize_model(pixel_net, [as_floats(pictures)]), signed_activations=True
        )
    else:
        model = build_onnx(trace_model(pixel_net, as_floats(pictures)))
    fed = feed_pixels(model)
    assert sum(node.op_type == "Cast" for node in fed.graph.node) == 1
    (expected,) = open_session(model).run(None, {"input": as_floats(pictures)})
    (got,) = open_session(fed).run(None, {PIXELS: pictures})
    assert np.array_equal(got, expected)


def test_a_padded_first_convolution_is_refused():
    with pytest.raises(ValueError, match="without padding"):
        reads_pixels(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1)), PREPROCESSING)
