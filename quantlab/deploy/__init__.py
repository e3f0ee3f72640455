"""From a quantized model to a file that ONNX Runtime runs in integers, and what really ran.

torch is loaded only by what starts from a torch model: export_onnx and build_onnx.
"""

from typing import Any

from quantlab.deploy.agreement import compare_with_runtime
from quantlab.deploy.latency import measure_latency
from quantlab.deploy.load import load_model
from quantlab.deploy.precision_report import precision_report
from quantlab.deploy.runtime_tensors import runtime_tensors
from quantlab.deploy.saturation_probe import probe_saturation
from quantlab.deploy.saturation_report import saturation_report
from quantlab.deploy.session import open_session
from quantlab.deploy.simulate import simulate

__all__ = [
    "build_onnx",
    "compare_with_runtime",
    "export_onnx",
    "load_model",
    "measure_latency",
    "open_session",
    "precision_report",
    "probe_saturation",
    "runtime_tensors",
    "saturation_report",
    "simulate",
]


def __getattr__(name: str) -> Any:
    if name not in ("build_onnx", "export_onnx"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from quantlab.deploy import export

    return getattr(export, name)
