"""operator_of: ONNX Runtime, given our kind and attributes, computes what torch computed."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from quantlab.methods import OnnxOperator, Unsupported, operator_of, trace_model
from quantlab.methods.graph.operators import (
    batchnorm_parameters_of,
    is_operator,
    parameters_of,
    path_of,
)

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(2, 4, 8, 12, generator=GENERATOR) * 4
ROWS = torch.randn(2, 6, generator=GENERATOR)


class Calls(nn.Module):
    """One function or method as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def only_operator(model, x):
    # torch.fx looks into the outermost module, whatever it is.
    graph = trace_model(nn.Sequential(model), x)
    nodes = [node for node in graph.graph.nodes if is_operator(node)]
    assert len(nodes) == 1, graph.graph
    return graph, nodes[0], operator_of(graph, nodes[0])


def last_operator(model, x):
    graph = trace_model(nn.Sequential(model), x)
    node = [node for node in graph.graph.nodes if is_operator(node)][-1]
    return graph, node, operator_of(graph, node)


def run_in_onnx(graph, node, operator, x):
    """ONNX Runtime's result for one operator."""
    attributes, constants = dict(operator.attributes), []
    inputs = list(dict.fromkeys(operator.inputs))
    names = list(operator.inputs)
    if operator.kind in ("Conv", "Gemm"):
        weight, bias = parameters_of(graph, node)
        constants = [weight] if bias is None else [weight, bias]
        if operator.kind == "Gemm":
            attributes["transB"] = 1
    elif operator.kind == "BatchNormalization":
        constants = list(batchnorm_parameters_of(graph, node))
    elif operator.kind == "Clip":
        constants = [np.float32(attributes.pop("min")), np.float32(attributes.pop("max"))]
    elif operator.kind == "Reshape":
        constants = [np.array(attributes.pop("shape"), np.int64)]
    elif operator.kind == "Resize":
        constants = [np.zeros(0, np.float32), np.array(attributes.pop("scales"), np.float32)]
    initializers = [
        numpy_helper.from_array(np.asarray(c), f"c{i}") for i, c in enumerate(constants)
    ]
    made = helper.make_node(
        operator.kind, [*names, *(i.name for i in initializers)], ["y"], **attributes
    )
    model = helper.make_model(
        helper.make_graph(
            [made],
            "one",
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, x.shape) for n in inputs],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, node.meta["shape"])],
            initializers,
        ),
        opset_imports=[helper.make_opsetid("", 21)],
        ir_version=10,
    )
    onnx.checker.check_model(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {inputs[0]: x.numpy()})[0]


