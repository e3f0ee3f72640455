"""torch.export as the way in: the graph that torch.fx makes, and models that only it can read."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy import build_onnx
from quantlab.methods import quantize_model, trace_model
from quantlab.methods.graph.exported_program import export_graph
from quantlab.methods.graph.tracing import WAY
from tests.support.networks import SmallResNet

X = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
FREE = ({0: torch.export.Dim.AUTO},)


class Odd(nn.Module):
    """A function of (self, x), with layers of every kind that ATen has its own words for."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.Conv2d(8, 4, 1)
        self.bn, self.act = nn.BatchNorm2d(8), nn.ReLU6(inplace=True)
        self.layers = nn.Sequential(nn.Hardswish(), nn.MaxPool2d(2), nn.Dropout())
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.norms = nn.ModuleList([nn.GroupNorm(2, 8), nn.InstanceNorm2d(8, affine=True)])
        self.last = nn.LayerNorm(8)

    def forward(self, x, mask=None):
        return self.function(self, x)


def of_many_layers(s, x):
    y = s.up(s.layers(s.act(s.bn(s.a(x)))))
    for norm in s.norms:
        y += norm(y)
    y = F.leaky_relu(F.pad(1 - y, (1, 0, 0, 1)), 0.1)[:, :, :16, 1:]
    y = F.interpolate(y, size=(8, 12)) + F.interpolate(y, scale_factor=(0.5, 0.75), mode="bicubic")
    y = s.last(y.permute(0, 2, 3, 1)).transpose(-1, 1).softmax(1)
    y = F.conv_transpose2d(y[:, :4], s.b.weight, stride=2)[:, 1]
    return {"mean": y.mean((1, 2)), "both": (y, y.reshape(len(y), -1).sum(1, keepdim=True))}


@pytest.fixture(scope="module")
def resnet():
    torch.manual_seed(0)
    return SmallResNet().eval()


@pytest.mark.parametrize(
    "exported",
    [
        lambda model: torch.export.export(model, (X[:1],)),
        lambda model: torch.export.export(model, (X,), dynamic_shapes=FREE).module(),
    ],
)
def test_a_given_program_is_its_model(resnet, exported):
    """The same file to the last byte: names, places of rulers, integers."""
    of_model = quantize_model(resnet, [X.numpy()])
    of_program = quantize_model(exported(resnet), [X.numpy()])
    written = [build_onnx(q).SerializeToString() for q in (of_model, of_program)]
    assert written[0] == written[1]


def test_a_given_program_stays_as_it_is(resnet):
    program = torch.export.export(resnet, (X,))
    before = str(program.graph)
    trace_model(program, X)
    assert str(program.graph) == before
    assert program.module()(X).shape == (3, 10)
    assert all(p.requires_grad for p in program.parameters())


def test_every_layer_has_the_path_that_torch_fx_gives_it():
    model = Odd(of_many_layers).eval()
    by_fx = trace_model(model, X)
    by_export = trace_model(torch.export.export(model, (X,), dynamic_shapes=FREE), X)
    for a, b in zip(
        torch.utils._pytree.tree_leaves(by_fx(X)),
        torch.utils._pytree.tree_leaves(by_export(X)),
        strict=True,
    ):
        assert torch.equal(a, b)
    paths = [
        [n.meta["path"] for n in g.graph.nodes if "path" in n.meta] for g in (by_fx, by_export)
    ]
    assert paths[0] == paths[1]
    assert {"a", "act", "layers.0", "up", "norms.0"} <= set(paths[0])


def by_class(s, x):
    return s.a(x) if isinstance(x, torch.Tensor) and x.is_floating_point() else x


def with_numpy(s, x):
    assert isinstance(x, torch.Tensor)
    return F.interpolate(s.a(x), size=int(np.ceil(1.5 * x.shape[2])))


def with_new_tensors(s, x):
    mask = torch.zeros(x.shape[0], 8, *x.shape[2:], device=x.device)
    return s.b(s.a(x) + mask + torch.arange(x.shape[3]).float())


@pytest.mark.parametrize("function", [by_class, with_numpy, with_new_tensors])
def test_python_that_torch_fx_cannot_run_is_read_by_torch_export(function):
    model = Odd(function).eval()
    graph = trace_model(model, X[:1])
    assert graph.meta[WAY].startswith("torch.export")
    for x in (X[:1], X):
        with torch.no_grad():
            assert torch.equal(graph(x), model(x))


