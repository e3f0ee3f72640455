"""LeakyReLU from torch to integers: quantized, exported, run by ONNX Runtime, simulated alike."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.onnx_graph.graph import Graph
from quantlab.deploy.runtime.agreement import compare_with_runtime
from quantlab.deploy.runtime.optimized_graph import optimized_graph
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.recipe import Recipe
from quantlab.methods.rule import Rule


def ran(model, x) -> Graph:
    return optimized_graph(model, {"input": x}).graph


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    slope=st.sampled_from([0.0, 0.01, 0.1, 0.2, 0.3333, 1.0, 1.7]),
    spread=st.sampled_from([0.05, 1.0, 40.0]),
    scheme=st.sampled_from(["asymmetric", "symmetric"]),
)
def test_the_simulator_gives_the_runtimes_integers(seed, slope, spread, scheme):
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.LeakyReLU(slope, inplace=True),
        nn.Conv2d(8, 8, 1),
        nn.LeakyReLU(slope),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 4, 1),
    ).eval()
    rng = np.random.default_rng(seed)
    x = rng.normal(0, spread, (2, 3, 12, 12)).astype(np.float32)
    model = quantize_model(net, [x], Recipe(activations=Rule("uint8", scheme, observer="minmax")))
    assert model.float_layers == ()
    exported = build_onnx(model, signed_activations=False)
    assert compare_with_runtime(exported, x).mismatches == 0
    kinds = [node.operator for node in ran(exported, x).nodes]
    assert kinds.count("QLinearLeakyRelu") == 2
    assert kinds.count("QLinearConv") == 3
