"""One training step over several cores: each works on its own part of the batch."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

from torch import Tensor, nn


class Replicas:
    """A model and copies that share its weights, each run by a thread of its own.

    torch can split every single operator over the cores instead; with a network of many small
    operators the cores then wait for each other more than they work. BatchNorm takes the statistics
    of each part by itself; the model keeps those of the first part, as torch's
    DistributedDataParallel does.

    Parameters
    ----------
    model : torch.nn.Module
    count : int
        Parts of a batch, 1 or more.
    """

    def __init__(self, model: nn.Module, count: int) -> None:
        self.models = [model, *(_sharing(model) for _ in range(count - 1))]
        self._threads = ThreadPoolExecutor(count)

    def backward(
        self, loss: Callable[[nn.Module, list[Tensor]], Tensor], batch: list[Tensor]
    ) -> float:
        """Gradients of the mean loss into the model's `.grad`; the loss.

        Parameters
        ----------
        loss : function of a model and a part of the batch
        batch : tensors (N, ...)
        """
        count = min(len(self.models), len(batch[0]))
        parts = zip(*(t.tensor_split(count) for t in batch), strict=True)
        share = [len(part) / len(batch[0]) for part in batch[0].tensor_split(count)]

        def work(model: nn.Module, part: list[Tensor], weight: float) -> float:
            model.zero_grad()
            value = loss(model, part) * weight
            value.backward()
            return value.item()

        models = self.models[:count]
        values = list(self._threads.map(work, models, map(list, parts), share))
        for others in zip(*(m.parameters() for m in models), strict=True):
            for other in others[1:]:
                others[0].grad += other.grad
        return sum(values)


def _sharing(model: nn.Module) -> nn.Module:
    copy = deepcopy(model)
    for mine, theirs in zip(copy.parameters(), model.parameters(), strict=True):
        mine.data = theirs.data
    return copy
