"""The report on a whole MobileNetV2, made by quantlab: what it says of plans that go wrong."""

import pytest
from torch import nn

from quantlab.base.machine import is_x86
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.onnx_graph.macs import macs_of
from quantlab.deploy.precision.report import precision_report
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.recipe import Recipe
from quantlab.methods.rule import Rule
from tests.support.networks import NETWORKS, images, mobilenet_v2

KEPT = ("features.0.0", "features.5.conv.1.0", "add_1")


def quantized(net, keep_float=()):
    recipe = Recipe(activations=Rule(observer="minmax", settings={}), keep_float=keep_float)
    return quantize_model(net, [images(2, 32)], recipe)


@pytest.fixture(scope="module")
def plain():
    return quantized(mobilenet_v2(width=0.25))


def test_the_default_runs_in_integers_throughout(plain):
    report = precision_report(build_onnx(plain, signed_activations=False), profile=False)
    assert report.macs_share("INT8") == 1.0
    assert (report.count("FP32"), report.islands, report.uncounted) == (0, 0, ())
    labels = {node.label for node in report.nodes if node.macs}
    convolutions = [n for n, m in mobilenet_v2(0.25).named_modules() if isinstance(m, nn.Conv2d)]
    assert labels == {*convolutions, "classifier.1"}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_of_a_float_net_is_found(name):
    model = build_onnx(NETWORKS[name](), images(1, 32))
    report = precision_report(model, profile=False)
    assert {node.layer: node.macs for node in report.nodes if node.macs} == macs_of(model)
    assert (report.macs_share("FP32"), report.islands) == (1.0, 1)


def test_signed_activations_fall_back_at_residual_connections_on_x86(plain):
    model = build_onnx(plain, signed_activations=True)
    report = precision_report(model, profile=False)
    in_fp32 = [node for node in report.nodes if node.precision == "FP32"]
    if not is_x86():
        assert in_fp32 == []
        return
    # A block that adds its input reads it twice, in its first layer and in the sum.
    assert {node.kind for node in in_fp32} == {"int8 tensor with several readers"}
    additions = {node.name for node in model.graph.node if node.op_type == "Add"}
    assert additions == {node.layer for node in in_fp32 if node.operator == "Add"}
    assert 0 < report.macs_share("INT8") < 1


def test_hard_swish_makes_an_island_of_every_activation():
    net = mobilenet_v2(width=0.25)
    for module in list(net.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.ReLU6):
                setattr(module, name, nn.Hardswish())
    count = sum(isinstance(module, nn.Hardswish) for module in net.modules())
    report = precision_report(build_onnx(quantized(net), signed_activations=False), profile=False)
    in_fp32 = [node for node in report.nodes if node.precision == "FP32"]
    assert {node.kind for node in in_fp32} == {"no integer kernel: HardSwish"}
    assert len({node.label for node in in_fp32}) == report.islands == count
    assert report.macs_share("INT8") == 1.0  # a ruler between: no convolution is drawn along


def test_layers_kept_float_are_float_and_no_others():
    model = build_onnx(quantized(mobilenet_v2(width=0.25), KEPT), signed_activations=False)
    report = precision_report(model, profile=False)
    in_fp32 = [node for node in report.nodes if node.precision == "FP32"]
    assert {node.label for node in in_fp32} == set(KEPT)
    assert {node.kind for node in in_fp32} == {"kept float"}
