"""The arithmetic of quantization in numpy alone: one concept a file.

`real ≈ scale * (q - zero_point)`: choose_qparams lays the ruler, quantize reads it, dequantize goes
back. Everything follows the contract of ONNX QuantizeLinear and DequantizeLinear unless another
rounding is named.
"""

from quantlab.numerics.choose import choose_qparams
from quantlab.numerics.differences import RoundingDifferences, rounding_differences
from quantlab.numerics.dtypes import DTYPES, IntegerType, integer_type
from quantlab.numerics.observers import (
    EntropyObserver,
    MinMaxObserver,
    MovingAverageObserver,
    MSEObserver,
    PercentileObserver,
)
from quantlab.numerics.packing import pack_int4, unpack_int4
from quantlab.numerics.qparams import QParams
from quantlab.numerics.quantize import dequantize, fake_quantize, quantize
from quantlab.numerics.rounding import ROUNDINGS
from quantlab.numerics.size import Layer, SizeReport, size_of_layers, size_of_parameters
from quantlab.numerics.size_of_file import size_of_file

__all__ = [
    "DTYPES",
    "ROUNDINGS",
    "EntropyObserver",
    "IntegerType",
    "Layer",
    "MSEObserver",
    "MinMaxObserver",
    "MovingAverageObserver",
    "PercentileObserver",
    "QParams",
    "RoundingDifferences",
    "SizeReport",
    "choose_qparams",
    "dequantize",
    "fake_quantize",
    "integer_type",
    "pack_int4",
    "quantize",
    "rounding_differences",
    "size_of_file",
    "size_of_layers",
    "size_of_parameters",
    "unpack_int4",
]
