"""Ways from a float model to a good quantized one, in torch.

`quantize_model(model, calibration, recipe)` is the one verb; a `Recipe` says how. With training
data there is a second way: `prepare_qat`, `train_qat`, `convert_qat`.

A `Recipe` and its rules are plain values; torch is loaded by what works on a model.
"""

from typing import TYPE_CHECKING

from quantlab.base.lazy import lazy_names
from quantlab.methods.recipe import LearnedRounding, Recipe, Training
from quantlab.methods.rule import Rule

if TYPE_CHECKING:
    from quantlab.methods.fake_quantize import FakeQuantize
    from quantlab.methods.fake_quantize_weights import fake_quantize_weights
    from quantlab.methods.graph.operators import OnnxOperator, Unsupported, operator_of
    from quantlab.methods.graph.tracing import trace_model
    from quantlab.methods.improve.absorb_bias import absorb_bias
    from quantlab.methods.improve.adaround import learn_rounding
    from quantlab.methods.improve.bias_correction import (
        correct_bias_analytic,
        correct_bias_empirical,
    )
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

# Public name -> the module that is loaded when the name is first used.
_HOMES = {
    "FakeQuantize": ".fake_quantize",
    "fake_quantize_weights": ".fake_quantize_weights",
    **dict.fromkeys(("OnnxOperator", "Unsupported", "operator_of"), ".graph.operators"),
    "trace_model": ".graph.tracing",
    "absorb_bias": ".improve.absorb_bias",
    "learn_rounding": ".improve.adaround",
    **dict.fromkeys(
        ("correct_bias_analytic", "correct_bias_empirical"), ".improve.bias_correction"
    ),
    "equalize": ".improve.equalize",
    "replace_relu6": ".improve.relu6",
    **dict.fromkeys(("LayerTensors", "layer_tensors"), ".layer_tensors"),
    "calibrate": ".ptq.calibrate",
    **dict.fromkeys(("ChannelStatistics", "measure_statistics"), ".ptq.channel_statistics"),
    "fold_batchnorm": ".ptq.fold",
    **dict.fromkeys(("FloatLayer", "Placement", "place_qparams"), ".ptq.placement"),
    "QuantizedWeight": ".ptq.weights",
    "LearnedStepSize": ".qat.lsq",
    **dict.fromkeys(("QATModel", "convert_qat", "prepare_qat"), ".qat.qat_model"),
    **dict.fromkeys(("TrainingHistory", "train_qat"), ".qat.train"),
    "quantize_model": ".quantize_model",
    "QuantizedModel": ".quantized_model",
}

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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
