"""Parameters that a model stores in float32 become the integers that ONNX Runtime makes of them."""

import numpy as np

from quantlab.deploy.simulator.float_parameters import quantized_bias
from quantlab.numerics import QParams


def test_float32_biases_are_rounded_half_to_even_in_steps_of_both_scales():
    x, w = QParams(0.5, 7, "uint8"), QParams(np.float32([0.25, 0.5]), 0, "int8", axis=0)
    operand = quantized_bias("b", np.float32([0.3125, -3.7]), x, w)
    # 0.3125 / 0.125 = 2.5 and -3.7 / 0.25 = -14.8
    np.testing.assert_array_equal(operand.constant, [2, -15])
