"""Integer operators: one a file, each an executable specification whose integers a runtime has.

Every operator takes integer arrays with their QParams and returns integers. Sums of products are
exact and have to fit int32, as in a runtime; then they are requantized once.

`contract` says whose integers these are, by the names of ROUNDINGS. "onnxruntime", the default, is
ONNX Runtime's fused kernel; "onnx" is the definition: dequantize, compute in float32, quantize.
Operators without weights know these two.

INT8 tensors get the integers of ONNX Runtime's INT8 kernels. On x86 ONNX Runtime uses these only
where a session allows it. By default it moves an INT8 tensor that a QuantizeLinear makes to UINT8,
integers and zero_point 128 higher. That changes no result but of `add`, `mul` and `average_pool`,
which add zero_points in float32 and may differ by 1 near ties: move their operands likewise, and
the result back. An INT8 graph input without a QuantizeLinear leaves its operator in float32.
"""

from quantlab.numerics.ops.add import add
from quantlab.numerics.ops.average_pool import average_pool
from quantlab.numerics.ops.clip import clip, clip_is_redundant
from quantlab.numerics.ops.concat import concat
from quantlab.numerics.ops.conv import conv
from quantlab.numerics.ops.gemm import gemm
from quantlab.numerics.ops.global_average_pool import global_average_pool
from quantlab.numerics.ops.leaky_relu import leaky_relu
from quantlab.numerics.ops.matmul import matmul
from quantlab.numerics.ops.max_pool import max_pool
from quantlab.numerics.ops.mul import mul
from quantlab.numerics.ops.relu import relu
from quantlab.numerics.ops.requantize import requantize
from quantlab.numerics.ops.resize import resize
from quantlab.numerics.ops.sigmoid import sigmoid
from quantlab.numerics.ops.softmax import softmax

__all__ = [
    "add",
    "average_pool",
    "clip",
    "clip_is_redundant",
    "concat",
    "conv",
    "gemm",
    "global_average_pool",
    "leaky_relu",
    "matmul",
    "max_pool",
    "mul",
    "relu",
    "requantize",
    "resize",
    "sigmoid",
    "softmax",
]
