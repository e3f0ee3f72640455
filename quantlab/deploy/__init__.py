"""From a quantized model to a file that ONNX Runtime runs in integers, and what really ran.

torch is loaded only by export_onnx, build_onnx and quantize_onnx.
"""

from quantlab.base.lazy import lazy_names
from quantlab.deploy.latency.measure import measure_latency
from quantlab.deploy.onnx_graph.load import load_model
from quantlab.deploy.precision.report import precision_report
from quantlab.deploy.runtime.agreement import compare_with_runtime
from quantlab.deploy.runtime.session import open_session
from quantlab.deploy.runtime.tensors import runtime_tensors
from quantlab.deploy.saturation.probe import probe_saturation
from quantlab.deploy.saturation.report import saturation_report
from quantlab.deploy.simulator.simulate import simulate

__all__ = [
    "build_onnx",
    "can_quantize",
    "compare_with_runtime",
    "export_onnx",
    "load_model",
    "measure_latency",
    "open_session",
    "precision_report",
    "probe_saturation",
    "quantize_onnx",
    "runtime_tensors",
    "saturation_report",
    "simulate",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        **dict.fromkeys(("build_onnx", "export_onnx"), ".export.export_onnx"),
        "can_quantize": ".export.can_quantize",
        "quantize_onnx": ".quantize_file.quantize_onnx",
    },
)
