"""OpenVINO, an optional second runtime on x86: what it runs in INT8, and on which instructions."""

from quantlab.deploy.openvino.isa import ISAS, IsaRun, run_with_isa
from quantlab.deploy.openvino.model import OpenVINOUnavailable
from quantlab.deploy.openvino.report import openvino_precision_report

__all__ = [
    "ISAS",
    "IsaRun",
    "OpenVINOUnavailable",
    "openvino_precision_report",
    "run_with_isa",
]
