"""LSQ: the distance between two ticks is learned with the weights, by gradient descent.

Esser, McKinstry, Bablani, Appuswamy, Modha: Learned Step Size Quantization (ICLR 2020,
arXiv:1902.08153).
"""

from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from quantlab.methods.fake_quantize import FakeQuantize
from quantlab.numerics import QParams
from quantlab.numerics.qparams import SMALLEST_SCALE
from quantlab.numerics.validation import channel_axis, finite_float32


class _LearnedStep(torch.autograd.Function):
    """FakeQuantize's values and its gradient for x; and a gradient for scale.

    y = scale * q, and q = x / scale + residual as long as x is on the ruler. The residual, what
    rounding adds, counts as constant; so dy / dscale = residual. Off the ruler y = scale * lo or
    scale * hi, and the derivative is lo or hi.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, scale: Tensor, lo: int, hi: int, offset: Tensor | None, factor: float
    ) -> Tensor:
        steps = x / scale
        whole = steps.round()
        if offset is not None:
            whole.add_(offset)
        q = whole.clamp(lo, hi)
        inside = q == whole
        if offset is not None:
            q.sub_(offset)
        ctx.save_for_backward(inside, torch.where(inside, q - steps, q))
        ctx.factor, ctx.shape = factor, scale.shape
        return q * scale

    @staticmethod
    def backward(ctx: Any, *above: Any) -> tuple[Tensor | None, ...]:
        inside, slope = ctx.saved_tensors
        (g,) = above
        of_x = g * inside if ctx.needs_input_grad[0] else None
        of_scale = None
        if ctx.needs_input_grad[1]:
            of_scale = (g * slope).sum_to_size(ctx.shape) * ctx.factor
        return of_x, of_scale, None, None, None, None


class LearnedStepSize(FakeQuantize):
    """FakeQuantize whose scale is a parameter; zero_point stays.

    Values, and the gradient for x, are those of FakeQuantize. The gradient for scale is, an entry:
    q - x / scale where qmin <= q <= qmax before saturation (q counted from zero_point), and
    qmin - zero_point or qmax - zero_point beyond; their sum over the tensor or channel is
    multiplied by 1 / sqrt(values * levels), so that scale moves, relative to its size, about as
    fast as the weights do.

    "On the ruler" is judged after rounding, as in FakeQuantize and in torch's learnable kernels.
    The paper judges x / scale before rounding: half a step at either end belongs to the other case.

    A scale that an optimizer takes to zero or below is refused the next time it is used: from there
    every value saturates, and a network that goes on with it learns nothing. `train_qat` lets it
    keep its value; in a loop of your own `HeldScales` does.

    Parameters
    ----------
    qparams : QParams
        The ruler to start from, for weights `initial_qparams(weight, qparams)`.
    values : int
        How many values share a scale: weights of the layer or of one channel; features of one
        sample for an activation.
    layer : str
        Whose scale it is, for messages.

    Raises
    ------
    ValueError
        values is below 1.

    Examples
    --------
    >>> x = torch.tensor([0.2, 0.6, 9.0])
    >>> layer = LearnedStepSize(QParams(0.5, 0, "int4"), values=3)
    >>> layer(x).sum().backward()
    >>> expected = ((0 - 0.4) + (1 - 1.2) + 7) / sqrt(3 * 7)
    >>> round(layer.scale.grad.item() / expected, 6)
    1.0
    """

    def __init__(self, qparams: QParams, values: int, layer: str = "this layer") -> None:
        super().__init__(qparams)
        if values < 1:
            raise ValueError(
                f"values is {values}, but it counts the numbers that share a scale: pass at least "
                f"1, for weights weight.numel()."
            )
        scale = self.scale
        del self.scale  # the buffer makes room for the parameter
        self.scale = nn.Parameter(scale)
        self.values = int(values)
        self.layer = layer

    @property
    def qparams(self) -> QParams:
        """The ruler as learned so far.

        Raises
        ------
        ValueError
            The optimizer has taken a scale to zero, below, or out of float32.
        """
        self._check_scale()
        return replace(self._qparams, scale=self.scale.detach().cpu().numpy())

    def freeze(self, frozen: bool = True) -> None:
        """Stop learning the scale, or go on with it."""
        self.scale.requires_grad_(not frozen)

    def forward(self, x: Tensor) -> Tensor:
        """As `FakeQuantize.forward`; ValueError where the scale is no longer above zero."""
        self._check_scale()
        scale, offset = self._aligned(x)
        factor = 1 / sqrt(self.values * positive_levels(self._qparams))
        y: Tensor = _LearnedStep.apply(x, scale, self._lo, self._hi, offset, factor)
        return y

    def _check_scale(self) -> None:
        scale = self.scale.detach()
        bad = ~(torch.isfinite(scale) & (scale >= SMALLEST_SCALE))
        if bad.any():
            raise ValueError(
                f"the learned scale of {self.layer} is {scale[bad][0].item():.3g}, but the "
                f"distance between two ticks is above zero: lower the learning rate."
            )


def positive_levels(qparams: QParams) -> int:
    """The paper's Q_P: ticks above zero. Where there are none, those below; channels: the most."""
    above = int(np.max(qparams.qmax - np.asarray(qparams.zero_point)))
    return above if above > 0 else int(np.max(qparams.zero_point)) - qparams.qmin


def initial_qparams(x: Any, qparams: QParams) -> QParams:
    """The paper's start: `scale = 2 * mean(|x|) / sqrt(Q_P)`, per-tensor or a channel.

    Parameters
    ----------
    x : float array of any shape
        Finite: the weights, or a first batch of activations.
    qparams : QParams
        Everything but the scale comes from here, and the scale too where all of x is 0.

    Returns
    -------
    QParams

    Raises
    ------
    ValueError
        x is not of a float dtype, is empty or holds NaN or infinity; the axis does not fit.

    Examples
    --------
    >>> initial_qparams([-1.0, 3.0], QParams(1.0, 0, "int8", narrow=True))
    QParams(scale=0.3549426, zero_point=0, dtype='int8', narrow=True)
    """
    size = np.abs(finite_float32(x, "x").astype(np.float64))
    if qparams.axis is None:
        mean = size.mean()
    else:
        kept = channel_axis(qparams.axis, size.ndim, "x")
        mean = size.mean(axis=tuple(k for k in range(size.ndim) if k != kept))
    scale = 2 * mean / sqrt(positive_levels(qparams))
    return replace(qparams, scale=np.where(scale >= SMALLEST_SCALE, scale, qparams.scale))
