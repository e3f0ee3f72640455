"""Float weights and biases between quantized tensors: ONNX Runtime quantizes them by itself.

A Conv or Gemm that reads a DequantizeLinear with one scale and is followed by a QuantizeLinear is
made a group even where the model stores float32 parameters: weights become INT8 with one scale and
a zero_point, biases INT32. So a layer meant to stay float does not, and nothing says so.

Source: onnxruntime/core/optimizer/qdq_transformer/weight_bias_quantization.cc and
GetQuantizationParameter in onnxruntime/core/util/qmath.h.
"""

from __future__ import annotations

import numpy as np

from quantlab.deploy.simulator.operand import Operand
from quantlab.numerics import QParams, quantize


def quantized_weight(name: str, weight: np.ndarray) -> Operand:
    """Weights as INT8 on the ruler of their own smallest and largest value, 0 included."""
    low, high = min(weight.min(), np.float32(0)), max(weight.max(), np.float32(0))
    scale = np.float32(1) if low == high else (high - low) / np.float32(255)
    zero_point = np.rint(np.clip(np.float32(-128) - low / scale, -128, 127))
    qparams = QParams(scale, int(zero_point), "int8")
    return Operand(f"{name} (INT8)", qparams, quantize(weight, qparams))


def quantized_bias(name: str, bias: np.ndarray, x: QParams, w: QParams) -> Operand:
    """Biases as INT32 in steps of x.scale * w.scale."""
    steps = np.rint(bias / (x.scale * w.scale))
    return Operand(f"{name} (INT32)", None, steps.astype(np.int64).clip(-(2**31), 2**31 - 1))
