"""A run in OpenVINO on older instructions than the CPU has: what another machine would compute."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.onnx_graph.load import AnyModel, as_model
from quantlab.deploy.openvino.model import require_openvino
from quantlab.deploy.runtime.session import open_session

#: What a run can be capped to, from old to new; each includes those before it.
ISAS = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
#: oneDNN, whose kernels OpenVINO runs, reads the cap from here when it is loaded.
VARIABLE = "ONEDNN_MAX_CPU_ISA"


@dataclass(frozen=True, eq=False)
class IsaRun:
    """One inference in OpenVINO with a cap on the CPU's instructions.

    Attributes
    ----------
    isa : str
        The cap.
    outputs : mapping of output name to array
    kernels : tuple of str
        What ran, as OpenVINO names it, "jit_avx2_I8" for example; each once.
    """

    isa: str
    outputs: Mapping[str, np.ndarray] = field(repr=False)
    kernels: tuple[str, ...]


def run_with_isa(model: AnyModel, x: Any, isa: str = "AVX2", *, timeout: float = 120.0) -> IsaRun:
    """Run a model in OpenVINO as if the CPU knew no newer instructions than `isa`.

    With "AVX2" a CPU with VNNI shows what one without it makes of INT8 sums: pairs of products are
    added in 16 bits and saturate (`quantlab.numerics.saturation`). The cap can only be set before
    OpenVINO is loaded, so the run takes place in a process of its own. A cap above what the CPU
    has changes nothing.

    Parameters
    ----------
    model : path or onnx.ModelProto
    x : array, or mapping of input name to array
    isa : str
        One of SSE41, AVX, AVX2, AVX2_VNNI, AVX512_CORE, AVX512_CORE_VNNI.
    timeout : float
        Seconds after which the process is ended.

    Returns
    -------
    IsaRun

    Raises
    ------
    OpenVINOUnavailable
        The package is not installed, or this is no x86 CPU; a subclass of ImportError.
    ValueError
        Another isa, inputs that do not fit, a model that OpenVINO refuses.
    TimeoutError
        The run took longer than `timeout`.
    OSError
        The file cannot be read.
    """
    if isa not in ISAS:
        raise ValueError(f"isa is {isa!r}, but a run is capped to one of {', '.join(ISAS)}.")
    require_openvino()
    proto = as_model(model)
    feeds: dict[str, Any] = dict(checked_feeds(open_session(proto), x))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.onnx").write_bytes(proto.SerializeToString())
        np.savez(Path(folder, "inputs.npz"), **feeds)
        _run_worker(folder, isa, timeout)
        with np.load(Path(folder, "outputs.npz")) as stored:
            outputs = {name: stored[name] for name in stored.files}
        kernels = json.loads(Path(folder, "kernels.json").read_text(encoding="utf-8"))
    return IsaRun(isa, outputs, tuple(kernels))


def _run_worker(folder: str, isa: str, timeout: float) -> None:
    command = [sys.executable, "-m", "quantlab.deploy.openvino.worker", folder]
    environment = {**os.environ, VARIABLE: isa}
    try:
        # On a timeout `run` ends the process and waits for it before it raises.
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(
            f"the run in OpenVINO took longer than {timeout:g} s and was ended: raise timeout, or "
            f"pass fewer images."
        ) from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ValueError(f"the run in OpenVINO failed: {said[-1].removeprefix('ValueError: ')}")
