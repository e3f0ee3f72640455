"""trace_model: the graph computes what the model does, the model stays as it is, bad input."""

import copy
import math
import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

from quantlab.methods import trace_model


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4, 2)

    def forward(self, x, scale=2, features=False):
        y = self.drop(self.act(self.bn(self.conv(x))))
        if features:
            return y
        return self.head(y.mean((2, 3))), y


def kept_whole(x, training):
    """A package keeps such a function as one node, as torchvision does its stochastic_depth."""
    return x * 0 if training else x.relu()


torch.fx.wrap("kept_whole")
X = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_the_graph_computes_what_the_model_does():
    model = Net()
    graph = trace_model(model, X)
    for got, expected in zip(graph(X), model.eval()(X), strict=True):
        # The mean of 64 values became a pool: sums in another order differ by at most
        # 64 * 2^-24 of the values' size, which are below 10, and pass through 4 products.
        torch.testing.assert_close(got, expected, rtol=0, atol=64 * 2**-24 * 10 * 4)


def test_shapes_and_paths_are_noted():
    graph = trace_model(Net(), X)
    shapes = {node.name: node.meta.get("shape") for node in graph.graph.nodes}
    assert shapes["conv"] == (2, 4, 8, 8)
    assert shapes["head"] == (2, 2)
    assert shapes["output"] is None
    assert "drop" not in shapes
    nested = trace_model(nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 1)), nn.ReLU()), X)
    paths = [node.meta.get("path") for node in nested.graph.nodes]
    assert paths == [None, "0.0", "1", None]


def test_the_caller_s_model_stays_as_it_is():
    model = Net().train()
    called = []
    model.conv.register_forward_hook(lambda *_: called.append(1))
    before = copy.deepcopy(model.state_dict())
    x = X.clone()
    graph = trace_model(model, x)
    assert all(module.training for module in model.modules())
    assert not any(module.training for module in graph.modules())
    assert model.act.inplace
    assert all(p.requires_grad for p in model.parameters())
    assert len(model.conv._forward_hooks) == 1
    assert torch.equal(x, X)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    with torch.no_grad():
        graph.conv.weight.zero_()
    assert torch.equal(model.conv.weight, before["conv.weight"])


def test_an_in_place_first_layer_leaves_the_example_alone():
    x = X.clone()
    trace_model(nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 4, 1)), x)
    assert torch.equal(x, X)


def test_numpy_and_read_only_examples_are_taken():
    x = X.numpy().copy()
    x.setflags(write=False)
    assert trace_model(Net(), x)(X)[0].shape == (2, 2)


def test_a_graph_module_is_taken_and_copied():
    graph = trace_model(Net(), X)
    again = trace_model(graph, X)
    assert [n.name for n in again.graph.nodes] == [n.name for n in graph.graph.nodes]
    assert again is not graph


def test_computed_weights_become_plain_ones():
    model = nn.Sequential(parametrizations.weight_norm(nn.Conv2d(3, 4, 3)), nn.ReLU())
    graph = trace_model(model, X)
    assert type(graph.get_submodule("0")) is nn.Conv2d
    torch.testing.assert_close(graph(X), model(X))


class Residual(nn.Module):
    """Blocks that add their input, as wide as it is deep, and arguments that nobody gives."""

    def __init__(self, blocks):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(blocks))

    def forward(self, x, mask=None, scale=1.0, *, return_attention=False):
        for block in self.blocks:
            x = x + block(x) * scale
        if mask is not None:
            x = x * mask
        return (x, x) if return_attention else x


def test_an_argument_that_nobody_gives_costs_one_look_at_each_node():
    """22 blocks have 2^22 paths through them: to follow each took a quarter of a minute."""
    model = Residual(22).eval()
    started = time.process_time()
    graph = trace_model(model, X[:1])
    assert time.process_time() - started < 5
    assert [n.name for n in graph.graph.nodes if n.op == "placeholder"] == ["x"]
    assert torch.equal(graph(X[:1]), model(X[:1]))


