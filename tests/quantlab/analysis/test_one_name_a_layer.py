"""A layer has one name: in every report on the shipped networks, and for every verb."""

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.analysis import layer_errors, layer_sensitivity, with_float_layers
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.precision.report import precision_report
from quantlab.deploy.saturation.report import saturation_report
from quantlab.methods.graph.layer_names import find_layers
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.recipe import Recipe
from quantlab.methods.rule import Rule
from quantlab.zoo import load

# Ranges of one batch hold all that this batch is; no clipping, so that Relus are done by rulers.
MINMAX = Recipe(activations=Rule(observer="minmax"))
SHIPPED = ("classifier", "segmenter", "detector")


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request):
    net = load(request.param)
    preprocessing = net.preprocessing
    shape = (1, 3, preprocessing.height, preprocessing.width)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    model = quantize_model(net, [x], MINMAX)
    return net, model, layer_errors(model, x), x


def with_weights(net):
    """Paths of what torch itself counts as layers with weights, BatchNorm aside."""
    return {n for n, m in net.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}


def constant(variant):
    return 0.0


def test_reports_agree_on_the_names(shipped):
    net, model, errors, x = shipped
    weighted = with_weights(net)
    scored = {row.name for row in layer_sensitivity(model, score=constant).layers}
    assert scored >= weighted
    assert {
        row.name for row in layer_sensitivity(model, mode="float one", score=constant).layers
    } == scored
    named = [layer.name for layer in errors.layers]
    assert len(set(named)) == len(named)
    assert named[0] == "input"
    assert set(named) >= scored
    kinds = {layer.name: layer.operator for layer in errors.layers}
    assert {name for name, kind in kinds.items() if kind in ("Conv", "Gemm")} == weighted
    built = build_onnx(model, signed_activations=False)
    saturation = saturation_report(built, x)
    assert {layer.label for layer in saturation.layers} == weighted
    precision = precision_report(built, profile=False)
    assert {node.label for node in precision.nodes if node.macs} == weighted
    assert {node.label for node in precision.nodes if node.label} >= scored


def test_every_name_read_in_a_report_is_accepted(shipped):
    _, model, errors, _ = shipped
    nodes = {node.name for node in model.graph.graph.nodes}
    for layer in errors.layers[1:]:
        (node,) = find_layers(model.graph, [layer.name], "layers")
        assert node in nodes
        assert errors[layer.name] is errors[layer.tensor] is layer
    for row in layer_sensitivity(model, score=constant).layers:
        variant = with_float_layers(model, [row.name])
        assert row.name in {layer.path for layer in variant.float_layers}
        (node,) = find_layers(model.graph, [row.name], "layers")
        # The name of the node in the exported file, which is torch.fx's, means the same layer.
        assert with_float_layers(model, [node]).placement.quantized == variant.placement.quantized


class Twice(nn.Module):
    """One module called twice, a function called like a module, a function of its own."""

    def __init__(self):
        super().__init__()
        self.stem, self.add = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 1)

    def forward(self, x):
        y = self.stem(torch.add(self.stem(x), x))
        return self.add(torch.sigmoid(y))


def test_what_would_share_a_name_is_counted():
    x = np.random.default_rng(1).normal(size=(2, 3, 6, 6)).astype(np.float32)
    model = quantize_model(Twice(), [x], MINMAX)
    names = ["stem#1", "add#1", "stem#2", "sigmoid", "add#2"]
    assert [
        row.name for row in layer_sensitivity(model, mode="float one", score=constant).layers
    ] == names
    assert [layer.name for layer in layer_errors(model, x).layers] == ["input", *names]
    only = with_float_layers(model, ["stem#2"]).float_layers
    assert [layer.path for layer in only] == ["stem#2"]
    for shared in ("stem", "add"):
        both = with_float_layers(model, [shared]).float_layers
        assert [layer.path for layer in both] == [f"{shared}#1", f"{shared}#2"]
    anew = quantize_model(Twice(), [x], Recipe(MINMAX.weights, MINMAX.activations, ("add#2",)))
    assert [layer.path for layer in anew.float_layers] == ["add#2"]
    scored = layer_sensitivity(
        model, mode="float one", score=constant, layers=["stem", "sigmoid"]
    ).layers
    assert [row.name for row in scored] == ["stem#1", "stem#2", "sigmoid"]
