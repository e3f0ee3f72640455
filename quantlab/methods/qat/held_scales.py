"""Learned scales that a step of the optimizer must not take from the positive numbers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from quantlab.methods.qat.lsq import LearnedStepSize
from quantlab.numerics.qparams import SMALLEST_SCALE


class HeldScales:
    """All learned scales of a network.

    A step that would take a scale to zero or below leaves that scale where it was: the gradient
    asked for a finer ruler than one step can make, not for none. A scale that becomes infinite or
    NaN is left alone, so that it is noticed.

    Parameters
    ----------
    network : torch.nn.Module

    Examples
    --------
    `scales = HeldScales(qat)`, and in the loop `with scales.held(): optimizer.step()`.
    """

    def __init__(self, network: nn.Module) -> None:
        self._learned = [m for m in network.modules() if isinstance(m, LearnedStepSize)]
        self._steps: Counter[str] = Counter()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Around one step of an optimizer."""
        before = [module.scale.detach().clone() for module in self._learned]
        yield
        for module, scale in zip(self._learned, before, strict=True):
            gone = module.scale.detach() < SMALLEST_SCALE
            if gone.any():
                with torch.no_grad():
                    module.scale.copy_(torch.where(gone, scale, module.scale))
                self._steps[module.layer] += 1

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each layer whose scale was held."""
        return tuple(
            f"The learned scale of {layer} would have left the positive numbers in {steps} "
            f"step{'s' * (steps > 1)} and kept its value there: a lower learning rate lets it move."
            for layer, steps in self._steps.items()
        )