CASES = {
    "conv": (nn.Conv2d(4, 6, 3), X, "Conv"),
    "conv settings": (
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 3), bias=False),
        X,
        "Conv",
    ),
    "conv grouped": (nn.Conv2d(4, 6, 3, groups=2, padding=1), X, "Conv"),
    "conv depthwise": (nn.Conv2d(4, 8, 3, groups=4, padding=1, stride=2), X, "Conv"),
    "conv same": (nn.Conv2d(4, 2, (3, 4), padding="same", dilation=(2, 1)), X, "Conv"),
    "conv valid": (nn.Conv2d(4, 2, 3, padding="valid"), X, "Conv"),
    "linear": (nn.Linear(6, 3), ROWS, "Gemm"),
    "linear without bias": (nn.Linear(6, 3, bias=False), ROWS, "Gemm"),
    "batchnorm": (nn.BatchNorm2d(4, eps=0.1), X, "BatchNormalization"),
    "batchnorm without affine": (nn.BatchNorm2d(4, affine=False), X, "BatchNormalization"),
    "batchnorm of rows": (nn.BatchNorm1d(6), ROWS, "BatchNormalization"),
    "ReLU": (nn.ReLU(), X, "Relu"),
    "relu": (Calls(F.relu), X, "Relu"),
    "torch.relu": (Calls(torch.relu), X, "Relu"),
    "x.relu": (Calls(lambda x: x.relu()), X, "Relu"),
    "relu in place": (Calls(lambda x: F.relu(x, inplace=True)), X, "Relu"),
    "relu_": (Calls(lambda x: x.relu_()), X, "Relu"),
    "clamp from 0": (Calls(lambda x: x.clamp(min=0)), X, "Relu"),
    "clamp_min": (Calls(lambda x: x.clamp_min(0)), X, "Relu"),
    "ReLU6": (nn.ReLU6(), X, "Clip"),
    "relu6": (Calls(F.relu6), X, "Clip"),
    "hardtanh": (Calls(F.hardtanh), X, "Clip"),
    "Hardtanh": (nn.Hardtanh(-2, 3, inplace=True), X, "Clip"),
    "clamp": (Calls(lambda x: torch.clamp(x, -1, 2)), X, "Clip"),
    "clip": (Calls(lambda x: x.clip(max=1.5)), X, "Clip"),
    "clamp_max": (Calls(lambda x: x.clamp_max(1.5)), X, "Clip"),
    "LeakyReLU": (nn.LeakyReLU(), X, "LeakyRelu"),
    "LeakyReLU steep in place": (nn.LeakyReLU(0.3, inplace=True), X, "LeakyRelu"),
    "leaky_relu": (Calls(lambda x: F.leaky_relu(x, 0.2)), X, "LeakyRelu"),
    "leaky_relu by name": (Calls(lambda x: F.leaky_relu(x, negative_slope=2.0)), X, "LeakyRelu"),
    "Hardswish": (nn.Hardswish(), X, "HardSwish"),
    "hardswish": (Calls(F.hardswish), X, "HardSwish"),
    "Hardsigmoid": (nn.Hardsigmoid(), X, "HardSigmoid"),
    "hardsigmoid": (Calls(F.hardsigmoid), X, "HardSigmoid"),
    "Sigmoid": (nn.Sigmoid(), X, "Sigmoid"),
    "x.sigmoid": (Calls(lambda x: x.sigmoid()), X, "Sigmoid"),
    "F.sigmoid": (Calls(torch.sigmoid), X, "Sigmoid"),
    "Softmax": (nn.Softmax(dim=-1), X, "Softmax"),
    "softmax": (Calls(lambda x: F.softmax(x, dim=1)), X, "Softmax"),
    "x.softmax": (Calls(lambda x: x.softmax(1)), X, "Softmax"),
    "x + x": (Calls(lambda x: x + x), X, "Add"),
    "torch.add": (Calls(lambda x: torch.add(x, x)), X, "Add"),
    "x.add_": (Calls(lambda x: x.add_(x)), X, "Add"),
    "x * x": (Calls(lambda x: x * x), X, "Mul"),
    "torch.multiply": (Calls(lambda x: torch.multiply(x, x)), X, "Mul"),
    "cat": (Calls(lambda x: torch.cat([x, x], 1)), X, "Concat"),
    "cat from behind": (Calls(lambda x: torch.cat((x, x, x), dim=-1)), X, "Concat"),
    "concat": (Calls(lambda x: torch.concat([x, x], dim=2)), X, "Concat"),
    "MaxPool2d": (nn.MaxPool2d(3, 2, 1), X, "MaxPool"),
    "MaxPool2d dilated": (nn.MaxPool2d((2, 3), stride=1, dilation=2), X, "MaxPool"),
    "MaxPool2d ceil": (nn.MaxPool2d(3, 3, ceil_mode=True), X, "MaxPool"),
    "MaxPool2d ceil padded": (nn.MaxPool2d(3, 2, 1, ceil_mode=True), X, "MaxPool"),
    "max_pool2d": (Calls(lambda x: F.max_pool2d(x, 2)), X, "MaxPool"),
    "AvgPool2d": (nn.AvgPool2d(3, 2, 1), X, "AveragePool"),
    "AvgPool2d pads not counted": (
        nn.AvgPool2d((3, 2), (1, 2), (1, 0), count_include_pad=False),
        X,
        "AveragePool",
    ),
    "AvgPool2d ceil": (nn.AvgPool2d(3, 3, ceil_mode=True), X, "AveragePool"),
    "AvgPool2d ceil padded": (nn.AvgPool2d(3, 2, 1, ceil_mode=True), X, "AveragePool"),
    "AvgPool2d ceil, not counted": (nn.AvgPool2d(5, 3, 2, True, False), X, "AveragePool"),
    "avg_pool2d": (Calls(lambda x: F.avg_pool2d(x, 2)), X, "AveragePool"),
    "adaptive to a part": (nn.AdaptiveAvgPool2d((4, 3)), X, "AveragePool"),
    "adaptive to 1": (nn.AdaptiveAvgPool2d(1), X, "GlobalAveragePool"),
    "adaptive_avg_pool2d": (
        Calls(lambda x: F.adaptive_avg_pool2d(x, (1, 1))),
        X,
        "GlobalAveragePool",
    ),
    "area": (Calls(lambda x: F.interpolate(x, size=(4, 6), mode="area")), X, "AveragePool"),
    "area by a factor": (nn.Upsample(scale_factor=0.5, mode="area"), X, "AveragePool"),
    "adaptive to itself": (nn.AdaptiveAvgPool2d((8, 12)), X, "Identity"),
    "mean": (Calls(lambda x: x.mean((2, 3), keepdim=True)), X, "GlobalAveragePool"),
    "torch.mean": (Calls(lambda x: torch.mean(x, [-1, -2], True)), X, "GlobalAveragePool"),
    "Upsample": (nn.Upsample(scale_factor=2), X, "Resize"),
    "UpsamplingNearest2d": (nn.UpsamplingNearest2d(scale_factor=3), X, "Resize"),
    "interpolate": (Calls(lambda x: F.interpolate(x, scale_factor=(2, 3))), X, "Resize"),
    "interpolate to a size": (Calls(lambda x: F.interpolate(x, size=(16, 12))), X, "Resize"),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), X, "Resize"),
    "bilinear to a size": (nn.Upsample(size=(5, 17), mode="bilinear"), X, "Resize"),
    "bicubic": (nn.Upsample(scale_factor=1.5, mode="bicubic"), X, "Resize"),
    "nearest by a fraction": (nn.Upsample(scale_factor=(0.5, 1.5)), X, "Resize"),
    "a factor that makes a whole one": (
        nn.Upsample(scale_factor=(2.05, 2.02), mode="bilinear"),
        X,
        "Resize",
    ),
    "a factor that is not used": (
        nn.Upsample(scale_factor=(1.3, 1.7), mode="bilinear", recompute_scale_factor=True),
        X,
        "Resize",
    ),
    "bilinear aligned": (
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        X,
        "Resize",
    ),
    "Flatten": (nn.Flatten(), X, "Flatten"),
    "x.flatten": (Calls(lambda x: x.flatten(1)), X, "Flatten"),
    "torch.flatten": (Calls(lambda x: torch.flatten(x, start_dim=1)), X, "Flatten"),
    "flatten two": (Calls(lambda x: x.flatten(2)), X, "Reshape"),
    "view": (Calls(lambda x: x.view(x.size(0), -1)), X, "Reshape"),
    "reshape": (Calls(lambda x: x.reshape(x.shape[0], 2, -1)), X, "Reshape"),
    "view by -1": (Calls(lambda x: x.view(-1, 4 * 8 * 12)), X, "Reshape"),
    "unsqueeze": (Calls(lambda x: x.unsqueeze(2)), X, "Reshape"),
    "unsqueeze in front": (Calls(lambda x: x.unsqueeze(0)), X, "Reshape"),
    "whole flatten": (nn.Flatten(0), X, "Reshape"),
    "transpose": (Calls(lambda x: x.transpose(-1, 1)), X, "Transpose"),
    "swapaxes": (Calls(lambda x: torch.swapaxes(x, 0, 2)), X, "Transpose"),
    "permute": (Calls(lambda x: x.permute(0, 2, -1, 1)), X, "Transpose"),
    "permute by a tuple": (Calls(lambda x: torch.permute(x, (1, 0, 3, 2))), X, "Transpose"),
    "permute by name": (Calls(lambda x: torch.permute(x, dims=[0, 3, 1, 2])), X, "Transpose"),
    "PixelShuffle": (nn.PixelShuffle(2), X, "DepthToSpace"),
    "pixel_shuffle": (Calls(lambda x: F.pixel_shuffle(x, upscale_factor=2)), X, "DepthToSpace"),
}


