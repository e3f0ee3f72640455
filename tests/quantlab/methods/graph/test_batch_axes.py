"""Where the images lie in each tensor, and what computes with how many they are."""

import pytest
import torch
from torch import nn

from quantlab.methods import trace_model

X = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Counts(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.conv, self.function = nn.Conv2d(3, 4, 3), function

    def forward(self, x):
        return self.function(self.conv(x))


@pytest.mark.parametrize(
    "function",
    [
        lambda y: y * y.shape[0],
        lambda y: y + y.size(0),
        lambda y: torch.div(y, len(y.shape) + y.shape[0]),
        lambda y: y.sum(0, keepdim=True) / y.shape[0] + y,
    ],
    ids=["times", "plus", "by a sum", "a mean over images"],
)
def test_what_computes_with_the_number_of_images_is_refused(function):
    """A file would hold the number of the example's."""
    with pytest.raises(ValueError, match="with the number of images, here 3"):
        trace_model(Counts(function).eval(), X)


@pytest.mark.parametrize(
    "function",
    [
        lambda y: y * y.shape[1],
        lambda y: y.reshape(y.shape[0], -1) / (y.shape[2] * y.shape[3]),
        lambda y: y.reshape(y.shape[0] * 2, -1).relu(),
    ],
    ids=["channels", "a side", "in a shape"],
)
def test_other_sizes_and_shapes_are_free(function):
    model = Counts(function).eval()
    graph = trace_model(model, X)
    for images in (X, X[:1]):
        # A quotient is a product with the inverse: two roundings of 2^-24 in the place of one.
        torch.testing.assert_close(graph(images), model(images), rtol=3 * 2**-24, atol=0)
