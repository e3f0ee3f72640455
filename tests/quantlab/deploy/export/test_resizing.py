"""Resize between integer layers: every mode by every size, in a default session, equal in all."""

import numpy as np
import onnxruntime as ort
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy.export.export_onnx import build_onnx, export_onnx
from quantlab.deploy.export.lowering import operators
from quantlab.deploy.runtime.agreement import compare_with_runtime
from quantlab.methods.graph.resizing import MODES, _factor, _read_at
from quantlab.methods.quantize_model import quantize_model
from tests.support.networks import images

WAYS = {
    "nearest": {"mode": "nearest"},
    "nearest-exact": {"mode": "nearest-exact"},
    "bilinear": {"mode": "bilinear"},
    "bilinear, corners": {"mode": "bilinear", "align_corners": True},
    "bilinear, filtered": {"mode": "bilinear", "antialias": True},
    "bicubic": {"mode": "bicubic"},
    "bicubic, corners": {"mode": "bicubic", "align_corners": True},
}
TARGETS = [
    {"size": (20, 28)},
    {"size": (9, 7)},
    {"size": (24, 36)},
    {"scale_factor": 2},
    {"scale_factor": 0.5},
    {"scale_factor": (1.5, 2.3)},
]


class Between(nn.Module):
    """A resize between two convolutions."""

    def __init__(self, **settings):
        super().__init__()
        self.settings = settings
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x):
        return self.b(F.interpolate(self.a(x), **self.settings))


def quantized(**settings):
    torch.manual_seed(0)
    return quantize_model(Between(**settings).eval(), [images(2, 12)])


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_a_resize_between_integer_layers_runs_and_agrees(way, target):
    """For another batch than the example's, too. Bit for bit: 0 integers differ."""
    model = build_onnx(quantized(**WAYS[way], **target), signed_activations=False)
    session = ort.InferenceSession(model.SerializeToString())
    assert session.run(None, {"input": images(3, 12)})[0].shape[0] == 3
    assert compare_with_runtime(model, images(2, 12, seed=5)).mismatches == 0


def test_nearest_stays_on_integers_and_mixing_does_not():
    assert not quantized(scale_factor=1.5).float_layers
    (layer,) = quantized(scale_factor=1.5, mode="bilinear").float_layers
    assert layer.reason == "ONNX Runtime resizes integers only to the nearest pixel"


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_a_factor_chooses_the_values_that_torch_chooses(mode):
    """All sizes up to 24 by 48, against torch; where no factor does, there is none."""
    found = 0
    for n in range(1, 25):
        for out in range(1, 49):
            factor = _factor(n, out, None, MODES[mode])
            if factor is None:
                continue
            found += 1
            theirs = F.interpolate(torch.arange(n, dtype=torch.float32)[None, None], out, mode=mode)
            ours = _read_at(n, out, np.float32(factor), MODES[mode])
            np.testing.assert_array_equal(ours, theirs[0, 0].numpy())
    assert found > 1000


def _with_axes(call, operator, inputs):
    """Two factors and their axes, as ONNX allows: ONNX Runtime breaks it beside integer layers."""
    scales = call.constant("scales", np.float32(operator.attributes["scales"][2:]))
    call.write("Resize", *inputs, "", scales, mode="linear", axes=[2, 3])


def test_what_the_runtime_does_not_run_is_not_written(monkeypatch, tmp_path):
    monkeypatch.setitem(operators.LOWERINGS, "Resize", _with_axes)
    model = quantized(scale_factor=1.5, mode="bilinear")
    with pytest.raises(ValueError, match=r"does not run .* so none is written: keep") as caught:
        export_onnx(model, tmp_path / "net.onnx")
    assert "layer 'interpolate'" in str(caught.value) or "layer 'b'" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


class Pairs(nn.Module):
    """Two images make one: it runs for an even number of them only."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(6, 4, 1)

    def forward(self, x):
        return self.conv(x.reshape(-1, 6, 12, 12))


def test_a_model_that_needs_the_examples_batch_is_tried_with_it(tmp_path):
    path = export_onnx(Pairs().eval(), tmp_path / "net.onnx", images(4, 12))
    assert ort.InferenceSession(path).run(None, {"input": images(2, 12)})[0].shape[0] == 1
