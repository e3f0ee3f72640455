"""The arithmetic of quantization in numpy alone: one concept a file.

`real ≈ scale * (q - zero_point)`: choose_qparams lays the ruler, quantize reads it, dequantize goes
back. Everything follows the contract of ONNX QuantizeLinear and DequantizeLinear unless another
rounding is named. `ops` holds the integer operators, `trace_output` follows one of their outputs,
and `pairs_at_risk` counts what a CPU without VNNI would get wrong. These and the observers are
loaded when they are first asked for: the first lessons need rulers alone.
"""

from typing import TYPE_CHECKING

from quantlab.base.lazy import lazy_names
from quantlab.numerics.choose import choose_qparams
from quantlab.numerics.differences import RoundingDifferences, rounding_differences
from quantlab.numerics.dtypes import DTYPES, IntegerType, integer_type
from quantlab.numerics.packing import pack_int4, unpack_int4
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, fake_quantize, quantize
from quantlab.numerics.rounding import ROUNDINGS
from quantlab.numerics.size import LayerShape, SizeReport, size_of_layers, size_of_parameters
from quantlab.numerics.size_of_file import size_of_file

if TYPE_CHECKING:
    from quantlab.numerics import ops
    from quantlab.numerics.observers import (
        EntropyObserver,
        MinMaxObserver,
        MovingAverageObserver,
        MSEObserver,
        PercentileObserver,
    )
    from quantlab.numerics.saturation import (
        PairsAtRisk,
        conv_pairs_at_risk,
        pairs_at_risk,
        saturated_matmul,
    )
    from quantlab.numerics.trace import OutputTrace, trace_conv, trace_gemm, trace_output

# Public name -> the module that is loaded when the name is first used.
_HOMES = {
    **dict.fromkeys(
        (
            "EntropyObserver",
            "MSEObserver",
            "MinMaxObserver",
            "MovingAverageObserver",
            "PercentileObserver",
        ),
        ".observers",
    ),
    **dict.fromkeys(
        ("PairsAtRisk", "conv_pairs_at_risk", "pairs_at_risk", "saturated_matmul"), ".saturation"
    ),
    **dict.fromkeys(("OutputTrace", "trace_conv", "trace_gemm", "trace_output"), ".trace"),
}

__all__ = [
    "DTYPES",
    "ROUNDINGS",
    "EntropyObserver",
    "IntegerType",
    "LayerShape",
    "MSEObserver",
    "MinMaxObserver",
    "MovingAverageObserver",
    "OutputTrace",
    "PairsAtRisk",
    "PercentileObserver",
    "QParams",
    "RoundingDifferences",
    "SizeReport",
    "choose_qparams",
    "conv_pairs_at_risk",
    "dequantize",
    "fake_quantize",
    "integer_type",
    "ops",
    "pack_int4",
    "pairs_at_risk",
    "quantize",
    "rounding_differences",
    "saturated_matmul",
    "size_of_file",
    "size_of_layers",
    "size_of_parameters",
    "trace_conv",
    "trace_gemm",
    "trace_output",
    "unpack_int4",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES, modules=("ops",))
