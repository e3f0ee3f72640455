"""Where rulers are laid: the cases of the rule, one small net each."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.methods import Recipe, Rule, fold_batchnorm, place_qparams, trace_model
from quantlab.methods.graph.layer_names import find_layers

X = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
SYMMETRIC = Recipe(activations=Rule("int8", "symmetric"))


def conv():
    return nn.Conv2d(4, 4, 3, padding=1)


def placed(model, recipe=None):
    return place_qparams(fold_batchnorm(trace_model(model, X)), recipe or Recipe())


class Named(nn.Sequential):
    """A chain whose nodes are called a, b, c, ..."""

    def __init__(self, modules):
        super().__init__()
        for name, module in zip("abcdefg", modules, strict=False):
            self.add_module(name, module)


def reasons(placement):
    return {layer.name: layer.reason for layer in placement.float_layers}


def test_a_relu_is_done_by_the_ruler_after_its_layer():
    for act in (nn.ReLU(), nn.ReLU6(), nn.Hardtanh(-1, 2)):
        found = placed(Named([conv(), act, conv()]))
        assert found.own_qparams == ("input_1", "b", "c")
        assert found.fused == {"a": "b"}
        assert found.quantized == ("a", "b", "c")
        assert found.float_layers == ()
        assert (found.qparams_of("b"), found.qparams_of("a")) == ("b", None)


@pytest.mark.parametrize(
    "join",
    [
        lambda a, b: a * b,
        lambda a, b: torch.cat([a, b], 1),
        lambda a, b: F.avg_pool2d(a, 2),
        lambda a, b: F.leaky_relu(a, 0.1),
    ],
)
def test_a_relu_is_done_by_the_ruler_of_whatever_computes_on_integers(join):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = conv(), conv()

        def forward(self, x):
            return F.relu(join(self.a(x), self.b(x)))

    found = placed(Net())
    assert list(found.fused.values()) == ["relu"]
    assert found.float_layers == ()


def test_a_relu_behind_what_only_moves_integers_stays_float():
    found = placed(Named([conv(), nn.MaxPool2d(2), nn.ReLU(), conv()]))
    assert reasons(found) == {
        "c": "no operator that computes on integers before it, whose ruler could clip for it"
    }


def test_an_average_pool_whose_cut_windows_count_padding_stays_float():
    """The integer kernel divides them by the whole kernel, torch by what lies in the padding."""
    rows = nn.AvgPool2d(3, 2, 1, ceil_mode=True)
    found = placed(Named([conv(), rows, conv()]))
    assert list(reasons(found)) == ["b"]
    assert "reach beyond the padding" in reasons(found)["b"]
    for settings in ({"count_include_pad": False}, {"padding": 0}):
        pool = nn.AvgPool2d(3, 2, **{"padding": 1, **settings}, ceil_mode=True)
        assert placed(Named([conv(), pool, conv()])).float_layers == ()


def test_batchnorm_between_is_no_obstacle():
    found = placed(Named([conv(), nn.BatchNorm2d(4), nn.ReLU6()]))
    assert found.fused == {"a": "c"}
    assert found.float_layers == ()


def test_a_clip_away_from_zero_stays_float():
    """Its ruler would contain 0, which lies outside the clip."""
    found = placed(Named([conv(), nn.Hardtanh(1, 3)]))
    assert found.fused == {}
    assert reasons(found) == {
        "b": "it clips away from 0, which every ruler contains, so none can clip for it"
    }


def test_a_symmetric_ruler_cannot_do_a_relu():
    found = placed(Named([conv(), nn.ReLU(), conv()]), SYMMETRIC)
    assert found.own_qparams == ("input_1", "a", "b", "c")
    assert list(reasons(found)) == ["b"]
    assert reasons(found)["b"].startswith("symmetric rulers reach as far below 0")


class Residual(nn.Module):
    def __init__(self, act=F.relu):
        super().__init__()
        self.a, self.b, self.act = conv(), conv(), act

    def forward(self, x):
        y = self.a(x)
        return self.act(self.b(torch.relu(y)) + y)


def test_a_layer_with_two_readers_keeps_its_own_ruler():
    found = placed(Residual())
    # y is read by relu and by the sum: relu cannot be taken into its ruler
    assert found.own_qparams == ("x", "a", "relu", "b", "relu_1")
    assert "a" not in found.fused
    assert list(found.fused.values()) == ["relu_1"]
    assert reasons(found) == {
        "relu": "a before it has other readers, so its ruler cannot clip for it"
    }


def test_a_ruler_lies_on_both_sides_of_a_hardswish():
    found = placed(Named([conv(), nn.Hardswish(), conv()]))
    assert found.own_qparams == ("input_1", "a", "b", "c")
    assert reasons(found) == {"b": "ONNX Runtime has no integer kernel for HardSwish"}
    (layer,) = found.float_layers
    assert str(layer) == f"b (HardSwish) stays float: {layer.reason}"


def test_what_moves_integers_shares_the_ruler_before_it():
    modules = [conv(), nn.MaxPool2d(2), nn.Upsample(scale_factor=2), conv(), nn.Flatten()]
    found = placed(Named([*modules, nn.Linear(256, 2)]))
    assert found.own_qparams == ("input_1", "a", "d", "f")
    assert found.shared_qparams == {"b": "a", "c": "a", "e": "d"}
    assert found.qparams_of("c") == "a"
    assert found.quantized == tuple("abcdef")


def test_an_input_that_is_only_moved_has_the_ruler_of_its_reader_s_choice():
    found = placed(Named([nn.MaxPool2d(2), conv()]))
    assert found.own_qparams == ("input_1", "b")
    assert found.shared_qparams == {"a": "input_1"}


def test_between_float_operators_there_is_no_ruler():
    found = placed(Named([nn.Tanh(), nn.MaxPool2d(2), nn.GELU()]))
    assert found.own_qparams == ()
    assert found.shared_qparams == {}
    assert found.quantized == ()
    assert reasons(found) == {
        "a": "ONNX Runtime has no integer kernel for it",
        "b": "the layers around it stay float",
        "c": "ONNX Runtime has no integer kernel for it",
    }


def test_a_float_producer_is_quantized_where_a_quantized_layer_reads_it():
    found = placed(Named([nn.Tanh(), nn.MaxPool2d(2), conv()]))
    assert found.own_qparams == ("a", "c")
    assert found.shared_qparams == {"b": "a"}


def test_computed_operators_have_their_own_rulers():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.fc = conv(), nn.Conv2d(4, 4, 1)

        def forward(self, x):
            y = self.a(x)
            gate = torch.sigmoid(self.fc(F.adaptive_avg_pool2d(y, 1)))
            y = y * gate
            y = torch.cat([y, x], 1)
            return F.avg_pool2d(y, 2), F.softmax(y.flatten(1), 1)

    found = placed(Net())
    assert found.own_qparams == (
        "x", "a", "adaptive_avg_pool2d", "fc", "sigmoid", "mul", "cat", "avg_pool2d", "softmax",
    )  # fmt: skip
    assert found.shared_qparams == {"flatten": "cat"}
    assert found.float_layers == ()


def test_a_batchnorm_on_its_own_is_reported():
    found = placed(Named([nn.BatchNorm2d(4), conv()]))
    assert found.own_qparams == ("a", "b")
    assert reasons(found) == {
        "a": "no convolution or linear layer before it, that it alone reads, to fold it into"
    }


def test_a_linear_resize_stays_float():
    found = placed(Named([conv(), nn.Upsample(scale_factor=2, mode="bilinear"), conv()]))
    assert reasons(found) == {"b": "ONNX Runtime resizes integers only to the nearest pixel"}


@pytest.mark.parametrize("name", ["block.0", "block_0"])
def test_keep_float_takes_paths_and_node_names(name):
    model = nn.Sequential()
    model.add_module("block", nn.Sequential(conv(), nn.ReLU(), conv()))
    found = placed(model, Recipe(keep_float=(name,)))
    # The convolution's ReLU has no ruler to do it any more.
    assert reasons(found) == {
        "block_0": f"keep_float names {name}",
        "block_1": "block_0 before it stays float, so no ruler clips for it",
    }
    assert found.own_qparams == ("block_1", "block_2")
    assert [layer.path for layer in found.float_layers] == ["block.0", "block.1"]


def test_keep_float_takes_the_beginning_of_paths():
    model = nn.Sequential()
    model.add_module("body", nn.Sequential(conv(), nn.ReLU()))
    model.add_module("bodyguard", conv())
    found = placed(model, Recipe(keep_float=["body"]))
    assert list(reasons(found)) == ["body_0", "body_1"]


def test_a_moving_layer_kept_float_breaks_the_chain():
    found = placed(Named([conv(), nn.MaxPool2d(2), conv()]), Recipe(keep_float=["b"]))
    assert found.own_qparams == ("input_1", "a", "b", "c")
    assert found.shared_qparams == {}


def test_an_unknown_name_gets_near_ones():
    graph = trace_model(Named([conv(), nn.ReLU()]), X)
    with pytest.raises(ValueError, match="keep_float names 'aa', but the model has no such layer"):
        place_qparams(graph, Recipe(keep_float=("aa",)))
    nested = nn.Sequential()
    nested.add_module("features", nn.Sequential(conv(), conv()))
    with pytest.raises(ValueError, match=r"did you mean features\.0, features_0, features\.1\?"):
        find_layers(trace_model(nested, X), ["feature.0"], "layers")


def test_a_layer_called_twice_is_kept_float_twice():
    shared = conv()
    found = placed(Named([shared, nn.ReLU(), shared]), Recipe(keep_float=["a"]))
    assert list(reasons(found)) == ["a", "b", "a_1"]


def test_what_is_no_float_has_no_ruler_and_its_reader_stays_float():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = conv(), conv()

        def forward(self, x):
            y = self.a(x)
            return self.b(y * (y > 0))

    found = placed(Masked())
    assert found.own_qparams == ("x", "a", "mul", "b")
    assert reasons(found)["mul"] == "gt is bool, which has no ruler"
