"""Why a graph is not its model: three causes, told apart by running the model again."""

import pytest
import torch

from quantlab.methods.graph.same_result import why_another

X = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)) + 1


@pytest.mark.parametrize(
    ("model", "cause"),
    [
        (lambda x: x + torch.rand_like(x), "draws random numbers"),
        (lambda x: {"rest": torch.frac(x * 2**22)}, "depends on the last bits of its input"),
        (torch.relu, "changes in place a tensor"),
    ],
)
def test_each_cause_has_its_sentence(model, cause) -> None:
    assert cause in why_another(model, X)
