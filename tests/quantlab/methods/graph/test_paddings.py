"""Zeros before a convolution are its own padding; anything else stays an operator."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.deploy import build_onnx, compare_with_runtime
from quantlab.methods import Recipe, quantize_model, trace_model
from quantlab.methods.graph.layer_names import find_layers
from quantlab.methods.graph.operators import is_operator

X = torch.randn(2, 3, 8, 6, generator=torch.Generator().manual_seed(0))


class Padded(nn.Module):
    def __init__(self, pad, **settings):
        super().__init__()
        torch.manual_seed(1)
        self.pad, self.conv = pad, nn.Conv2d(3, 4, 3, **settings)

    def forward(self, x):
        return self.conv(self.pad(x))


FOLDED = {
    "function": (Padded(lambda x: F.pad(x, (1, 1, 2, 2))), (2, 1)),
    "width alone": (Padded(lambda x: F.pad(x, [1, 1]), padding=1), (1, 2)),
    "by a size": (Padded(lambda x: F.pad(x, (x.shape[2] // 4,) * 4, value=0.0)), (2, 2)),
    "zeros layer": (Padded(nn.ZeroPad2d(1), stride=2), (1, 1)),
    "uneven": (Padded(lambda x: F.pad(x, (0, 1, 0, 2)), stride=2), (0, 0, 2, 1)),
    "uneven beside its own": (Padded(nn.ZeroPad2d((2, 1, 1, 0)), padding=1), (2, 3, 1, 2)),
    "uneven, valid": (Padded(nn.ZeroPad2d((0, 1, 0, 0)), padding="valid"), (0, 0, 0, 1)),
    "constant layer": (Padded(nn.ConstantPad2d((2, 2, 0, 0), 0.0), padding=1), (1, 3)),
}


@pytest.mark.parametrize("name", FOLDED)
def test_zeros_are_the_convolutions_own(name):
    """27 products and a bias, each rounding half an ulp, 2^-24, of a partial sum below 32."""
    model, padding = FOLDED[name]
    graph = trace_model(model.eval(), X)
    (node,) = (n for n in graph.graph.nodes if is_operator(n))
    assert graph.get_submodule(str(node.target)).padding == padding
    with torch.no_grad():
        for x in (X, torch.cat([X, -X])):
            torch.testing.assert_close(graph(x), model(x), rtol=0, atol=28 * 32 * 2**-24)
    assert model.conv.padding != padding, "the caller's model stays as it is"


STAYS = {
    "another value": Padded(lambda x: F.pad(x, (1, 1, 1, 1), value=0.5)),
    "reflection": Padded(lambda x: F.pad(x, (1, 1, 1, 1), "reflect")),
    "cut": Padded(lambda x: F.pad(x, (-1, -1, -1, -1))),
    "channels": Padded(lambda x: F.pad(x[:, :1], (0, 0, 0, 0, 1, 1))),
    "same": Padded(lambda x: F.pad(x, (1, 1, 1, 1)), padding="same"),
    "another padding": Padded(nn.ZeroPad2d(1), padding=1, padding_mode="reflect"),
    "reflection of its own": Padded(nn.Identity(), padding=(1, 2), padding_mode="reflect"),
    "repetition of its own": Padded(nn.Identity(), padding="same", padding_mode="replicate"),
    "a circle of its own": Padded(nn.Identity(), padding=2, padding_mode="circular", stride=2),
}


@pytest.mark.parametrize("name", STAYS)
def test_other_paddings_stay(name):
    model = STAYS[name].eval()
    graph = trace_model(model, X)
    assert len([n for n in graph.graph.nodes if is_operator(n)]) >= 2
    with torch.no_grad():
        assert torch.equal(graph(X), model(X))


class TwoReaders(nn.Module):
    """One pads twice: each convolution gets its own padding, and one weight is read by both."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)

    def forward(self, x):
        y = F.pad(x, (1, 1, 1, 1))
        return self.conv(y) + self.conv(F.pad(self.conv(y), (1, 1, 1, 1))) + y[:, :, 1:-1, 1:-1]


def test_what_others_read_too_is_still_padded_for_them():
    model = TwoReaders().eval()
    graph = trace_model(model, X)
    with torch.no_grad():
        torch.testing.assert_close(graph(X), model(X), rtol=0, atol=2 * 28 * 32 * 2**-24)
    assert [n.name for n in graph.graph.nodes].count("pad") == 1


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Padded(lambda x: F.pad(x, (1, 1, 1, 1))), "pad"),
        (nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 4, 3)), "0"),
    ],
)
def test_a_padding_that_went_into_a_convolution_is_a_name_of_it(model, name):
    graph = trace_model(model, X)
    (conv,) = (n for n in graph.graph.nodes if is_operator(n))
    assert find_layers(graph, [name], "keep_float") == {conv.name: name}
    quantized = quantize_model(model, [X], Recipe(keep_float=[name]))
    assert [layer.name for layer in quantized.float_layers] == [conv.name]


class Pooled(nn.Module):
    """TensorFlow's "same" max pool: -inf around the picture, which no maximum sees."""

    def __init__(self, sides):
        super().__init__()
        torch.manual_seed(1)
        self.sides, self.first, self.last = sides, nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.last(F.max_pool2d(F.pad(self.first(x), self.sides, value=-torch.inf), 3, 2))


@pytest.mark.parametrize("sides", [(0, 1, 0, 1), (1, 1, 1, 0), (2, 0, 0, 2)])
def test_a_max_pool_pads_itself_where_nothing_was_padded(sides):
    model = Pooled(sides).eval()
    quantized = quantize_model(model, X)
    assert not quantized.float_layers
    with torch.no_grad():
        torch.testing.assert_close(trace_model(model, X)(X), model(X), rtol=0, atol=0)
    assert compare_with_runtime(build_onnx(quantized), X[:1].numpy()).mismatches == 0


def test_a_window_in_the_padding_alone_keeps_the_padding():
    """ONNX Runtime refuses a pool whose padding is as wide as its window."""
    graph = trace_model(Pooled((3, 0, 0, 0)).eval(), X)
    assert any(node.target is F.pad for node in graph.graph.nodes)
