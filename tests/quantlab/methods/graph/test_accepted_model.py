"""What is taken for a model: wrappers come off, computed weights and hooks are settled."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune, spectral_norm, weight_norm

from quantlab.methods import quantize_model, trace_model

X = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1)).eval()


def inside_compiled():
    model = net()
    model[0] = torch.compile(model[0])
    return model


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda: torch.compile(net()),
        lambda: nn.DataParallel(net()),
        lambda: nn.DataParallel(torch.compile(net())),
        inside_compiled,
    ],
)
def test_a_wrapper_is_taken_off(wrapped):
    graph = trace_model(wrapped(), X)
    assert [n.meta.get("path") for n in graph.graph.nodes] == [None, "0", "1", "2", None]
    with torch.no_grad():
        assert torch.equal(graph(X), net()(X))


def pruned(layer):
    prune.l1_unstructured(layer, "weight", 0.5)
    return layer


@pytest.mark.parametrize("computed", [weight_norm, spectral_norm, pruned])
def test_weights_that_a_hook_computes_become_plain_ones(computed):
    """Also after a run that left them behind as results with gradients, which no copy can hold."""
    model = net()
    model[0] = computed(model[0])
    expected = model(X).detach()
    weight = model[0].weight.detach().clone()
    graph = trace_model(model, X)
    layer = graph.get_submodule("0")
    assert torch.equal(layer.weight, weight)
    assert not layer._forward_pre_hooks
    assert [name for name, _ in layer.named_parameters()] == ["bias", "weight"]
    assert torch.equal(graph(X), expected)
    assert model[0]._forward_pre_hooks, "the caller's model keeps its hook"


def test_hooks_that_change_something_are_part_of_the_model():
    """What is multiplied by 2 behind a layer goes into its weights, so that no bit differs."""
    model = net()
    model[0].register_forward_hook(lambda module, args, output: output * 2)
    model[2].register_forward_pre_hook(lambda module, args: (args[0] - 1,))
    expected = model(X).detach()
    quantized = quantize_model(model, [X])
    assert "sub" in quantized.placement.quantized
    assert torch.equal(quantized.graph(X), expected)


def test_hooks_that_only_watch_are_left_out():
    """A hook that no tracing could follow: it looks at values."""
    model, seen = net(), []
    model[0].register_forward_hook(lambda module, args, output: seen.append(float(output.max())))
    graph = trace_model(model, X)
    assert [n.name for n in graph.graph.nodes] == ["input_1", "_0", "_1", "_2", "output"]
    assert seen
    assert all(isinstance(value, float) for value in seen)


def scripted_inside():
    model = net()
    model[1] = torch.jit.script(nn.ReLU())
    return model


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: torch.jit.trace(net(), X), "the model is TorchScript, .* pass the Python module"),
        (lambda: torch.jit.script(net()), "the model is TorchScript"),
        (scripted_inside, "the model's layer '1' is TorchScript"),
        (lambda: nn.Sequential(nn.LazyConv2d(4, 3)), "'0.weight' has no shape yet, .* run the"),
        (lambda: net().to("meta"), "'0.weight' has no values, .* load its weights"),
    ],
)
def test_what_has_no_python_or_no_weights_is_refused(made, sentence):
    with pytest.raises(ValueError, match=sentence):
        trace_model(made(), X)
