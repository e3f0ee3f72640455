"""Each network: its outputs, its size, and that nothing of it stays in float when quantized."""

import numpy as np
import pytest
import torch

from quantlab.deploy import build_onnx, open_session, precision_report
from quantlab.deploy.onnx_graph.macs import macs_of
from quantlab.methods import quantize_model
from quantlab.scenes import render
from quantlab.zoo import Classifier, Detector, Segmenter, anchors, detect, load
from quantlab.zoo.anchors import ANCHORS_PER_CELL, CELLS, cells_of
from quantlab.zoo.detector import rows
from quantlab.zoo.weights import packed_weights
from tests.support.networks import images, seeded

NETWORKS = {
    "classifier": (Classifier, 32),
    "segmenter": (Segmenter, 64),
    "detector": (Detector, 320),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_quantizes_completely(name):
    network, size = NETWORKS[name]
    x = images(2, size)
    quantized = quantize_model(seeded(network()), [x])
    assert quantized.float_layers == ()
    report = precision_report(build_onnx(quantized), inputs=x[:1], profile=False)
    assert report.islands == 0
    assert [node.name for node in report.nodes if node.precision == "FP32"] == []
    assert all(node.macs == 0 for node in report.nodes if node.precision != "INT8")


def test_weights_of_all_three_fit_in_16_mib():
    assert sum(len(packed_weights(net())) for net, _ in NETWORKS.values()) < 16 * 2**20


@pytest.mark.parametrize("name", NETWORKS)
def test_a_docstring_counts_parameters_and_products_as_they_are(name):
    network, size = NETWORKS[name]
    net = network().eval()
    said = " ".join((network.__doc__ or "").split())
    parameters = sum(tensor.numel() for tensor in net.parameters())
    assert f"{parameters / 1e6:.1f} million parameters" in said
    if "multiply-accumulates" in said:
        macs = sum(filter(None, macs_of(build_onnx(net, images(1, size))).values()))
        counted = f"{macs / 1e9:.2f} billion" if macs > 1e8 else f"{macs / 1e6:.0f} million"
        assert f"{counted} multiply-accumulates" in said


@torch.no_grad()
def test_classifier_gives_one_row_an_image():
    assert Classifier(classes=7).eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 7)


@torch.no_grad()
@pytest.mark.parametrize("size", [(32, 96), (64, 32)])
def test_segmenter_gives_a_class_a_pixel(size):
    assert Segmenter().eval()(torch.zeros(2, 3, *size)).shape == (2, 9, *size)


@torch.no_grad()
@pytest.mark.parametrize("side", [320, 256, 192])
def test_detector_gives_a_row_an_anchor(side):
    outputs = Detector(classes=4).eval()(torch.zeros(2, 3, side, side))
    assert [o.shape[2:] for o in outputs] == [(cells, cells) for cells in cells_of(side)] * 2
    logits, offsets = rows(outputs)
    assert logits.shape == (2, len(anchors(side)), 5)
    assert offsets.shape == (2, len(anchors(side)), 4)


@torch.no_grad()
def test_an_exported_detector_gives_what_detect_reads():
    """The runtime's outputs come in the order of torch's; both are decoded to the same boxes."""
    network = load("detector")
    x = network.preprocessing.batch([render(1).image])
    expected = [output.numpy() for output in network(torch.from_numpy(x))]
    given = open_session(build_onnx(network, x)).run(None, {"input": x})
    for a, b in zip(given, expected, strict=True):
        # float32 sums in another order, 60 layers deep: each rounds to 6e-8, and a layer may double
        # what it is given at most now and then. Outputs in another order are off by all they hold.
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-3 * np.abs(b).max())
    assert len(detect(given)[0].scores) > 0


def test_rows_are_in_the_order_of_the_anchors():
    """Maps that hold each anchor's own numbers come back as the anchors."""
    maps, start = [], 0
    for cells in CELLS:
        count = ANCHORS_PER_CELL * cells * cells
        level = torch.from_numpy(anchors()[start : start + count].copy())
        maps.append(torch.zeros(1, ANCHORS_PER_CELL * 4, cells, cells))
        for shape in range(ANCHORS_PER_CELL):
            for row in range(cells):
                for column in range(cells):
                    at = (shape * cells + row) * cells + column
                    maps[-1][0, 4 * shape : 4 * shape + 4, row, column] = level[at]
        start += count
    assert torch.equal(rows((*maps, *maps))[1][0], torch.from_numpy(anchors().copy()))


def test_detector_is_mobilenet_v2_from_stride_8_on():
    """Channels, repeats and strides of the paper's table 2, from the row of 32 channels on."""
    net = Detector()
    blocks = [
        *net.stage_8, net.to_16, *net.stage_16[0], *net.stage_16[1],
        net.to_32, *net.stage_32[0], *net.stage_32[1],
    ]  # fmt: skip
    made = [(block.down[0].out_channels, block.depthwise[0].stride[0]) for block in blocks]
    table = [(32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)]
    paper = [(c, s if not i else 1) for c, repeats, s in table for i in range(repeats)]
    assert made == paper
    assert all(b.up[0].out_channels == 6 * b.up[0].in_channels for b in blocks)
