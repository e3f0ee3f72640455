"""Parts of a network that learns to be quantized: rulers that follow, layers that fold."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from quantlab.methods.fake_quantize import FakeQuantize
from quantlab.methods.ptq.weights import QuantizedWeight, quantize_weight_with
from quantlab.methods.rule import Rule
from quantlab.numerics import MovingAverageObserver, QParams

AVERAGING_CONSTANT = 0.01  # the part of the way an end moves with each batch, as torch's observers


class WeightFakeQuantize(FakeQuantize):
    """FakeQuantize of weights: the ruler is laid anew over the weights each time they are read.

    Nothing is averaged: weights, unlike activations, are all there to be looked at. Once frozen,
    the weights move under a ruler that stays.

    Parameters
    ----------
    rule : Rule
        Which observer looks at the weights; per-channel is along axis 0.
    weight : float32 tensor
        The first weights.
    layer : str
        Whose weights they are, for messages.
    """

    def __init__(self, rule: Rule, weight: Tensor, layer: str) -> None:
        self._frozen = False
        self._layer = layer
        self._observer = rule.make_observer(axis=0)
        super().__init__(self._over(weight))

    def freeze(self, frozen: bool = True) -> None:
        """Leave the ruler as it is from now on, or let it follow again."""
        self._frozen = frozen

    def _over(self, weight: Tensor) -> QParams:
        _check_finite(weight, f"the weights of layer {self._layer} hold")
        return self._observer.fit(as_array(weight)).qparams()

    def forward(self, x: Tensor) -> Tensor:
        """As `FakeQuantize.forward`; ValueError where the weights are no longer finite."""
        if not self._frozen:
            self.assign(self._over(x))
        return super().forward(x)


class ActivationFakeQuantize(FakeQuantize):
    """FakeQuantize of an activation: in training, the ends of the ruler follow the batches slowly.

    Each batch moves each end a part of the way to that batch's own range (Jacob et al. 2018,
    arXiv:1712.05877, section 3.1; there the range is the batch's smallest and largest value, here
    what the rule's observer makes of the batch). In eval mode, and once frozen, it stays.

    Parameters
    ----------
    rule : Rule
        Which observer looks at a batch, and which ruler is laid over the averaged range.
    start : QParams
        The ruler from calibration; its ends are where the average begins.
    layer : str
        What gives the activation, for messages.
    """

    def __init__(self, rule: Rule, start: QParams, layer: str) -> None:
        self._frozen = False
        self._layer = layer
        self._observer = rule.make_observer()
        average = Rule(
            rule.dtype,
            rule.scheme,
            "per-tensor",
            "moving_average",
            {"averaging_constant": AVERAGING_CONSTANT},
            rule.narrow,
        ).make_observer()
        assert isinstance(average, MovingAverageObserver)
        self._average = average
        super().__init__(start)
        # A symmetric ruler reaches one step further down than up; the range it was laid over
        # does not.
        lo = max(start.lo, -start.hi) if rule.scheme == "symmetric" else start.lo
        self._average.partial_fit(np.array([lo, start.hi]))

    def freeze(self, frozen: bool = True) -> None:
        """Leave the ruler as it is from now on, or let it follow again."""
        self._frozen = frozen

    def forward(self, x: Tensor) -> Tensor:
        """As `FakeQuantize.forward`; ValueError where x holds NaN or infinity."""
        if self.training and not self._frozen:
            _check_finite(x, f"layer {self._layer} gives")
            ends = self._observer.fit(as_array(x)).range()
            self.assign(self._average.partial_fit(np.array(ends)).qparams())
        return super().forward(x)

    def get_extra_state(self) -> dict[str, Any]:
        """The ruler and the averaged ends, for `state_dict()`."""
        average = {"lo": float(self._average.lo_), "hi": float(self._average.hi_)}
        return {**super().get_extra_state(), "average": average}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """The ruler and the ends from `get_extra_state()`."""
        average = state["average"]
        self._average.fit(np.array([average["lo"], average["hi"]], dtype=np.float32))
        super().set_extra_state({key: v for key, v in state.items() if key != "average"})


class FoldedLayer(nn.Module):
    """A convolution or linear layer that is trained as it will run: folded, then quantized.

    The weights are fake-quantized after they are multiplied by gamma / sigma of BatchNorm's running
    statistics, because those are the numbers that will be stored. With BatchNorm in eval mode the
    layer computes with the folded weights and bias alone, as it will run.

    In training the result is that of the batch's own statistics: multiplied by running sigma over
    batch sigma, and shifted by the batch's mean. So single batches do not shake the ruler of the
    weights. The statistics are those of a second convolution with float weights; a channel whose
    weights all round to 0 would otherwise have variance 0, and its sigma would vanish. (Jacob et
    al. 2018, arXiv:1712.05877, section 3.2; the correction is Krishnamoorthi's 2018,
    arXiv:1806.08342, section 3.2.2.)

    Parameters
    ----------
    layer : nn.Conv2d or nn.Linear
        Becomes part of this layer.
    batchnorm : nn.BatchNorm2d or nn.BatchNorm1d, optional
        The one that follows it, with running statistics.
    """

    layer: Any
    batchnorm: Any

    def __init__(self, layer: nn.Conv2d | nn.Linear, batchnorm: Any = None) -> None:
        super().__init__()
        if batchnorm is not None and layer.bias is None:
            # BatchNorm's own bias does the learning; this one is where the folded bias goes.
            layer.bias = nn.Parameter(torch.zeros(layer.weight.shape[0]), requires_grad=False)
        self.layer = layer
        self.batchnorm = batchnorm
        self.ruler: FakeQuantize | None = None
        self._input: tuple[FakeQuantize, ...] = ()

    def quantize_with(self, ruler: FakeQuantize, x: FakeQuantize) -> None:
        """Fake-quantize the folded weights with `ruler`, the folded bias with it and x's."""
        self.ruler = ruler
        self._input = (x,)  # in a tuple, because it is part of another layer, not of this one

    def folded(self) -> tuple[Tensor, Tensor | None]:
        """Weight and bias with the running statistics of BatchNorm in them, differentiable."""
        weight, bias = self.layer.weight, self.layer.bias
        if self.batchnorm is None:
            return weight, bias
        gain = self._times_gamma(self._inverse_sigma(self.batchnorm.running_var))
        shifted = (bias - self.batchnorm.running_mean) * gain
        if self.batchnorm.bias is not None:
            shifted = shifted + self.batchnorm.bias
        return weight * gain.reshape(-1, *[1] * (weight.dim() - 1)), shifted

    def integers(self) -> QuantizedWeight:
        """What the folded weights and bias become on the rulers as they are now."""
        assert self.ruler is not None, "a float layer has no integers"
        weight, bias = self.folded()
        self.ruler(weight)  # a ruler that follows the weights looks at them first
        return self._quantized(as_array(weight), None if bias is None else as_array(bias))

    def forward(self, x: Tensor) -> Tensor:
        """The layer, and BatchNorm where there is one, of x."""
        weight, bias = self.folded()
        if self.batchnorm is None or not self.batchnorm.training:
            return self._run(x, *self._on_rulers(weight, bias))
        if self.ruler is not None:
            weight = self.ruler(weight)
        running = self._inverse_sigma(self.batchnorm.running_var)
        plain = self.layer(x)
        with torch.no_grad():
            self.batchnorm(plain)  # moves the running statistics, after they were read
        others = [axis for axis in range(plain.dim()) if axis != 1]
        variance, mean = torch.var_mean(plain, others, correction=0)
        batch = self._inverse_sigma(variance)
        shift = (self.layer.bias - mean) * self._times_gamma(batch)
        if self.batchnorm.bias is not None:
            shift = shift + self.batchnorm.bias
        along = (1, -1) + (1,) * (x.dim() - 2)
        y = self._run(x, weight, torch.zeros_like(mean))
        return y * (batch / running).reshape(along) + shift.reshape(along)

    def _inverse_sigma(self, variance: Tensor) -> Tensor:
        return torch.rsqrt(variance + self.batchnorm.eps)

    def _times_gamma(self, inverse_sigma: Tensor) -> Tensor:
        gamma = self.batchnorm.weight
        return inverse_sigma if gamma is None else inverse_sigma * gamma

    def _on_rulers(self, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Weight and bias as their integers will say them; gradients pass straight through."""
        if self.ruler is None:
            return weight, bias
        on_ruler = self.ruler(weight)
        if bias is None:
            return on_ruler, None
        # The largest weight of each channel decides whether the bias needs a wider ruler; the
        # bias's own integers do not look at the others.
        largest = weight.detach().abs().flatten(1).amax(1, keepdim=True)
        made = self._quantized(as_array(largest), as_array(bias))
        if made.qparams != self.ruler.qparams:
            on_ruler = FakeQuantize(made.qparams).to(weight.device)(weight)
        rounded = bias.clone()
        rounded.detach().copy_(torch.tensor(made.dequantized_bias))
        return on_ruler, rounded

    def _quantized(self, weight: np.ndarray, bias: np.ndarray | None) -> QuantizedWeight:
        assert self.ruler is not None
        return quantize_weight_with(weight, bias, self.ruler.qparams, self._input[0].qparams)

    def _run(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        parts = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        y: Tensor = functional_call(self.layer, parts, (x,))
        return y


def as_array(x: Tensor) -> np.ndarray:
    """The values of a tensor anywhere, in a graph or not."""
    return x.detach().cpu().numpy()


def _check_finite(x: Tensor, what: str) -> None:
    if not torch.isfinite(x).all():
        raise ValueError(
            f"{what} NaN or infinity in training: lower the learning rate, and check that the "
            f"images are finite."
        )
