"""A mask before a softmax keeps the scores float: its ruler would have no step for them."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.deploy import build_onnx, compare_with_runtime, open_session
from quantlab.methods import quantize_model

X = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
BEHIND = torch.ones(8, 8, dtype=torch.bool).triu(1)


class Attention(nn.Module):
    """Channels look at channels, as `masked` lets them."""

    def __init__(self, masked) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.masked = nn.Conv2d(3, 8, 3), nn.Conv1d(8, 4, 1), masked

    def forward(self, x: Tensor) -> Tensor:
        rows = self.first(x).flatten(2)
        scores = self.masked(rows @ rows.transpose(1, 2) / 14)
        return self.last(F.softmax(scores, -1) @ rows)


MASKS = {
    "added": lambda scores: scores + BEHIND * -1e9,
    "filled": lambda scores: scores.masked_fill(BEHIND, -torch.inf),
    "chosen": lambda scores: torch.where(BEHIND, -1e4, scores),
    "moved": lambda scores: scores.masked_fill(BEHIND, -1e4).reshape(-1, 8, 8),
}


@pytest.mark.parametrize("name", MASKS)
def test_masked_scores_stay_float(name):
    model = Attention(MASKS[name]).eval()
    quantized = quantize_model(model, X)
    said = {layer.operator: layer.reason for layer in quantized.float_layers}
    assert "a ruler down to -" in said["Softmax"]
    file = build_onnx(quantized)
    assert compare_with_runtime(file, X[:1].numpy()).mismatches == 0
    with torch.no_grad():
        expected = model(X).numpy()
    (got,) = open_session(file).run(None, {"input": X.numpy()})
    # With the mask on the ruler all scores but the mask's are one number: an error of the size of
    # the values. Rulers of 8 bits for input, weights and rows err by a few of their 255 steps.
    assert abs(got - expected).max() < 0.1 * abs(expected).max()


def test_a_shallow_mask_is_on_a_ruler():
    """Swin's -100: so far down a ruler still has steps for the scores."""
    quantized = quantize_model(Attention(lambda scores: scores + BEHIND * -100.0).eval(), X)
    assert "Softmax" not in {layer.operator for layer in quantized.float_layers}
