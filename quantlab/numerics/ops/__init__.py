"""Integer operators: one a file, each an executable specification whose integers a runtime has.

Every operator takes integer arrays with their QParams and returns integers. Sums of products are
exact and have to fit int32, as in a runtime; then they are requantized once.
"""

from quantlab.numerics.ops.add import add
from quantlab.numerics.ops.conv import conv
from quantlab.numerics.ops.gemm import gemm
from quantlab.numerics.ops.matmul import matmul
from quantlab.numerics.ops.mul import mul
from quantlab.numerics.ops.requantize import requantize

__all__ = ["add", "conv", "gemm", "matmul", "mul", "requantize"]
