"""QuantLab: neural-network quantization, learned by building it.

`from quantlab import quantize, check` works, but nothing is loaded before it is asked for:
importing this package takes milliseconds, and lessons 00 and 01 need neither torch nor ONNX.
"""

from quantlab.base.lazy import lazy_names

__version__ = "0.1.0"

# Public name -> the module that is loaded when the name is first used.
_HOMES = {
    **dict.fromkeys(
        (
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
        ),
        "quantlab.numerics",
    ),
    **dict.fromkeys(
        (
            "LearnedRounding",
            "QuantizedModel",
            "Recipe",
            "Rule",
            "Training",
            "convert_qat",
            "prepare_qat",
            "quantize_model",
            "train_qat",
        ),
        "quantlab.methods",
    ),
    **dict.fromkeys(
        (
            "can_quantize",
            "compare_with_runtime",
            "export_onnx",
            "measure_latency",
            "open_session",
            "precision_report",
            "quantize_onnx",
            "saturation_report",
            "simulate",
        ),
        "quantlab.deploy",
    ),
    **dict.fromkeys(
        (
            "by_group",
            "compare_preprocessing",
            "layer_errors",
            "layer_sensitivity",
            "paired_bootstrap",
        ),
        "quantlab.analysis",
    ),
    **dict.fromkeys(
        ("Calibration", "Preprocessing", "Test", "Train", "Validation"), "quantlab.scenes"
    ),
    **dict.fromkeys(
        ("evaluate_classifier", "evaluate_detector", "evaluate_segmenter", "predictor"),
        "quantlab.zoo",
    ),
    **dict.fromkeys(
        ("check", "hint", "i_can", "predict", "quiz", "reveal", "solution"), "quantlab.learn"
    ),
}
# `quantlab.zoo.load("detector")` works after `import quantlab` alone.
_ROOMS = ("analysis", "deploy", "learn", "methods", "numerics", "scenes", "zoo")

__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES, _ROOMS)
