"""Sensitivity: scores of variants, checked against variants quantized anew."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.analysis import layer_sensitivity
from quantlab.analysis.float_layers import computing_layers
from quantlab.analysis.sensitivity import MODES
from quantlab.analysis.tensor_error import sqnr
from quantlab.deploy import open_session
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.methods import Recipe, Rule, quantize_model
from tests.support.networks import images, seeded

X = images(20, 16, seed=9)
CALIBRATION = [X]  # nothing is clipped


class Net(nn.Module):
    """Three convolutions in a row, a residual sum, and a head."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 3, padding=1)
        self.c = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = torch.relu(self.a(x))
        x = torch.relu(self.b(x) + x)
        return self.head(self.c(x).mean((2, 3)))


NET = seeded(Net(), 0).eval()
# Four bits and one scale make b the sensitive one.
COARSE = Recipe(layers={"b": Rule("int4", "symmetric", "per-tensor", "minmax")})
MODEL = quantize_model(NET, CALIBRATION, COARSE)


def outputs(model, exact=False):
    return open_session(model, exact=exact).run(None, {"input": X})[0]


def error(real, expected):
    """RMS of the error in percent of the RMS of what is expected, with a minus."""
    return -100 * np.linalg.norm(real - expected) / np.linalg.norm(expected)


def simulated(variant):
    """Output SQNR without a runtime, whose kernels saturate on some machines and not on others."""
    return sqnr(variant(X), MODEL.graph(torch.from_numpy(X)).detach().numpy())


def test_the_coarse_layer_is_the_most_sensitive_in_both_ways():
    alone, kept = (layer_sensitivity(MODEL, mode=mode, score=simulated) for mode in MODES)
    assert alone.ranking[0].name == kept.ranking[0].name == "b"
    assert [row.name for row in alone.layers] == list(computing_layers(MODEL))
    assert alone.float_score == kept.float_score == np.inf
    assert alone.int8_score == kept.int8_score == simulated(MODEL)


def test_the_default_score_is_the_runtimes():
    result = layer_sensitivity(MODEL, X, layers=["c"])
    expected = outputs(build_onnx(MODEL.graph))
    # Batches of 16 and 4 change no image.
    assert result.int8_score == pytest.approx(error(outputs(build_onnx(MODEL)), expected), rel=1e-6)
    exact = layer_sensitivity(MODEL, X, layers=["c"], exact=True).int8_score
    assert exact == pytest.approx(error(outputs(build_onnx(MODEL), exact=True), expected), rel=1e-6)
    # The same as an SQNR of 20 dB a decade.
    assert sqnr(outputs(build_onnx(MODEL)), expected) == pytest.approx(
        -20 * np.log10(-result.int8_score / 100), rel=1e-6
    )
    assert (result.float_score, result.unit) == (0, "negative output error (%)")


@pytest.mark.parametrize("mode", MODES)
def test_by_default_every_row_says_what_its_layer_loses_or_wins(mode):
    result = layer_sensitivity(MODEL, X, mode=mode)
    changes = [result.change(row) for row in result.layers]
    assert len(changes) == len(computing_layers(MODEL))
    assert np.isfinite(changes).all()
    assert result.change(result.ranking[0]) == (max if mode == "float one" else min)(changes) != 0
    assert result.ranking[0].name == "b"


@pytest.mark.parametrize("name", ["a", "b", "head"])
def test_a_score_is_that_of_the_model_quantized_anew(name):
    every = list(computing_layers(MODEL))
    expected = outputs(build_onnx(MODEL.graph))
    for sensitivity, floats in (
        (layer_sensitivity(MODEL, X, layers=[name]), [n for n in every if n != name]),
        (layer_sensitivity(MODEL, X, mode="float one", layers=[name]), [name]),
    ):
        four_bits = {} if "b" in floats else COARSE.layers
        recipe = Recipe(layers=four_bits, keep_float=tuple(floats))
        anew = quantize_model(NET, CALIBRATION, recipe)
        (row,) = sensitivity.layers
        assert row.score == pytest.approx(error(outputs(build_onnx(anew)), expected), rel=1e-6)


def test_a_score_of_ones_own():
    seen = []

    def bytes_saved(variant):
        seen.append(variant)
        return -variant.nbytes

    result = layer_sensitivity(MODEL, mode="float one", score=bytes_saved, unit="bytes saved")
    assert len(seen) == 2 + len(computing_layers(MODEL))
    assert result.int8_score == -MODEL.nbytes
    # A layer without parameters costs no bytes in float; b is stored in the fewest bits.
    assert result.change(result.ranking[0]) == 0
    assert result.ranking[-1].name == "b"
    assert "bytes saved" in str(result)


def test_ctrl_c_keeps_what_is_scored():
    count = 0

    def score(variant):
        nonlocal count
        count += 1
        if count > 4:
            raise KeyboardInterrupt
        return float(count)

    result = layer_sensitivity(MODEL, score=score)
    assert result.interrupted
    assert [row.score for row in result.layers] == [3.0, 4.0]
    assert "Interrupted after 2 layers" in str(result)


def test_ctrl_c_before_the_first_layer_is_not_swallowed():
    def score(variant):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        layer_sensitivity(MODEL, score=score)


def test_it_reads_as_a_table_and_as_json():
    result = layer_sensitivity(MODEL, mode="float one", score=simulated)
    lines = str(result.first(2)).splitlines()
    assert lines[2].split()[:2] == ["b", "Conv"]
    assert lines[4] == f"... and {len(result.layers) - 2} more"
    again = json.loads(json.dumps(result.to_dict()))
    assert again["float_score"] is None
    assert again["ranking"][0]["name"] == "b"


def test_a_bar_is_shown_on_stderr_only_when_asked_for(capsys):
    layer_sensitivity(MODEL, score=lambda variant: 1.0)
    assert capsys.readouterr() == ("", "")
    layer_sensitivity(MODEL, score=lambda variant: 1.0, progress=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "neither of them is given"),
        ({"x": X, "score": lambda variant: 1.0}, "both of them"),
        ({"x": X, "layers": ["nothing"]}, "layers names 'nothing'"),
        ({"x": X, "layers": []}, "layers names nothing"),
        ({"x": X, "mode": "keep one"}, "mode is 'keep one', but there are 'quantize one' and"),
        ({"score": lambda variant: float("nan")}, "the score is nan with all layers in float"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        layer_sensitivity(MODEL, **arguments)
