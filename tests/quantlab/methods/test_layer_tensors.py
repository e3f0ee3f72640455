"""What a layer reads and gives, against torch's own forward hooks and against integers."""

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods import Recipe, Rule, layer_tensors, quantize_model
from quantlab.numerics import dequantize, quantize

X = np.random.default_rng(0).normal(size=(3, 3, 8, 8)).astype(np.float32)


class Net(nn.Module):
    def __init__(self):
        torch.manual_seed(0)
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.body = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        y = self.stem(x)
        return self.body(self.body(y)) + y


NET = Net().eval()
QUANTIZED = quantize_model(NET, X, Recipe(activations=Rule(observer="minmax")))


def hooked(net, path):
    seen = []
    handle = net.get_submodule(path).register_forward_hook(lambda _, i, o: seen.append((i[0], o)))
    with torch.no_grad():
        net(torch.from_numpy(X))
    handle.remove()
    return seen


@pytest.mark.parametrize(("path", "call"), [("stem.0", 0), ("stem.1", 0), ("body", 0), ("body", 1)])
def test_a_module_s_tensors_are_what_a_hook_sees(path, call):
    name = f"{path}#{call + 1}" if path == "body" else path
    seen = layer_tensors(NET, X, name)
    given, made = hooked(NET, path)[call]
    assert seen.name == name
    (read,) = seen.inputs
    # The same operators on the same numbers.
    np.testing.assert_array_equal(read, given.numpy())
    np.testing.assert_array_equal(seen.output, made.numpy())


def test_a_sum_reads_two_tensors():
    seen = layer_tensors(NET, torch.from_numpy(X), "add")
    np.testing.assert_array_equal(seen.inputs[0] + seen.inputs[1], seen.output)


def test_the_tensors_of_a_quantized_model_are_on_their_rulers():
    stem, relu, body = (layer_tensors(QUANTIZED, X, n) for n in ("stem.0", "stem.1", "body#1"))
    rulers = QUANTIZED.activations
    for tensor, ruler in (
        (stem.inputs[0], rulers["x"]),
        (relu.output, rulers["stem_1"]),
        (body.output, rulers["body"]),
    ):
        np.testing.assert_array_equal(dequantize(quantize(tensor, ruler), ruler), tensor)
    np.testing.assert_array_equal(body.inputs[0], relu.output)
    np.testing.assert_array_equal(relu.inputs[0], stem.output)
    # The convolution itself is on no ruler: its Relu's ruler does both.
    assert (stem.output < 0).any()
    floating = layer_tensors(QUANTIZED.graph, X, "stem.0")
    np.testing.assert_array_equal(floating.output, layer_tensors(NET, X, "stem.0").output)
    assert 0 < np.abs(floating.output - stem.output).max() < 0.1


def test_a_name_of_several_layers_or_none_is_refused():
    with pytest.raises(ValueError, match="stands for 2 layers: name one of body#1, body#2"):
        layer_tensors(NET, X, "body")
    with pytest.raises(ValueError, match="layer names 'head', but the model has no such layer"):
        layer_tensors(QUANTIZED, X, "head")
