"""compare_with_runtime finds no difference where there is none, and every one that is made."""

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper, parser
from torch import nn

from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.runtime.agreement import (
    Agreement,
    LayerAgreement,
    agreement,
    compare_with_runtime,
)
from quantlab.deploy.runtime.tensors import runtime_tensors
from quantlab.deploy.simulator.simulate import simulate
from quantlab.methods import Recipe, Rule, quantize_model
from tests.support.networks import NETWORKS, images

# Two layers and their sum: a corrupted constant of the first must show in it and in what follows.
TEXT = """<ir_version: 10, opset_import: ["" : 21]>
small (float[N, 8, 6, 6] x) => (float[N, 8, 6, 6] y)
<float s = {0.03}, uint8 z = {120}, float ws = {0.01}, int8 wz = {0}> {
    x_q = QuantizeLinear(x, s, z)
    x_d = DequantizeLinear(x_q, s, z)
    a_w = DequantizeLinear(a_wq, ws, wz)
    [first] a = Conv<pads = [1, 1, 1, 1]>(x_d, a_w)
    a_q = QuantizeLinear(a, s, z)
    a_d = DequantizeLinear(a_q, s, z)
    b_w = DequantizeLinear(b_wq, ws, wz)
    [second] b = Conv(a_d, b_w)
    b_q = QuantizeLinear(b, s, z)
    b_d = DequantizeLinear(b_q, s, z)
    [sum] c = Add(b_d, x_d)
    c_q = QuantizeLinear(c, s, z)
    y = DequantizeLinear(c_q, s, z)
}"""


def small():
    rng = np.random.default_rng(30)
    model = parser.parse_model(TEXT)
    for name, shape in (("a_wq", (8, 8, 3, 3)), ("b_wq", (8, 8, 1, 1))):
        q = rng.integers(-60, 61, shape).astype(np.int8)
        model.graph.initializer.append(numpy_helper.from_array(q, name))
    return model


def image(count=2):
    return np.random.default_rng(31).normal(size=(count, 8, 6, 6)).astype(np.float32)


def changed(name, change):
    """The model with one of its stored tensors altered."""
    model = small()
    entry = next(entry for entry in model.graph.initializer if entry.name == name)
    value = numpy_helper.to_array(entry).copy()
    entry.CopyFrom(numpy_helper.from_array(np.asarray(change(value), value.dtype), name))
    return model


def test_the_model_is_what_it_says_it_is():
    names = [node.name for node in small().graph.node if node.name]
    assert names == ["first", "second", "sum"]
    onnx.checker.check_model(small())


def test_both_compute_the_same_integers(tmp_path):
    onnx.save(small(), tmp_path / "small.onnx")
    for model in (small(), tmp_path / "small.onnx"):
        compared = compare_with_runtime(model, image())
        assert (compared.values, compared.mismatches, compared.largest) == (4 * 2 * 288, 0, 0)
        assert compared.first is None
        assert [layer.operator for layer in compared.layers] == [
            "QuantizeLinear",
            "Conv",
            "Conv",
            "Add",
        ]


def test_a_flipped_weight_is_found_in_its_layer_and_after_it():
    def flip(q):
        q[3, 2, 1, 1] += 40
        return q

    theirs = runtime_tensors(changed("a_wq", flip), image(), exact=True).tensors
    compared = agreement(simulate(small(), image()), theirs)
    assert compared.first == compared.layers[1]
    assert compared.first.name == "first"
    # One weight of channel 3 is wrong: that channel's 2 * 36 outputs may differ, no others.
    assert 0 < compared.first.mismatches <= 72
    # x spans at most 256 steps and 40 * ws is 0.4 of a step: 103 steps and a rounding.
    assert 1 < compared.first.largest <= 104
    assert compared.layers[0].mismatches == 0
    assert all(layer.mismatches for layer in compared.layers[1:])


def test_a_wrong_zero_point_is_found_everywhere():
    theirs = runtime_tensors(changed("z", lambda z: z + 1), image(), exact=True).tensors
    compared = agreement(simulate(small(), image()), theirs)
    assert all(layer.mismatches for layer in compared.layers)
    assert compared.layers[0].largest == 1


def test_the_table_and_the_line_say_where():
    compared = Agreement(
        (
            LayerAgreement("first", "Conv", 1000, 0, 0),
            LayerAgreement("second", "Conv", 2000, 3, 2),
            LayerAgreement("sum", "Add", 2000, 40, 1),
        )
    )
    assert compared.summary == (
        "43 of 5,000 integers differ, in 2 of 3 layers, by at most 2 LSB; first in second (Conv)."
    )
    text = str(compared)
    assert text.splitlines()[-2:] == ["", compared.summary]
    assert "largest LSB" in text
    assert [line.split() for line in text.splitlines() if line.split()[:1] == ["sum"]] == [
        ["sum", "Add", "2,000", "40", "1"]
    ]
    none = Agreement(compared.layers[:1])
    assert none.summary == "0 of 1,000 integers differ; layers compared: 1."


def test_runs_of_different_inputs_are_not_compared():
    theirs = runtime_tensors(small(), image(1), exact=True).tensors
    with pytest.raises(ValueError, match=r"'x_q' \(QuantizeLinear\) is uint8 of shape \(2, 8"):
        agreement(simulate(small(), image(2)), theirs)


# Narrow ones: how wide a layer is makes no difference to how it is computed.
WIDTHS = {"mobilenet_v2": 0.25, "small_resnet": 8, "small_unet": 8}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_quantized_model_gives_onnx_runtimes_integers(name):
    batches = [images(2, 32, seed) for seed in (1, 2)]
    model = quantize_model(NETWORKS[name](width=WIDTHS[name], seed=3), batches)
    compared = compare_with_runtime(model, images(1, 32, 4))
    assert compared.values > 20_000
    assert compared.mismatches == 0, str(compared)


def test_a_layer_with_4_bit_weights_is_computed_as_onnx_runtime_does():
    """In float32, where it leaves such layers. Powers of two as scales: every sum is exact there,
    at most 27 products of 7 · 255 steps, far below 2^24, so its order does not matter."""
    rng = np.random.default_rng(33)
    conv = nn.Conv2d(3, 4, 3)
    steps = rng.integers(-7, 8, conv.weight.shape)
    steps[:, 0, 0, 0] = 7  # the largest of each channel, which lays its ruler
    conv.weight.data = torch.from_numpy(steps.astype(np.float32) / 8)
    conv.bias.data.zero_()
    pixels = rng.integers(-128, 128, (2, 3, 8, 8))
    pixels[0, 0, 0, :2] = -128, 127
    x = (pixels / 32).astype(np.float32)
    rules = Rule("int4", "symmetric", "per-channel", "minmax", narrow=True), Rule(observer="minmax")
    model = quantize_model(conv, [x], Recipe(*rules))
    (weight,) = model.weights.values()
    assert set(weight.qparams.scale) == {np.float32(1 / 8)}
    found = compare_with_runtime(build_onnx(model), x)
    assert found.values > x.size
    assert found.mismatches == 0