class Sized(nn.Module):
    """A function of (self, x) beside two layers."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1)

    def forward(self, x, mask=None, scale=1.0):
        return self.function(self, x)


def checked(s, x):
    assert x.shape[2] % 4 == 0, "sides of whole blocks"
    n, c, h, w = x.size()
    if not (h == w and c == 3 and x.dim() == x.ndim == 4):
        raise ValueError(x.shape)
    return s.a(x).view(n, -1)


def looped(s, x):
    y = s.a(x)
    for _ in range(y.shape[-1] // 3):
        y = y + s.b(y)
    return y


def cut(s, x):
    return torch.cat([s.a(part) * (i + 1) for i, part in enumerate(x.split(4, 2))], 2)


SIZES = {
    "branch": lambda s, x: s.a(x) if x.shape[2] % 2 == 0 else None,
    "asserts": checked,
    "loop": looped,
    "pieces": cut,
    "list of sizes": lambda s, x: F.interpolate(s.a(x), size=[2 * d for d in x.shape[2:]]),
    "unpacked": lambda s, x: s.a(x).reshape(*x.shape[:1], -1),
    "arithmetic": lambda s, x: F.avg_pool2d(s.a(x), math.ceil(x.shape[2] / 3)),
    "a tensor of a size": lambda s, x: s.a(x) + torch.ones(x.shape[2]),
    "of a reshaped one": lambda s, x: s.a(x).flatten(2) if len(x.flatten(2).shape) == 3 else x,
}


@pytest.mark.parametrize("name", SIZES)
def test_python_may_look_at_sizes(name):
    """To the last bit, for another number of images too: that one stays open."""
    model = Sized(SIZES[name]).eval()
    graph = trace_model(model, X)
    for x in (X, torch.cat([X, -X, X[:1]])):
        with torch.no_grad():
            assert torch.equal(graph(x), model(x))


def test_the_number_of_images_is_no_number_of_python():
    for function in (
        lambda s, x: s.a(x) if len(x) == 2 else s.b(s.a(x)),
        lambda s, x: sum(row for row in s.a(x)),
    ):
        with pytest.raises(ValueError, match="Sized computes in Python with the number of images"):
            trace_model(Sized(function), X)


@pytest.mark.parametrize(
    "function",
    [
        lambda s, x: s.a(x) if x.mean().item() > 0 else x,
        lambda s, x: s.a(x) if x.max() > 0 and x.shape[2] == 8 else x,
        lambda s, x: s.a(x)[:, : int(x.abs().max())],
        lambda s, x: s.a(x) if torch.equal(x, x) else x,
    ],
)
def test_values_are_refused_with_the_line_of_the_model(function):
    with pytest.raises(ValueError, match="by the values of a tensor") as caught:
        trace_model(Sized(function), X)
    assert f"(test_tracing.py, line {function.__code__.co_firstlineno}: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_type_are_named(dtype):
    with pytest.raises(ValueError, match=r"'conv.weight' is .*float.*: call model.float\(\) first"):
        trace_model(Net().to(dtype), X)


class Branches(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class TwoInputs(nn.Module):
    def forward(self, x, y):
        return x + y


class Noisy(nn.Module):
    def forward(self, x):
        return x + torch.rand(8)


class ChangesAlias(nn.Module):
    def forward(self, x):
        y = torch.relu(x)
        z = y[:, :1]
        z.add_(1)
        return y


class MovesToNumpy(nn.Module):
    def forward(self, x):
        return torch.from_numpy(np.asarray(x.numpy()))


@pytest.mark.parametrize("model", [Branches(), MovesToNumpy()])
def test_control_flow_on_data_is_refused(model):
    name = type(model).__name__
    with pytest.raises(ValueError, match=f"{name} cannot be traced .* move that"):
        trace_model(model, X)


@pytest.mark.parametrize("model", [Noisy(), ChangesAlias()])
def test_a_graph_that_computes_something_else_is_refused(model):
    with pytest.raises(ValueError, match="the traced graph does not compute what the model does"):
        trace_model(model, X)


def test_more_than_one_input_is_refused():
    with pytest.raises(ValueError, match="TwoInputs takes the inputs x, y, but a model with"):
        trace_model(TwoInputs(), X)


@pytest.mark.parametrize("model", [Net, "net.pt", {"conv.weight": 1}, lambda x: x])
def test_what_is_no_module_is_refused(model):
    with pytest.raises(TypeError, match="Module is needed: pass the model itself"):
        trace_model(model, X)


def test_a_wrong_number_of_channels_is_refused_with_torch_s_reason():
    with pytest.raises(ValueError, match=r"does not run on the example of shape \(2, 5, 8, 8\)"):
        trace_model(Net(), torch.zeros(2, 5, 8, 8))


@pytest.mark.parametrize(
    ("example", "error", "sentence"),
    [
        (X.double(), TypeError, "example has dtype float64, but the model computes in float32"),
        (X.numpy().astype(np.uint8), TypeError, "example has dtype uint8"),
        ([X, X], TypeError, "example is a list of 2, but a batch is one array of images"),
        ("cat.png", TypeError, "example is a str, but a batch is a float32 array"),
        (torch.zeros(8), ValueError, r"example has shape \(8,\), but a batch is \(N, C, H, W\)"),
        (torch.zeros(0, 3, 8, 8), ValueError, r"example has shape \(0, 3, 8, 8\)"),
    ],
)
def test_an_example_that_is_no_batch_is_refused(example, error, sentence):
    with pytest.raises(error, match=sentence):
        trace_model(Net(), example)


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        (lambda y: None, "returns NoneType with no tensor in it"),
        (lambda y: {"names": []}, "returns dict with no tensor in it"),
        (lambda y: y > 0, "returns a tensor of bool, but a quantized model returns floats"),
        (lambda y: (y, y.argmax(1)), "returns a tensor of int64"),
    ],
    ids=["nothing", "no tensor", "bool", "a choice"],
)
def test_what_no_file_could_return_is_refused_in_its_own_words(returns, said):
    class Returns(nn.Conv2d):
        def forward(self, x):
            return returns(super().forward(x))

    with pytest.raises(ValueError, match=said):
        trace_model(Returns(3, 4, 1).eval(), X)


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        x = F.dropout(self.conv(x), 0.2, self.training, inplace=True)
        return kept_whole(x, self.training)


def test_a_function_that_its_package_keeps_whole_is_looked_into():
    graph = trace_model(Wrapped(), X)
    called = [node.target for node in graph.graph.nodes]
    assert kept_whole not in called
    assert "relu" in called or torch.relu in called or F.relu in called
