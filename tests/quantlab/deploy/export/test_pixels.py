"""A file that is fed with pictures computes what it computes from normalized ones."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from quantlab.deploy import build_onnx, export_onnx, open_session, runtime_tensors
from quantlab.deploy.export.pixels import EXACT, PIXELS, reads_pixels
from quantlab.deploy.onnx_graph.macs import macs_of
from quantlab.methods import Recipe, Rule, quantize_model, trace_model
from quantlab.numerics import QParams
from quantlab.scenes import Preprocessing

PREPROCESSING = Preprocessing(16, 16, mean=(0.5, 0.4, 0.3), std=(0.25, 0.2, 0.3))
#: The mean is a pixel, 128, and all channels are alike: the normalized input's own ruler is exact.
GREY = Preprocessing(16, 16, mean=(128 / 255,) * 3, std=(0.25,) * 3)
MIN_MAX = Rule("uint8", "asymmetric", "per-tensor", "minmax")


def net_with(first):
    torch.manual_seed(0)
    return nn.Sequential(first, nn.BatchNorm2d(8), nn.ReLU6(), nn.Conv2d(8, 4, 1)).eval()


@pytest.fixture
def net():
    return net_with(nn.Conv2d(3, 8, 4, 4))


@pytest.fixture
def pictures():
    found = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), np.uint8)
    found[0, 0, :2] = [[0] * 3, [255] * 3]
    return found


def exactly_quantized(net, pictures, recipe):
    """Calibrated on pictures with 0 and 255; the input's ruler takes each pixel to its integer."""
    model = quantize_model(net, [GREY.batch(pictures)], recipe)
    (name,) = (node.name for node in model.graph.graph.nodes if node.op == "placeholder")
    ruler = model.activations[name]
    assert ruler.zero_point == 128
    # 1 / 255 / std to float32's rounding, of which normalizing did several.
    assert float(ruler.scale) == pytest.approx(1 / 255 / 0.25, rel=4 * 2**-24)
    return replace(
        model, activations={**model.activations, name: QParams(1 / 255 / 0.25, 128, "uint8")}
    )


@pytest.mark.parametrize("granularity", ["per-channel", "per-tensor"])
@pytest.mark.parametrize("bias", [True, False])
def test_every_integer_is_that_of_the_model_without_it(pictures, granularity, bias):
    """Where normalizing loses nothing, nothing changes: sums are the same, the mean moved."""
    net = net_with(nn.Conv2d(3, 8, 4, 4, bias=bias))
    weights = Rule("int8", "symmetric", granularity, "minmax", narrow=True)
    model = exactly_quantized(net, pictures, Recipe(weights=weights, activations=MIN_MAX))
    without = build_onnx(model, signed_activations=False)
    fed = build_onnx(model, signed_activations=False, preprocessing=GREY)
    expected = runtime_tensors(without, GREY.batch(pictures), exact=True)
    got = runtime_tensors(fed, pictures, exact=True)
    assert set(expected.tensors) - set(got.tensors) == {"input_1_q"}  # it is the picture
    np.testing.assert_array_equal(expected.tensors["input_1_q"].transpose(0, 2, 3, 1), pictures)
    for name, array in got.tensors.items():
        assert np.ptp(array) > 10
        np.testing.assert_array_equal(array, expected.tensors[name], err_msg=name)
    for name, array in got.outputs.items():
        np.testing.assert_array_equal(array, expected.outputs[name])
    assert [n.op_type for n in fed.graph.node].count("QuantizeLinear") == len(got.tensors)


def test_the_file_takes_pictures_and_nothing_is_computed_before_the_first_convolution(
    net, pictures, tmp_path
):
    model = quantize_model(net, [PREPROCESSING.batch(pictures)])
    path = export_onnx(
        model, tmp_path / "net.onnx", signed_activations=False, preprocessing=PREPROCESSING
    )
    optimized = tmp_path / "optimized.onnx"
    session = open_session(path, optimized_path=optimized)
    assert [(i.name, i.type, i.shape[1:]) for i in session.get_inputs()] == [
        (PIXELS, "tensor(uint8)", [16, 16, 3])
    ]
    computing = [node.op_type for node in onnx.load(optimized).graph.node]
    first, *rest = [kind for kind in computing if kind not in ("Reshape", "Transpose")]
    assert first == "QLinearConv"
    assert "QuantizeLinear" not in rest


