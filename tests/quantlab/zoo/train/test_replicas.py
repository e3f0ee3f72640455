"""Parts of a batch give the gradient of the whole."""

import pytest
import torch
from torch import nn

from quantlab.zoo.train.replicas import Replicas


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_gradients_are_those_of_the_whole_batch(count: int) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    x, y = torch.randn(7, 6, dtype=torch.float64), torch.arange(7) % 3

    def loss(net: nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
        return nn.functional.cross_entropy(net(batch[0]), batch[1])

    value = Replicas(model, count).backward(loss, [x, y])
    ours = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    whole = loss(model, [x, y])
    whole.backward()
    # Sums of 7 terms in another order, in float64.
    assert value == pytest.approx(whole.item(), rel=1e-14)
    for mine, parameter in zip(ours, model.parameters(), strict=True):
        torch.testing.assert_close(mine, parameter.grad, rtol=1e-12, atol=1e-15)


def test_copies_follow_the_optimizer() -> None:
    model = nn.Linear(2, 2)
    replicas = Replicas(model, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    replicas.backward(lambda net, batch: net(batch[0]).square().mean(), [torch.ones(4, 2)])
    before = model.weight.detach().clone()
    optimizer.step()
    assert not torch.equal(model.weight, before)
    assert torch.equal(replicas.models[1].weight, model.weight)