def test_attention_is_taken_apart():
    class Attends(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            rows = x.reshape(x.shape[0], -1, 8)
            return self.attention(rows, rows, rows, need_weights=False)[0]

    model = Attends().eval()
    graph = trace_model(model, X[:1])
    layers = [n for n in graph.graph.nodes if n.op == "call_module"]
    assert [type(graph.get_submodule(n.target)) for n in layers] == [nn.Linear, nn.Linear]
    with torch.no_grad():
        # The same products, summed in an order of their own: 24 of 8 terms and one of 96, all below
        # 4, each sum within terms * 2^-24 of its largest partial sum.
        torch.testing.assert_close(graph(X), model(X), rtol=0, atol=96 * 2**-24 * 4 * 8)


def test_a_value_is_refused_with_its_line_also_where_only_torch_export_gets_there():
    class Branches(nn.Module):
        def forward(self, x):
            assert isinstance(x, torch.Tensor)
            return x if x.sum() > 0 else -x

    class Scales(nn.Module):
        def forward(self, x):
            assert isinstance(x, torch.Tensor)
            return x * x.max().item()

    for kind in (Branches, Scales):
        with pytest.raises(ValueError, match="by the values of a tensor") as caught:
            trace_model(kind(), X)
        line = kind.forward.__code__.co_firstlineno + 2
        assert f"(test_exported_program.py, line {line}: return x" in str(caught.value)


def test_the_model_s_own_number_is_no_value():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.tensor(2.0))

        def forward(self, x):
            return x * self.factor.item()

    assert torch.equal(trace_model(Scaled(), X)(X), 2 * X)


class Two(nn.Module):
    def forward(self, x, y):
        return x + y


def small():
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(1024, 2))


class FillsUp(nn.Module):
    def forward(self, x):
        return torch.cat([x.flatten(1), torch.zeros(x.shape[0], 2)], 1)


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        (lambda: torch.export.export(Two(), (X, X)), "takes the inputs x, y, but"),
        (lambda: torch.export.export(small(), (X,)), "call model.eval() before"),
        (
            lambda: torch.export.export(small().eval(), (X,)).run_decompositions(),
            "without run_decompositions",
        ),
        (lambda: torch.export.export(FillsUp(), (X,)), "holds the number of images, 3, as a"),
        (
            lambda: torch.export.export(small().eval().half(), (X.half(),)),
            "is float16, but a model is quantized",
        ),
    ],
)
def test_a_program_that_is_no_model_is_refused(program, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        trace_model(program(), X)


def test_a_program_of_other_pictures_is_refused(resnet):
    with pytest.raises(ValueError, match=r"does not run on the example of shape \(3, 3, 32, 32\)"):
        trace_model(torch.export.export(resnet, (X,)), torch.zeros(3, 3, 32, 32))


def of_a_region(s, x):
    y = s.bn(s.a(x))
    with torch.autocast(device_type=x.device.type, enabled=False):
        y = y.float() * y
    with torch.no_grad():
        y = y + s.bn(s.a(x)).sigmoid()
    return s.act(y)


def test_what_stands_under_autocast_or_no_grad_is_in_line():
    model = Odd(of_a_region).eval()
    graph = trace_model(model, X)
    assert graph.meta[WAY].startswith("torch.export")
    names = [node.name for node in graph.graph.nodes if node.op not in ("placeholder", "output")]
    assert [name for name in names if "wrap" in name or "getitem" in name or name == "to"] == []
    # The same operators on the same numbers.
    assert torch.equal(graph(X), model(X))
    assert {"Conv", "Mul", "Add"} <= {node.op_type for node in build_onnx(graph, X).graph.node}


def test_another_type_under_autocast_is_refused_by_its_name():
    def halved(s, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = s.a(x)
        return s.act(y.float())

    with pytest.raises(ValueError, match=r"computes in bfloat16 under torch\.autocast.*float32"):
        trace_model(Odd(halved).eval(), X)


def test_a_table_indexed_by_places_is_indexed_in_the_graph_too():
    """As attention reads its relative positions: torch.export calls it `index`."""

    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Parameter(torch.randn(5, 4))

        def forward(self, x):
            if x.shape[1] != 3:  # what torch.fx alone cannot follow
                return x
            places = torch.arange(8)[:, None] - torch.arange(8)[None, :]
            return (
                x + self.table[:, [1, 0, 3]].sum(0)[:, None, None] + self.table[places % 5].sum(2)
            )

    model = Table().eval()
    x = torch.randn(2, 3, 8, 8)
    for graph in (export_graph(model, x), trace_model(model, x)):
        with torch.no_grad():
            torch.testing.assert_close(graph(x), model(x), rtol=0, atol=1e-5)
