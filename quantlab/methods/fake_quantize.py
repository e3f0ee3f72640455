"""Fake quantization inside a network: values a ruler can say, gradients that pass straight through.

Rounding has the derivative 0 almost everywhere, so nothing could be learned through it. The
straight-through estimator (Bengio, Léonard, Courville 2013, arXiv:1308.3432) takes 1 instead where
a value is on the ruler, and 0 where it saturates.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.numerics import QParams
from quantlab.numerics.validation import channel_axis


def straight_through(
    x: Tensor, scale: Tensor, lo: int, hi: int, offset: Tensor | None = None
) -> Tensor:
    """`clamp(rint(x / scale), lo, hi) * scale`; the gradient is 1 from lo to hi, 0 beyond.

    Division, and half to even: the contract of ONNX QuantizeLinear, of which
    torch.fake_quantize_* differs near ties, because it multiplies by 1 / scale.

    Parameters
    ----------
    x : float32 tensor of any shape
        An infinity saturates. NaN stays NaN: torch's kernels turn it into qmin, and the number
        would hide where the network broke.
    scale : float32 tensor that broadcasts with x, on x's device
        On a GPU a scale that stays on the CPU would be multiplied by as its reciprocal.
    lo, hi : int
        Smallest and largest number of steps from zero: qmin - zero_point, qmax - zero_point.
    offset : float32 tensor like scale, optional
        zero_points that differ between channels; lo and hi are then qmin and qmax.

    Returns
    -------
    float32 tensor of x's shape. Where x rounds to 0 it may be -0.0.
    """
    # detach() shares the memory, so autograd sees a clone and a hardtanh and none of the arithmetic
    # between them. hardtanh's derivative is 0 at its ends and 1 between: half a step beyond lo and
    # hi, no whole number falls on an end. A Function in Python would say the same, but slower by
    # its own call and by a mask: one pass backward reads the whole numbers that are already here.
    learns = x.requires_grad and torch.is_grad_enabled()
    q = x.clone() if learns else x / scale
    whole = q.detach().div_(scale).round_() if learns else q.round_()
    if offset is not None:
        whole.add_(offset)
    y = F.hardtanh(q, lo - 0.5, hi + 0.5) if learns else q
    values = y.detach().clamp_(lo, hi)
    if offset is not None:
        values.sub_(offset)
    values.mul_(scale)
    return y


class FakeQuantize(nn.Module):
    """`quantlab.fake_quantize` as a layer that can be trained through.

    The output equals `quantlab.fake_quantize(x, qparams)` value for value. The gradient equals
    that of torch.fake_quantize_per_tensor_affine and _per_channel_affine: it passes where
    qmin <= q <= qmax, both included, and is 0 elsewhere. The two can only differ where x / scale
    and x * (1 / scale) round to different integers at an end of the ruler.

    Parameters
    ----------
    qparams : QParams
        The ruler, per-tensor or per-channel. It is part of `state_dict()`.

    Examples
    --------
    >>> from quantlab.numerics import QParams
    >>> x = torch.tensor([-3.0, 0.26, 0.75, 9.0], requires_grad=True)
    >>> y = FakeQuantize(QParams(0.5, 0, "int4"))(x)
    >>> y.tolist()
    [-3.0, 0.5, 1.0, 3.5]
    >>> y.sum().backward()
    >>> x.grad.tolist()
    [1.0, 1.0, 1.0, 0.0]
    """

    scale: Tensor

    def __init__(self, qparams: QParams) -> None:
        super().__init__()
        # Not persistent: the state holds the whole ruler, and a loaded one goes through `assign`.
        self.register_buffer("scale", torch.empty(0), persistent=False)
        self.register_buffer("_offset", None, persistent=False)
        self.assign(qparams)

    @property
    def qparams(self) -> QParams:
        """The ruler in use."""
        return self._qparams

    def assign(self, qparams: QParams) -> None:
        """Lay another ruler."""
        device = self.scale.device
        self._qparams = qparams
        self.scale.data = torch.tensor(qparams.scale, device=device)
        zero_points = np.unique(qparams.zero_point)
        shared = int(zero_points[0]) if zero_points.size == 1 else None
        # Where channels have different zeros, lo and hi are no single numbers.
        self._offset = None
        if shared is None:
            self._offset = torch.tensor(qparams.zero_point, dtype=torch.float32, device=device)
        self._lo, self._hi = qparams.qmin - (shared or 0), qparams.qmax - (shared or 0)

    def forward(self, x: Tensor) -> Tensor:
        """Fake-quantize x, a float32 tensor of any shape; the result has the same.

        Raises
        ------
        TypeError
            x is not float32.
        ValueError
            The axis or the number of channels does not fit.
        """
        scale, offset = self._aligned(x)
        return straight_through(x, scale, self._lo, self._hi, offset)

    def _aligned(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """scale and offset shaped so that they broadcast along the channel axis of x."""
        if x.dtype is not torch.float32:
            raise TypeError(
                f"x has dtype {x.dtype}, but fake quantization imitates a runtime that reads "
                f"float32: convert with x.float()."
            )
        axis = self._qparams.axis
        if axis is None:
            return self.scale, self._offset
        axis = channel_axis(axis, x.dim(), "x")
        channels = self.scale.numel()
        if x.shape[axis] != channels:
            raise ValueError(
                f"x has {x.shape[axis]} channels along axis {self._qparams.axis} (shape "
                f"{tuple(x.shape)}), but qparams has {channels} scales: choose qparams for this "
                f"tensor and this axis."
            )
        shape = [1] * x.dim()
        shape[axis] = channels
        offset = self._offset
        return self.scale.view(shape), None if offset is None else offset.view(shape)

    def get_extra_state(self) -> dict[str, Any]:
        """The ruler as plain data, for `state_dict()`."""
        return self.qparams.to_dict()

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """The ruler from `get_extra_state()`."""
        self.assign(QParams.from_dict(state))

    def extra_repr(self) -> str:
        """The ruler, for print(model)."""
        return repr(self.qparams)
