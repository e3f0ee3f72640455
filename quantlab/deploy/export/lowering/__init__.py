"""How an operator of torch is written down in ONNX: one family of operators a file."""

from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.deploy.export.lowering.float_operators import lower_float
from quantlab.deploy.export.lowering.operators import lower_operator

__all__ = ["LoweringCall", "lower_float", "lower_operator"]