def test_a_row_of_a_patch_is_read_in_one_piece(net, pictures, tmp_path):
    """Bytes that lie side by side are one pixel, which a kernel of width 1 reads."""
    model = quantize_model(net, [PREPROCESSING.batch(pictures)])
    optimized = tmp_path / "optimized.onnx"
    fed = build_onnx(model, signed_activations=False, preprocessing=PREPROCESSING)
    open_session(fed, optimized_path=optimized)
    (first, *_) = [n for n in onnx.load(optimized).graph.node if n.op_type == "QLinearConv"]
    at = {a.name: list(a.ints) for a in first.attribute if a.ints}
    assert (at["kernel_shape"], at["strides"]) == ([4, 1], [4, 1])
    sizes = dict(macs_of(fed).items())
    assert sizes == dict(macs_of(build_onnx(model)).items())


@pytest.mark.parametrize(
    ("first", "kernel"),
    [
        (nn.Conv2d(3, 8, (2, 4), (1, 4)), [2, 1]),  # rows overlap, columns do not
        (nn.Conv2d(3, 8, 4, 2), [4, 4]),  # neighbours are read twice
        (nn.Conv2d(3, 8, 2, 4), [2, 2]),  # some are not read
        (nn.Conv2d(3, 8, 5, 5), [5, 5]),  # 16 pixels are no multiple of 5
        (nn.Conv2d(3, 8, 2, 2, dilation=2), [2, 2]),
        (nn.Conv2d(3, 8, (4, 1), (4, 1)), [4, 1]),
    ],
    ids=lambda value: str(value) if isinstance(value, list) else "",
)
def test_only_tiles_are_read_in_one_piece_and_every_integer_stays(pictures, first, kernel):
    model = exactly_quantized(net_with(first), pictures, Recipe(activations=MIN_MAX))
    fed = build_onnx(model, signed_activations=False, preprocessing=GREY)
    (conv, _) = [node for node in fed.graph.node if node.op_type == "Conv"]
    assert [list(a.ints) for a in conv.attribute if a.name == "kernel_shape"] == [kernel]
    without = build_onnx(model, signed_activations=False)
    expected = runtime_tensors(without, GREY.batch(pictures), exact=True)
    got = runtime_tensors(fed, pictures, exact=True)
    assert len(got.tensors) == len(expected.tensors) - 1  # the picture is its own integers
    for name, array in got.tensors.items():
        assert np.ptp(array) > 10
        np.testing.assert_array_equal(array, expected.tensors[name], err_msg=name)


def test_tiles_that_pad_stay_as_they_are(pictures):
    """Pads are told in pixels, and half a column of them would be none."""
    black = Preprocessing(16, 16, mean=(0.0,) * 3, std=(0.25,) * 3)
    model = quantize_model(net_with(nn.Conv2d(3, 8, 4, 4, padding=2)), [black.batch(pictures)])
    fed = build_onnx(model, signed_activations=False, preprocessing=black)
    (conv, _) = [node for node in fed.graph.node if node.op_type == "Conv"]
    at = {a.name: list(a.ints) for a in conv.attribute}
    assert (at["kernel_shape"], at["pads"]) == ([4, 4], [2, 2, 2, 2])
    (got,) = open_session(fed, exact=True).run(None, {PIXELS: pictures})
    assert np.ptp(got) > 0.1


def test_normalized_channel_by_channel_it_is_as_close_to_the_float_model(net, pictures):
    """First weights are rounded anew, the input is not rounded at all."""
    model = quantize_model(net, [PREPROCESSING.batch(pictures)])
    with torch.no_grad():
        expected = net(torch.from_numpy(PREPROCESSING.batch(pictures))).numpy()
    fed = build_onnx(model, signed_activations=False, preprocessing=PREPROCESSING)
    (got,) = open_session(fed, exact=True).run(None, {PIXELS: pictures})
    (without,) = open_session(build_onnx(model), exact=True).run(
        None, {"input": PREPROCESSING.batch(pictures)}
    )
    error, before = (np.sqrt(np.mean((y - expected) ** 2)) for y in (got, without))
    # Both are roundings of one float model: the first tensor's error is no larger, the rest alike.
    assert 0 < error < 1.1 * before
    assert np.ptp(expected) > 20 * error


