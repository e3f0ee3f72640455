"""can_quantize: what it says of a model is what quantize_model and export_onnx then do."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab import Recipe, can_quantize, export_onnx, precision_report, quantize_model
from quantlab.learn.cli import main

X = np.random.default_rng(0).normal(size=(2, 3, 16, 16)).astype(np.float32)


class Net(nn.Module):
    """A function between two convolutions."""

    def __init__(self, function=F.relu, channels=8):
        super().__init__()
        self.function = function
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(channels, 4, 1)

    def forward(self, x):
        return self.b(self.function(self.a(x)))


def attention(y):
    rows = y.flatten(2).transpose(1, 2)
    mixed = F.scaled_dot_product_attention(rows, rows, rows)
    return mixed.transpose(1, 2).unflatten(2, (16, 16))


MODELS = {
    "plain": Net,
    "adaptive max": lambda: Net(lambda y: F.adaptive_max_pool2d(y, 4)),
    "uneven adaptive max": lambda: Net(lambda y: F.adaptive_max_pool2d(y, 7)),
    "uneven adaptive average": lambda: Net(lambda y: F.adaptive_avg_pool2d(y, 7)),
    "stack": lambda: Net(lambda y: torch.stack([y, y], 1).flatten(1, 2), 16),
    "expand": lambda: Net(lambda y: y.mean((2, 3), keepdim=True).expand(-1, -1, 8, 8)),
    "zeros": lambda: Net(lambda y: torch.cat([y, torch.zeros(y.shape[0], 8, 16, 16)], 1), 16),
    "argmax": lambda: nn.Sequential(Net(), nn.Flatten(), Argmax()),
    "unbind": lambda: Net(lambda y: torch.cat(y.unflatten(1, (2, 4)).unbind(1), 1)),
    "einsum": lambda: Net(lambda y: torch.einsum("nchw,nchv->nchv", y, y)),
    "attention": lambda: Net(attention),
    "chunk": lambda: Net(lambda y: torch.cat(y.chunk(2, 1), 1)),
    "mask": lambda: Net(lambda y: y * (y > 0)),
    "value": lambda: Net(lambda y: y if y.max() > 0 else -y),
    "half": lambda: Net().half(),
}


class Argmax(nn.Module):
    def forward(self, x):
        return x.argmax(1)


@pytest.mark.parametrize("name", MODELS)
def test_the_verdict_is_the_outcome(name, tmp_path):
    torch.manual_seed(0)
    model = MODELS[name]().eval()
    check = can_quantize(model, X)
    file, said = tmp_path / "net.onnx", None
    try:
        quantized = quantize_model(model, [X, -X])
        export_onnx(quantized, file)
    except ValueError as error:
        said = str(error)
    assert check.possible == (said is None)
    if said is not None:
        assert said in [row["reason"] for row in check.layers] + [check.refusal]
        return
    told = {row["layer"] for row in check.layers if row["verdict"] == "float"}
    assert told == {layer.path for layer in quantized.float_layers}
    ran = precision_report(file, profile=False).nodes
    assert not told & {node.label for node in ran if node.precision == "INT8" and not node.kind}


def test_every_layer_without_a_form_is_named_at_once():
    check = can_quantize(Net(lambda y: torch.cummax(torch.fft.fft(y).real, 1)[0]).eval(), X)
    named = [row["layer"] for row in check.layers if row["verdict"] == "cannot be exported"]
    assert {"fft_fft", "cummax"} <= set(named)
    assert "cannot be quantized: " in str(check)


def test_the_recipe_is_looked_at_and_the_way_is_said():
    check = can_quantize(Net().eval(), X, Recipe(keep_float=["b"]))
    assert check.count("float") == 1
    assert check.layers[-1]["reason"] == "keep_float names b"
    assert "Traced by torch.fx." in str(check)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="Module is needed"):
        can_quantize("net.pt", X)


def test_the_command_says_the_same_and_its_exit_code_too(tmp_path, capsys):
    file = tmp_path / "nets.py"
    file.write_text(
        "import torch\nfrom torch import nn\n"
        "def good(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())\n"
        "def bad(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).double()\n"
    )
    ask = ["can-quantize", "--input", "1,3,8,8", "--json"]
    assert main([*ask, f"{file}:good"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in said["rows"]] == ["INT8", "INT8"]
    assert main([*ask, f"{file}:bad"]) == 1
    assert "call model.float() first" in json.loads(capsys.readouterr().out)["notes"][0]
    assert main(["can-quantize", f"{file}:good", "--input", "1x3"]) == 2
    assert "write 1,3,224,224" in capsys.readouterr().err
    assert main(["can-quantize", f"{file}:none", "--input", "1,3,8,8"]) == 2
    assert "has no 'none'" in capsys.readouterr().err
