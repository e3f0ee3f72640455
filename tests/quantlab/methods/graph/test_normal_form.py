"""The normal form: what later methods rely on, each shown on a model that has the opposite."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy import build_onnx, open_session
from quantlab.methods import Unsupported, fold_batchnorm, operator_of, quantize_model, trace_model
from quantlab.methods.graph.operators import is_operator, path_of

X = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Calls(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def kinds(model):
    graph = trace_model(model, X)
    return [operator_of(graph, node).kind for node in graph.graph.nodes if is_operator(node)]


def same(model):
    """Exactly: the graph calls the same torch functions in the same order."""
    with torch.no_grad():
        return torch.equal(trace_model(model, X)(X), model.eval()(X.clone()))


class ReadsAfterInPlace(nn.Module):
    """The sum reads what relu_ left behind, not what the convolution gave."""

    def __init__(self, act):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.act = act

    def forward(self, x):
        y = self.conv(x)
        z = self.act(y)
        return z + y


class Found(NamedTuple):
    scores: torch.Tensor
    boxes: torch.Tensor


class Finder(nn.Module):
    """A detector that gives its outputs names, and its anchors with them."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.register_buffer("anchors", torch.arange(6.0).reshape(2, 3))

    def forward(self, x):
        y = self.conv(x)
        return Found(y, boxes=y.relu()), self.anchors


def test_a_named_tuple_and_a_constant_are_returned():
    model = Finder().eval()
    session = open_session(build_onnx(quantize_model(model, X)))
    scores, boxes, anchors = session.run(None, {"input": X.numpy()})
    np.testing.assert_array_equal(anchors, model.anchors.numpy())
    np.testing.assert_array_equal(boxes, np.maximum(scores, 0))


def test_readers_after_an_in_place_operation_read_its_result():
    for act in (nn.ReLU(inplace=True), F.relu_, torch.relu_, lambda y: F.relu(y, inplace=True)):
        model = ReadsAfterInPlace(act)
        graph = trace_model(model, X)
        add = next(n for n in graph.graph.nodes if n.name == "add")
        assert add.args[0] is add.args[1]
        assert same(model)


def test_a_shared_in_place_module_is_in_place_at_each_call():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.act = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.ReLU(True)

        def forward(self, x):
            y = self.a(x)
            self.act(y)
            z = self.b(y)
            self.act(z)
            return z

    assert kinds(Twice()) == ["Conv", "Relu", "Conv", "Relu"]
    assert same(Twice())


def test_what_does_nothing_is_dropped():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.identity, self.drop = nn.Identity(), nn.Dropout2d()
            self.unused = nn.Conv2d(3, 3, 1)

        def forward(self, x):
            self.unused(x)
            y = F.dropout(self.drop(self.identity(x)), 0.5, self.training)
            return torch.relu(y.contiguous().clone().detach())

    assert kinds(Idle()) == ["Relu"]
    assert not list(trace_model(Idle(), X).parameters())


def turned(x):
    return x.permute(0, 2, 3, 1)


