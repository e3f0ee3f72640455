"""The one place that imports OpenVINO, which may be absent."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx

from quantlab.base.machine import is_x86


class OpenVINOUnavailable(ImportError):
    """OpenVINO cannot be used here; the message says why, and what to do."""


def require_openvino(machine: str = platform.machine()) -> Any:
    """The openvino package.

    Raises
    ------
    OpenVINOUnavailable
        It is not installed, or a machine of this name has no x86 CPU.
    """
    if not is_x86(machine):
        raise OpenVINOUnavailable(
            f"this machine is {machine}, but OpenVINO has INT8 kernels for x86 only: use "
            f"precision_report, which asks ONNX Runtime."
        )
    try:
        import openvino
    except ImportError as error:
        raise OpenVINOUnavailable(
            "openvino is not installed: it is optional, install it with "
            "pip install 'quantlab[openvino]'."
        ) from error
    return openvino


def compiled_model(model: onnx.ModelProto, threads: int = 1) -> Any:
    """The model as an openvino.CompiledModel for the CPU, which counts its nodes' times.

    Floats stay float32 also where the CPU knows bfloat16, so that FP32 means the same as in ONNX
    Runtime.

    Raises
    ------
    OpenVINOUnavailable
        As `require_openvino`.
    ValueError
        OpenVINO refuses the model.
    """
    openvino = require_openvino()
    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERF_COUNT": True,
    }
    try:
        return core.compile_model(core.read_model(model.SerializeToString()), "CPU", settings)
    except RuntimeError as error:
        raise ValueError(
            f"the model is refused by OpenVINO ({_cause(error)}): run it in ONNX Runtime, or "
            f"export it with other operators."
        ) from error


def _cause(error: RuntimeError) -> str:
    """The line of OpenVINO's message that names what it does not know, else the last one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.removeprefix("-- ") for line in lines if line.startswith("-- ")]
    return (causes or lines[-1:])[0].rstrip(".")


def run(request: Any, feeds: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[Any]]:
    """One inference of an openvino.InferRequest: the outputs by name, and what ran for how long."""
    results = request.infer(dict(feeds))
    outputs = {port.any_name: np.array(array) for port, array in results.items()}
    status = require_openvino().ProfilingInfo.Status.EXECUTED
    return outputs, [node for node in request.get_profiling_info() if node.status == status]
