"""The weights of one layer as integers, with a bias on the ruler of the accumulator."""

from dataclasses import dataclass

import numpy as np

from quantlab.methods.rule import Rule
from quantlab.numerics import QParams, dequantize, quantize
from quantlab.numerics.qparams import SMALLEST_SCALE

# Half of what int32 holds: the other half is left for the sum of products the bias is added to.
LARGEST_BIAS = 2**30
# The bias of a channel without weights is as long as float32 is exact.
DEAD_BIAS = 2**23


@dataclass(frozen=True, eq=False)
class QuantizedWeight:
    """Integers of one convolution or linear layer.

    Parameters
    ----------
    q : integer array (M, C / groups, kH, kW), or (N, K)
        Read-only, dtype `qparams.storage`.
    qparams : QParams
        Per-tensor, or per-channel along axis 0.
    bias : float32 array (M,), optional
        As the float layer has it, or as bias correction made it.
    bias_q : int32 array (M,), optional
        `rint(bias / bias_scale)`.
    bias_scale : float32 scalar, or array (M,) for per-channel weights
        `x.scale * w.scale`, in float32: the ruler of the layer's int32 sums, zero_point 0.
    """

    q: np.ndarray
    qparams: QParams
    bias: np.ndarray | None
    bias_q: np.ndarray | None
    bias_scale: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.q, self.bias, self.bias_q):
            if array is not None:
                array.setflags(write=False)

    @property
    def dequantized(self) -> np.ndarray:
        """The float32 weights the integers stand for."""
        return dequantize(self.q, self.qparams)

    @property
    def dequantized_bias(self) -> np.ndarray | None:
        """The float32 bias its integers stand for, as DequantizeLinear computes it."""
        if self.bias_q is None:
            return None
        return np.asarray(self.bias_q.astype(np.float32) * self.bias_scale)

    @property
    def nbytes(self) -> int:
        """Bytes of the packed integers, the int32 bias, the float32 scales and the zero_points."""
        bits = self.qparams.bits
        rulers = np.size(self.qparams.scale)
        packed = (self.q.size * bits + 7) // 8 + (rulers * bits + 7) // 8
        return packed + 4 * rulers + (0 if self.bias_q is None else self.bias_q.nbytes)


def quantize_weight(
    weight: np.ndarray, bias: np.ndarray | None, rule: Rule, x: QParams
) -> QuantizedWeight:
    """Weights on the ruler that `rule` lays over them, the bias on that of the sums.

    A bias so large, or weights so small, that the bias would pass 2^30 gets a wider weight scale in
    its channel: the bias must survive, the weights lose bits that no longer matter beside it. In a
    channel whose weights are all zero any scale is right for them; the one that makes the bias
    2^23 steps is used.

    Parameters
    ----------
    weight : float32 array (M, ...)
    bias : float32 array (M,), optional
    rule : Rule
    x : QParams, per-tensor
        The ruler of the layer's input.

    Raises
    ------
    ValueError
        The weights hold NaN or infinity.
    """
    return quantize_weight_with(weight, bias, _observed(weight, rule), x)


def quantize_weight_with(
    weight: np.ndarray, bias: np.ndarray | None, qparams: QParams, x: QParams
) -> QuantizedWeight:
    """As `quantize_weight`, on a ruler chosen before, which is widened where a bias needs it."""
    wide = _with_room_for(bias, weight, qparams, x)
    return from_integers(quantize(weight, wide), bias, wide, x)


def weight_qparams(weight: np.ndarray, bias: np.ndarray | None, rule: Rule, x: QParams) -> QParams:
    """The ruler that `quantize_weight` uses."""
    return _with_room_for(bias, weight, _observed(weight, rule), x)


def from_integers(
    q: np.ndarray, bias: np.ndarray | None, qparams: QParams, x: QParams
) -> QuantizedWeight:
    """A QuantizedWeight of integers that were rounded elsewhere (learned rounding)."""
    bias_scale = np.asarray(x.scale * qparams.scale, dtype=np.float32)
    bias_q = None
    if bias is not None:
        steps = np.rint(bias.astype(np.float64) / bias_scale)
        bias_q = steps.clip(-(2**31), 2**31 - 1).astype(np.int32)
    return QuantizedWeight(q.copy(), qparams, bias, bias_q, bias_scale)


def _observed(weight: np.ndarray, rule: Rule) -> QParams:
    return rule.make_observer(axis=0).partial_fit(weight).qparams()


def _with_room_for(
    bias: np.ndarray | None, weight: np.ndarray, qparams: QParams, x: QParams
) -> QParams:
    """`qparams` with scales wide enough for `bias`."""
    if bias is None:
        return qparams
    largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    magnitude = np.abs(bias.astype(np.float64))
    if qparams.axis is None:
        largest, magnitude = largest.max(), magnitude.max()
    steps = np.where(largest > 0, LARGEST_BIAS, DEAD_BIAS)
    needed = np.maximum(magnitude / steps / float(x.scale), _smallest(x))
    scale = np.asarray(qparams.scale, dtype=np.float64)
    scale = np.where((largest == 0) & (magnitude > 0), needed, np.maximum(scale, needed))
    return QParams(scale, qparams.zero_point, qparams.dtype, qparams.axis, qparams.narrow)


def _smallest(x: QParams) -> float:
    """The smallest weight scale whose product with x's is still a normal float32 number."""
    # Twice it: both roundings to float32 may go down.
    return max(SMALLEST_SCALE, 2 * SMALLEST_SCALE / float(x.scale))
