"""Constants that are added or multiplied: which forms there are, and which ones are nothing."""

import pytest
import torch
from torch import Tensor, nn

from quantlab.methods.graph.operators import is_operator, operator_of
from quantlab.methods.graph.tracing import trace_model

X = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))


class Between(nn.Module):
    """A function of (x, ones, zeros) behind a Tanh: no layer that takes a constant in."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function
        self.one, self.zero = nn.Parameter(torch.ones(4, 1, 1)), nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(torch.tanh(x), self.one, self.zero)


CASES = {
    "a learned scale and shift that training has not moved": (lambda x, a, b: x * a + b, []),
    "from the left": (lambda x, a, b: b + a * x, []),
    "numbers": (lambda x, a, b: (x / 1 - 0) * 1.0, []),
    "another number": (lambda x, a, b: x * 1.5 + 0, ["Mul"]),
    "some zeros": (lambda x, a, b: x + torch.arange(4.0).reshape(4, 1, 1), ["Add"]),
    "one that gives another shape": (lambda x, a, b: x[:, :1] * a, ["Slice", "Mul"]),
}


@pytest.mark.parametrize("name", CASES)
def test_times_one_and_plus_zero_are_no_operators(name) -> None:
    function, expected = CASES[name]
    model = Between(function).eval()
    graph = trace_model(model, X)
    found = [operator_of(graph, node) for node in graph.graph.nodes if is_operator(node)]
    assert [getattr(operator, "kind", "Tanh") for operator in found] == ["Tanh", *expected]
    assert torch.equal(graph(X), model(X))