# Each runs in torch only because its numbers were copied into the order of their shape before.
VIEWS = {
    "contiguous, view": lambda x: turned(x).contiguous().view(x.size(0), -1),
    "by a keyword": lambda x: turned(x).contiguous().view(size=(x.shape[0], -1)),
    "by a tuple": lambda x: turned(x).contiguous().view((x.shape[0], -1, 3)),
    "clone, view": lambda x: turned(x).clone(memory_format=torch.contiguous_format).view(-1, 192),
    "clone function, view": lambda x: torch.clone(
        turned(x), memory_format=torch.contiguous_format
    ).view(-1, 192),
    "view_as": lambda x: turned(x).contiguous().view_as(x),
    "reshape_as": lambda x: turned(x).reshape_as(x.flatten(2)),
    "view within the last axes": lambda x: x.transpose(2, 3).contiguous().view(-1, 3, 4, 2, 8),
    "contiguous, unflatten": lambda x: turned(x).contiguous().unflatten(3, (3, 1)),
    "channel shuffle": lambda x: torch.channel_shuffle(torch.cat([x, -x], 1), 2),
    "channel shuffle by a keyword": lambda x: F.channel_shuffle(torch.cat([x, -x], 1), groups=3),
    "channel shuffle layer": nn.ChannelShuffle(3),
    "unflatten layer": nn.Unflatten(2, (2, 4)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_a_reshape_and_asks_nothing_of_the_memory(name):
    """For the batch of the example and another one, to the last bit: nothing is computed."""
    function = VIEWS[name]
    model = nn.Sequential(function if isinstance(function, nn.Module) else Calls(function))
    graph = trace_model(model, X)
    assert all(n.target not in ("view", "contiguous", "clone") for n in graph.graph.nodes)
    for x in (X, torch.cat([X, -X, X])):
        assert torch.equal(graph(x), model(x))


def test_a_view_as_another_dtype_is_no_reshape():
    graph = trace_model(Calls(lambda x: x.view(torch.int32).view(torch.float32) * 2), X)
    assert [n.target for n in graph.graph.nodes if n.op == "call_method"] == ["view", "view"]


def test_a_dropout_that_is_always_on_is_refused_not_dropped():
    class AlwaysOn(nn.Module):
        def forward(self, x):
            return F.dropout(x, 0.5, training=True)

    with pytest.raises(ValueError, match="draws random"):
        trace_model(AlwaysOn(), X)


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4, 1, 3, 3))
        self.b = nn.Parameter(torch.randn(4))
        self.point = nn.Parameter(torch.randn(3, 3, 1, 1))
        self.head = nn.Parameter(torch.randn(2, 4))

    def forward(self, x):
        x = F.conv2d(x, self.point)
        x = torch.cat([x, x[:, :1]], 1)
        x = F.conv2d(x, self.w, self.b, stride=2, padding=1, groups=4)
        return F.linear(x.mean((2, 3)), weight=self.head)


def test_functional_layers_become_modules():
    model = Functional()
    graph = trace_model(model, X)
    layers = [m for m in graph.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert [type(m) for m in layers] == [nn.Conv2d, nn.Conv2d, nn.Linear]
    assert torch.equal(layers[1].weight, model.w)
    assert layers[1].groups == 4
    assert layers[0].bias is None
    with torch.no_grad():
        # 16 pixels are added in another order by the pool: see test_tracing.
        torch.testing.assert_close(graph(X), model(X), rtol=1e-5, atol=1e-4)


class DynamicConv(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight * x.mean(), self.bias)


class TalkingConv(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)


class PlainNorm(nn.BatchNorm2d):
    def __init__(self, channels):
        super().__init__(channels, eps=0.1)


def test_subclasses_of_layers_are_what_they_compute():
    model = nn.Sequential(TalkingConv(3, 4, 3, stride=2), PlainNorm(4), nn.ReLU()).eval()
    graph = fold_batchnorm(trace_model(model, X))
    assert [path_of(n) for n in graph.graph.nodes if is_operator(n)] == ["0", "2"]
    torch.testing.assert_close(graph(X), model(X))
    # Weights that are computed from the input are no layer's own: that stays float.
    graph = trace_model(nn.Sequential(DynamicConv(3, 4, 3)), X)
    found = [operator_of(graph, n) for n in graph.graph.nodes if is_operator(n)]
    assert [type(one) for one in found][-1] is Unsupported


def test_a_layer_that_is_called_twice_is_two_layers():
    conv = nn.Conv2d(3, 3, 3, padding=1)
    model = nn.Sequential(conv, nn.ReLU(), conv)
    graph = trace_model(model, X)
    first, second = (m for m in graph.modules() if isinstance(m, nn.Conv2d))
    assert first is not second
    assert torch.equal(first.weight, second.weight)
    assert first.weight is not second.weight
    assert same(model)


def test_sizes_are_no_operators():
    class Sizes(nn.Module):
        def forward(self, x):
            n, c, h, w = x.shape
            return x.view(n, c * h, w)

    graph = trace_model(Sizes(), X)
    assert [n.name for n in graph.graph.nodes if is_operator(n)] == ["view"]
    assert graph(torch.cat([X, X])).shape == (4, 24, 8)
