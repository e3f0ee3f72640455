"""One net through quantlab and through ONNX Runtime's own quantizer, stage by stage.

What a stage found is written before the next one begins: a net that ends in the middle leaves what
was known of it.
"""

import json
import logging
import time
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from onnxruntime.quantization import QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from benchmarks.architecture_list import Architecture
from quantlab.base.atomic import replacing
from quantlab.base.time_limit import TimeIsUp, time_limit
from quantlab.deploy import compare_with_runtime, export_onnx, open_session, precision_report
from quantlab.deploy.latency.timing import rounds_in_turn
from quantlab.methods import quantize_model, trace_model
from tests.support.networks import images

#: Images to calibrate with, and to judge with, others; how many a batch; of the latter, how many
#: have their integers compared.
CALIBRATION, JUDGED, BATCH, COMPARED = 16, 8, 8, 1
#: Of so many rounds one is fast on a busy machine too.
FEWEST_ROUNDS, ROUNDS_SECONDS = 30, 0.5
SEED = 0
ROW = "row.json"

#: What is done, in order, each with what must have gone well before.
STAGES: dict[str, tuple[str, ...]] = {
    "built": (),
    "traced": ("built",),
    "exported": ("traced",),
    "compared": ("exported",),
    "peer": ("built",),
    "judged": ("built",),
}


class Trial:
    """A net, its images and what was found out about it, in `row`."""

    def __init__(self, net: Architecture, folder: Path) -> None:
        self.net, self.folder = net, folder
        self.row: dict[str, Any] = {"name": net.name, "side": net.side, "said": []}
        x = images(CALIBRATION + JUDGED, self.net.side, SEED)
        self.batches = [x[start : start + BATCH] for start in range(0, CALIBRATION, BATCH)]
        self.x = x[CALIBRATION:]

    @cached_property
    def model(self) -> nn.Module:
        """Built, with random weights and the statistics that belong to them."""
        torch.manual_seed(SEED)
        return warmed(self.net.build(), self.batches)

    def built(self) -> dict[str, Any]:
        count = sum(parameter.numel() for parameter in self.model.parameters())
        return {"parameters": count}

    def traced(self) -> dict[str, Any]:
        began = time.perf_counter()
        trace_model(self.model, self.batches[0])
        return {"trace_seconds": time.perf_counter() - began}

    def exported(self) -> dict[str, Any]:
        """The file, and the seconds from the torch model to it."""
        began = time.perf_counter()
        quantized = quantize_model(self.model, self.batches)
        export_onnx(quantized, self._file("ours"), self.batches[0])
        return {"seconds": time.perf_counter() - began}

    def compared(self) -> dict[str, Any]:
        path = self._file("ours")
        agreement = compare_with_runtime(path, self.x[:COMPARED])
        first = agreement.first
        return {
            "values": agreement.values,
            "mismatches": agreement.mismatches,
            "first": first and f"{first.name} ({first.operator})",
            "int8_macs": precision_report(path, profile=False).macs_share("INT8"),
        }

    def peer(self) -> dict[str, Any]:
        """ONNX Runtime's file: torch's own exporter, then quantize_static with its defaults.

        One that lies there from an earlier run is taken: it does not depend on quantlab.
        """
        if not self._file("theirs").exists():
            self._export_plain()
            ready = self._file("ready")
            quant_pre_process(self._file("plain"), ready, skip_symbolic_shape=True)
            with replacing(self._file("theirs")) as temporary:
                quantize_static(
                    ready,
                    temporary,
                    _Reader(self.batches),
                    per_channel=True,
                    activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8,
                )
            ready.unlink()
        return {}

    def _export_plain(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its exporter's own, about every constant shape
            torch.onnx.export(
                self.model,
                (torch.from_numpy(self.batches[0]),),
                self._file("plain"),
                input_names=["input"],
                dynamic_axes={"input": {0: "batch"}},
                opset_version=17,
                dynamo=False,
            )

    def judged(self) -> dict[str, Any]:
        """Signal to quantization noise of the outputs, beside torch in float32."""
        with torch.no_grad():
            truth = [t.numpy() for t in tensors(self.model(torch.from_numpy(self.x)))]
        return {
            f"sqnr_{which}": mean_sqnr(truth, self._run(which))
            for which, stage in (("ours", "exported"), ("theirs", "peer"))
            if self.row.get(stage)
        }

    def _file(self, which: str) -> Path:
        return self.folder / f"{which}.onnx"

    def _run(self, which: str) -> list[np.ndarray]:
        session: ort.InferenceSession = open_session(self._file(which), exact=True)
        return list(session.run(None, {"input": self.x}))


class _Reader:
    """Batches, as quantize_static reads them."""

    def __init__(self, batches: list[np.ndarray]) -> None:
        self.feeds = iter([{"input": batch} for batch in batches])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def warmed(model: nn.Module, batches: list[np.ndarray]) -> nn.Module:
    """Scales and shifts spread as training spreads them, and BatchNorm's statistics of `batches`.

    Many nets begin with a last scale of 0 or 1e-6 in each branch, which would hide the branch.
    """
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.squeeze().ndim == 1:
                if name.endswith("bias"):
                    parameter.normal_(0, 0.1)
                else:
                    parameter.uniform_(0.5, 1.5)
        for norm in norms:
            norm.reset_running_stats()
            norm.train().momentum = None
        for batch in batches:
            model(torch.from_numpy(batch))
    return model.eval().requires_grad_(False)


def tensors(output: Any) -> list[torch.Tensor]:
    """The tensors of an output, in order."""
    if isinstance(output, torch.Tensor):
        return [output]
    parts = output.values() if isinstance(output, dict) else output
    return [tensor for part in parts for tensor in tensors(part)]


def mean_sqnr(truth: list[np.ndarray], found: list[np.ndarray]) -> float:
    """10 log10(sum truth^2 / sum error^2) in dB, the mean over a model's outputs.

    An output without an error, such as a table of anchors, is left out.
    """
    levels = []
    for right, got in zip(truth, found, strict=True):
        error = float(np.square(got.astype(np.float64) - right).sum())
        if error:
            levels.append(10 * np.log10(float(np.square(right, dtype=np.float64).sum()) / error))
    return float(np.mean(levels))


def run_trial(net: Architecture, folder: Path, limit: float) -> None:
    """Go through the stages, each for `limit` seconds at most; row and models go to `folder`."""
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)  # the peer's, about every norm it leaves alone
    trial = Trial(net, folder)
    for stage, needs in STAGES.items():
        if not all(trial.row.get(need) for need in needs):
            continue
        began = time.perf_counter()
        try:
            with time_limit(limit):
                trial.row |= {stage: True, **getattr(trial, stage)()}
        except (Exception, TimeIsUp) as error:  # any net may fail in any way; the row says how
            sentence = said(error, time.perf_counter() - began)
            trial.row |= {stage: False, "said": [*trial.row["said"], f"{stage}: {sentence}"]}
        write_row(trial.row, folder)
    write_row({**trial.row, "ended": True}, folder)


