"""Ways from a float model to a good quantized one, in torch.

`quantize_model(model, calibration, recipe)` is the one verb; a `Recipe` says how. With training
data there is a second way: `prepare_qat`, `train_qat`, `convert_qat`.
"""

from quantlab.methods.fake_quantize import FakeQuantize
from quantlab.methods.fake_quantize_weights import fake_quantize_weights
from quantlab.methods.graph.operators import OnnxOperator, Unsupported, operator_of
from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.improve.absorb_bias import absorb_bias
from quantlab.methods.improve.adaround import learn_rounding
from quantlab.methods.improve.bias_correction import correct_bias_analytic, correct_bias_empirical
from quantlab.methods.improve.equalize import equalize
from quantlab.methods.improve.relu6 import replace_relu6
from quantlab.methods.layer_tensors import LayerTensors, layer_tensors
from quantlab.methods.ptq.calibrate import calibrate
from quantlab.methods.ptq.channel_statistics import ChannelStatistics, measure_statistics
from quantlab.methods.ptq.fold import fold_batchnorm
from quantlab.methods.ptq.placement import FloatLayer, Placement, place_qparams
from quantlab.methods.ptq.weights import QuantizedWeight
from quantlab.methods.qat.lsq import LearnedStepSize
from quantlab.methods.qat.qat_model import QATModel, convert_qat, prepare_qat
from quantlab.methods.qat.train import TrainingHistory, train_qat
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import LearnedRounding, Recipe, Training
from quantlab.methods.rule import Rule

__all__ = [
    "ChannelStatistics",
    "FakeQuantize",
    "FloatLayer",
    "LayerTensors",
    "LearnedRounding",
    "LearnedStepSize",
    "OnnxOperator",
    "Placement",
    "QATModel",
    "QuantizedModel",
    "QuantizedWeight",
    "Recipe",
    "Rule",
    "Training",
    "TrainingHistory",
    "Unsupported",
    "absorb_bias",
    "calibrate",
    "convert_qat",
    "correct_bias_analytic",
    "correct_bias_empirical",
    "equalize",
    "fake_quantize_weights",
    "fold_batchnorm",
    "layer_tensors",
    "learn_rounding",
    "measure_statistics",
    "operator_of",
    "place_qparams",
    "prepare_qat",
    "quantize_model",
    "replace_relu6",
    "trace_model",
    "train_qat",
]
