"""Ways from a float model to a good quantized one, in torch.

`quantize_model(model, calibration, recipe)` is the one verb; a `Recipe` says how.
"""

from quantlab.methods.calibrate import calibrate
from quantlab.methods.fold import fold_batchnorm
from quantlab.methods.operators import Operator, Unsupported, operator_of
from quantlab.methods.placement import FloatLayer, Placement, place
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import LearnedRounding, Recipe, Training
from quantlab.methods.rule import Rule
from quantlab.methods.tracing import trace_model
from quantlab.methods.weights import QuantizedWeight

__all__ = [
    "FloatLayer",
    "LearnedRounding",
    "Operator",
    "Placement",
    "QuantizedModel",
    "QuantizedWeight",
    "Recipe",
    "Rule",
    "Training",
    "Unsupported",
    "calibrate",
    "fold_batchnorm",
    "operator_of",
    "place",
    "quantize_model",
    "trace_model",
]