def time_files(net: Architecture, folder: Path, limit: float) -> None:
    """One image, one thread, in turns: how many times faster than the others our file is.

    The fastest round of each: what else a machine does can only add to a round. The row in
    `folder`, where the three files lie, has it afterwards, or why not.
    """
    one = {"input": images(1, net.side, SEED)}
    row = read_row(net.name, folder)
    began = time.perf_counter()
    try:
        with time_limit(limit):
            files = [folder / f"{which}.onnx" for which in ("plain", "theirs", "ours")]
            sessions = [open_session(file) for file in files]
            calls = [lambda session=s: session.run(None, one) for s in sessions]
            found = np.array(list(rounds_in_turn(calls, ROUNDS_SECONDS, fewest=FEWEST_ROUNDS)))
            plain, theirs, ours = found.min(axis=0)
            row |= {
                "timed": True,
                "speed_fp32": float(plain / ours),
                "speed_theirs": float(theirs / ours),
                "rounds": len(found),
            }
    except (Exception, TimeIsUp) as error:  # any file may fail in any way; the row says how
        sentence = said(error, time.perf_counter() - began)
        row |= {"timed": False, "said": [*row["said"], f"timed: {sentence}"]}
    write_row(row, folder)


def said(error: BaseException, seconds: float) -> str:
    """One line: our own refusals as they stand, anything else with its type in front."""
    if isinstance(error, TimeIsUp):
        return f"stopped after {seconds:.0f} s"
    line = " ".join(str(error).split())
    return line if type(error) is ValueError else f"{type(error).__name__}: {line}"


def write_row(row: dict[str, Any], folder: Path) -> None:
    with replacing(folder / ROW) as temporary:
        temporary.write_text(json.dumps(row), encoding="utf-8")


def read_row(name: str, folder: Path) -> dict[str, Any]:
    """What was written of a net so far; it has the key "ended" where nothing is left to do."""
    if not (folder / ROW).exists():
        return {"name": name, "said": []}
    row: dict[str, Any] = json.loads((folder / ROW).read_text("utf-8"))
    return row
