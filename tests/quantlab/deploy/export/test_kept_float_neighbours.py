"""Every layer with weights by everything the runtime may fold into it: what is kept float is float.

The runtime first fuses what stands beside a float layer, then would quantize the weights of the
sum. So each pair is optimized by ONNX Runtime itself and looked at: the weights that run are
float32, and the simulator, which takes them for float, gives the same integers.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.runtime.agreement import compare_with_runtime
from quantlab.deploy.runtime.optimized_graph import multiplies, optimized_graph
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.recipe import Recipe
from tests.support.networks import images

SIDE = 8


def square(x: Tensor) -> Tensor:
    return x.reshape(-1, 8, SIDE, SIDE)


# A layer over 8 channels, and how it is called so that it gives images again.
LAYERS = {
    "conv": (lambda: nn.Conv2d(8, 8, 3, padding=1), lambda t, x: t(x)),
    "conv without bias": (lambda: nn.Conv2d(8, 8, 1, bias=False), lambda t, x: t(x)),
    "depthwise": (lambda: nn.Conv2d(8, 8, 3, padding=1, groups=8), lambda t, x: t(x)),
    "transposed": (lambda: nn.ConvTranspose2d(8, 8, 2, 2), lambda t, x: t(x)),
    "transposed without bias": (
        lambda: nn.ConvTranspose2d(8, 8, 2, 2, bias=False),
        lambda t, x: t(x),
    ),
    "conv1d": (lambda: nn.Conv1d(8, 8, 3, padding=1), lambda t, x: square(t(x.flatten(2)))),
    "transposed 1d": (
        lambda: nn.ConvTranspose1d(8, 8, 3, padding=1),
        lambda t, x: square(t(x.flatten(2))),
    ),
    "conv3d": (lambda: nn.Conv3d(1, 1, 3, padding=1), lambda t, x: t(x.unsqueeze(1)).squeeze(1)),
    "linear": (lambda: nn.Linear(8, 8), lambda t, x: t(x.mean((2, 3)))[:, :, None, None]),
    "linear over pixels": (
        lambda: nn.Linear(8, 8),
        lambda t, x: t(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
    ),
    "product over pixels": (
        lambda: nn.Linear(8, 8, bias=False),
        lambda t, x: t(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
    ),
}
BEHIND = {
    "BatchNorm": lambda s, x: s.norm(x),
    "BatchNorm, ReLU": lambda s, x: F.relu(s.norm(x)),
    "BatchNorm as a function": lambda s, x: F.batch_norm(
        x, s.norm.running_mean, s.norm.running_var, s.norm.weight
    ),
    "times a number": lambda s, x: x * 0.7,
    "times a constant": lambda s, x: s.c * x,
    "times a reshaped one": lambda s, x: x * s.g.reshape(1, -1, 1, 1),
    "plus a constant": lambda s, x: x + s.c,
    "minus a constant": lambda s, x: x - s.c,
    "by a constant": lambda s, x: x / s.c,
    "times and plus": lambda s, x: x * s.c + s.c,
    "ReLU6": lambda s, x: F.relu6(x),
    "padding": lambda s, x: F.pad(x, (1, 1, 1, 1)),
    "max pool": lambda s, x: F.max_pool2d(x, 1, 1),
    "sigmoid": lambda s, x: torch.sigmoid(x),
    "joined": lambda s, x: torch.cat([x, x], 1)[:, 4:12],
}
BEFORE = {
    "zeros around": lambda s, x: F.pad(x, (1, 0, 0, 1)),
    "another value around": lambda s, x: F.pad(x, (1, 0, 0, 1), value=0.5),
    "reflection": lambda s, x: F.pad(x, (1, 0, 0, 1), "reflect"),
    "max pool": lambda s, x: F.max_pool2d(x, 3, 1, 1),
    "ReLU": lambda s, x: F.relu(x),
}
NEEDS_SQUARE = ("conv1d", "transposed 1d")
PAIRS = [(layer, "", behind) for layer in LAYERS for behind in BEHIND] + [
    (layer, before, "")
    for layer in LAYERS
    for before in BEFORE
    if layer not in NEEDS_SQUARE or ("around" not in before and before != "reflection")
]


def nothing(s: nn.Module, x: Tensor) -> Tensor:
    return x


class Beside(nn.Module):
    """A convolution, something, the layer, something, and a convolution over 8 channels."""

    def __init__(self, layer: str, before: str, behind: str) -> None:
        super().__init__()
        make, self.call = LAYERS[layer]
        self.before, self.behind = BEFORE.get(before, nothing), BEHIND.get(behind, nothing)
        self.t, self.norm = make(), nn.BatchNorm2d(8)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)
        nn.init.normal_(self.norm.weight)
        self.c, self.g = nn.Parameter(torch.rand(1, 8, 1, 1) + 0.5), nn.Parameter(torch.rand(8) + 1)
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.behind(self, self.call(self.t, self.before(self, self.first(x)))))


@pytest.mark.parametrize("pair", PAIRS, ids=" - ".join)
def test_what_is_kept_float_is_float_beside_anything(pair: tuple[str, str, str]) -> None:
    torch.manual_seed(0)
    model = quantize_model(Beside(*pair).eval(), [images(2, SIDE)], Recipe(keep_float=("t",)))
    exported = build_onnx(model, signed_activations=False)
    assert compare_with_runtime(exported, images(2, SIDE, seed=5)).mismatches == 0
    ran = optimized_graph(exported, {"input": images(1, SIDE)})
    weights = [
        ran.graph.constants[node.inputs[1]].dtype
        for node, origin in zip(ran.graph.nodes, ran.origins, strict=True)
        if origin.removesuffix("_product") == "t" and multiplies(node.operator)
    ]
    assert weights == [np.float32]