@pytest.mark.parametrize("name", CASES)
def test_onnx_runtime_computes_what_torch_computed(name):
    model, x, kind = CASES[name]
    for parameter in model.parameters():
        with torch.no_grad():
            parameter.normal_(generator=GENERATOR)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(generator=GENERATOR)
            module.running_var.uniform_(0.5, 2, generator=GENERATOR)
    graph, node, operator = only_operator(model, x)
    assert operator.kind == kind
    with torch.no_grad():
        expected = model.eval()(x.clone()).numpy()
    got = run_in_onnx(graph, node, operator, x)
    assert got.shape == expected.shape
    # At most 96 products or terms are added (global pool: 96 pixels), in two orders. Terms and
    # results stay below 20 (|x| < 20, |weight| < 4 in sums of at most 36): each rounding is at
    # most 2^-24 * 20 * 4, and the coordinates of a linear resize add no more.
    np.testing.assert_allclose(got, expected, rtol=0, atol=96 * 2**-24 * 80)


UNSUPPORTED = {
    "LayerNorm": (nn.LayerNorm(12), X, "LayerNorm", "no integer kernel for it"),
    "tanh": (Calls(torch.tanh), X, "tanh", "no integer kernel for it"),
    "1 - x": (Calls(lambda x: 1 - x), X, "sub", "no integer kernel for it"),
    "2 / x": (Calls(lambda x: 2 / x), X, "truediv", "no integer kernel for it"),
    "ConvTranspose2d": (nn.ConvTranspose2d(4, 2, 2), X, "ConvTranspose2d", "transposed"),
    "Conv1d": (nn.Conv1d(4, 2, 2), X[:, :, 0], "Conv1d", "two-dimensional"),
    "no statistics": (nn.BatchNorm2d(4, track_running_stats=False), X, "BatchNorm2d", "no running"),
    "truths": (Calls(lambda x: (x > 0) * x), X, "mul", "gt is bool, which has no ruler"),
    "alpha": (Calls(lambda x: torch.add(x, x, alpha=2)), X, "add", "alpha = 2"),
    "batch": (Calls(lambda x: torch.cat([x, x])), X, "cat", "larger batch"),
    "divisor": (nn.AvgPool2d(2, divisor_override=3), X, "AvgPool2d", "divides by 3"),
    "uneven": (nn.AdaptiveAvgPool2d(5), X, "AdaptiveAvgPool2d", "different sizes"),
    "places": (nn.Upsample(size=(10, 14)), X[:, :, :6, :6], "Upsample", "no factor makes 6 values"),
    "a vector": (Calls(lambda x: x @ x[0, 0, 0]), X, "matmul", "a vector, not a matrix"),
    "indexed by a list": (Calls(lambda x: x[:, [0, 2]]), X, "getitem", "whole numbers and slices"),
    "mean of channels": (Calls(lambda x: x.mean(1)), X, "mean", "no integer kernel for it"),
    "mean of rows": (Calls(lambda x: x.mean((1, 2))), X, "mean", "no integer kernel for it"),
    "limits": (Calls(lambda x: x.clamp(min=x)), X, "clamp", "its limits are tensors"),
    "3 axes": (nn.AdaptiveAvgPool2d(1), X[:, 0], "AdaptiveAvgPool2d", "no batch axis"),
    "computed": (
        Calls(lambda x: F.linear(x, torch.relu(x))),
        ROWS,
        "linear",
        "its weights are computed",
    ),
    "computed kernel": (
        Calls(lambda x: F.conv2d(x, torch.relu(x[:, :, :3, :3]))),
        X,
        "conv2d",
        "its weights are computed",
    ),
    "functional batchnorm": (
        Calls(lambda x: F.batch_norm(x, x[0, :, 0, 0], torch.exp(x[0, :, 0, 0]))),
        X,
        "batch_norm",
        "its weights are computed",
    ),
    "GELU": (nn.GELU(), X, "GELU", "no integer kernel for it"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_anything_else_says_why(name):
    model, x, shown, reason = UNSUPPORTED[name]
    found = last_operator(model, x)[2]
    assert isinstance(found, Unsupported)
    assert found.name == shown
    assert reason in found.reason


class Indices(nn.Module):
    """A model returns floats, so its pool's indices end in it."""

    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2, return_indices=True)

    def forward(self, x):
        return self.pool(x)[0]


def test_a_pool_that_also_returns_indices_says_why():
    graph = trace_model(Indices(), X)
    (pool,) = (node for node in graph.graph.nodes if node.op == "call_module")
    assert "also returns indices" in operator_of(graph, pool).reason


TOKEN = torch.zeros(2, 1, 8, 12)


class Constant(nn.Module):
    def __init__(self):
        super().__init__()
        self.offset = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x):
        return x + self.offset