def test_the_quantized_model_says_what_the_file_computes(net, pictures):
    model = reads_pixels(quantize_model(net, [PREPROCESSING.batch(pictures)]), PREPROCESSING)
    assert model.activations["input_1"] == EXACT
    fed = open_session(
        build_onnx(
            quantize_model(net, [PREPROCESSING.batch(pictures)]),
            signed_activations=False,
            preprocessing=PREPROCESSING,
        ),
        exact=True,
    )
    (got,) = fed.run(None, {PIXELS: pictures})
    expected = model(pictures.transpose(0, 3, 1, 2).astype(np.float32))
    # Equal but for sums that fall next to a tie: one step of the hidden ruler passes through
    # weights, one of the last one is its rounding.
    step = float(model.activations["_3"].scale)
    assert np.abs(got - expected).max() <= 2 * step
    assert np.mean(got == expected) > 0.9
    assert np.ptp(expected) > 10 * step


def test_a_float_model_takes_the_normalization_too(net, pictures):
    x = PREPROCESSING.batch(pictures)
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    fed = build_onnx(net, x, preprocessing=PREPROCESSING)
    assert [n.op_type for n in fed.graph.node][:2] == ["Transpose", "Cast"]
    (got,) = open_session(fed).run(None, {PIXELS: pictures})
    # Sums of 48 products of size 1, in another order and with other roundings: 48 half units of
    # float32, a few times over.
    assert np.abs(got - expected).max() < 4 * 48 * 2**-24 * 10
    assert np.ptp(expected) > 0.1
    # What was given stays as it was.
    (plain,) = open_session(build_onnx(net, x)).run(None, {"input": x})
    np.testing.assert_allclose(plain, expected, atol=4 * 48 * 2**-24)


@pytest.mark.parametrize("kept", [(), ("0",)])
def test_signed_activations_and_a_first_layer_in_float_are_cast(net, pictures, kept):
    model = quantize_model(net, [PREPROCESSING.batch(pictures)], Recipe(keep_float=kept))
    built = build_onnx(model, signed_activations=not kept, preprocessing=PREPROCESSING)
    assert sum(node.op_type == "Cast" for node in built.graph.node) == 1
    as_floats = pictures.transpose(0, 3, 1, 2).astype(np.float32)
    plain = build_onnx(reads_pixels(model, PREPROCESSING), signed_activations=not kept)
    (expected,) = open_session(plain, exact=True).run(None, {"input": as_floats})
    (got,) = open_session(built, exact=True).run(None, {PIXELS: pictures})
    np.testing.assert_array_equal(got, expected)


def test_padding_is_no_matter_where_no_mean_is_subtracted(pictures):
    net = net_with(nn.Conv2d(3, 8, 3, padding=1))
    black = Preprocessing(16, 16, std=(0.25, 0.2, 0.3))
    x = black.batch(pictures)
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    (got,) = open_session(build_onnx(net, x, preprocessing=black)).run(None, {PIXELS: pictures})
    assert np.abs(got - expected).max() < 4 * 48 * 2**-24 * 10


@pytest.mark.parametrize(
    ("first", "sentence"),
    [
        (nn.Conv2d(3, 8, 3, padding=1), r"0 pads by \(1, 1\), but a padded 0 means the mean"),
        (nn.Sequential(nn.ReLU(), nn.Conv2d(3, 8, 3)), "0.0 reads the input, but only a conv"),
        (nn.Conv2d(3, 9, 3, groups=3), "only a convolution of all its channels"),
    ],
)
def test_what_cannot_take_the_normalization_is_refused(pictures, first, sentence):
    with pytest.raises(ValueError, match=sentence):
        build_onnx(
            nn.Sequential(first).eval(), PREPROCESSING.batch(pictures), preprocessing=PREPROCESSING
        )


def test_a_normalization_of_other_channels_is_refused():
    net = nn.Sequential(nn.Conv2d(1, 8, 3)).eval()
    with pytest.raises(ValueError, match="preprocessing has 3 means, but 0 reads 1 channels"):
        build_onnx(trace_model(net, torch.zeros(1, 1, 8, 8)), preprocessing=PREPROCESSING)