def test_a_constant_is_an_operand_of_a_sum_and_of_a_product() -> None:
    assert only_operator(Constant(), X)[2] == OnnxOperator("Add", {}, ("input_1", "_0_offset"))


def test_a_constant_that_is_joined_is_named() -> None:
    found = only_operator(Calls(lambda x: torch.cat([x, TOKEN], 1)), X)[2]
    assert found == Unsupported("cat", "it reads the constant _tensor_constant0 of the model")


def test_an_input_is_no_operator():
    graph = trace_model(nn.ReLU(), X)
    with pytest.raises(ValueError, match="is a placeholder, but only a node that computes"):
        operator_of(graph, next(iter(graph.graph.nodes)))


def test_an_operator_is_plain_frozen_data():
    operator = only_operator(nn.MaxPool2d(2), X)[2]
    assert operator == OnnxOperator(
        "MaxPool",
        {"kernel_shape": (2, 2), "strides": (2, 2), "pads": (0, 0, 0, 0), "dilations": (1, 1)},
        ("input_1",),
    )
    hash(operator)


def test_a_path_is_the_caller_s():
    graph = trace_model(nn.Sequential(nn.Sequential(nn.ReLU()), Calls(torch.relu)), X)
    assert [path_of(n) for n in graph.graph.nodes if is_operator(n)] == ["0.0", "relu"]
