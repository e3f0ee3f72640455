"""One quantizer, once, in a process of its own, so that its time and memory are its alone.

`python -m benchmarks.quantizer_plans PLAN FOLDER` reads FOLDER/fp32.onnx, FOLDER/net.pt (quantlab
starts from torch) and FOLDER/calibration.npy, writes FOLDER/PLAN.onnx and prints seconds and bytes.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import psutil

BATCH = 20

# A quantizer: loads its packages when it is called, and returns the call that is measured.
Prepared = Callable[[], object]
Plan = Callable[[Path, Path], Prepared]


def quantlab_plan(**settings: Any) -> Plan:
    """quantlab's quantize_model and export_onnx; `settings` are the Recipe's."""

    def prepare(folder: Path, target: Path) -> Prepared:
        import torch

        from quantlab.deploy import export_onnx
        from quantlab.methods import Recipe, quantize_model

        torch.set_num_threads(1)
        net = load_net(folder)
        batches = _batches(folder)
        recipe = Recipe.from_dict(settings)

        def work() -> None:
            export_onnx(quantize_model(net, batches, recipe), target, batches[0])

        return work

    return prepare


def ort_plan(*, per_channel: bool, method: str, by_batch: bool = False) -> Plan:
    """ONNX Runtime's quantize_static: QDQ, UINT8 activations, INT8 weights, its own defaults.

    With `by_batch` it forgets the tensors of a batch before it runs the next one. By default it
    keeps those of all images in memory. Only its entropy thresholds depend on this noticeably.
    """

    def prepare(folder: Path, target: Path) -> Prepared:
        from onnxruntime.quantization import (
            CalibrationDataReader,
            CalibrationMethod,
            QuantFormat,
            QuantType,
            quantize_static,
        )

        class Reader(CalibrationDataReader):
            def __init__(self) -> None:
                self.batches = _batches(folder)
                self.set_range(0, len(self))

            def __len__(self) -> int:
                return len(self.batches)

            def set_range(self, start_index: int, end_index: int) -> None:
                self.feeds = iter([{"input": b} for b in self.batches[start_index:end_index]])

            def get_next(self) -> dict[str, np.ndarray] | None:
                return next(self.feeds, None)

        reader = Reader()

        def work() -> None:
            quantize_static(
                folder / "fp32.onnx",
                target,
                reader,
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=per_channel,
                calibrate_method=CalibrationMethod[method],
                # For every method, whatever the name says.
                extra_options={"CalibStridedMinMax": 1} if by_batch else None,
            )

        return work

    return prepare


def nncf_plan(**options: Any) -> Plan:
    """NNCF's quantize on the same ONNX file, its own defaults; run in ONNX Runtime afterwards."""

    def prepare(folder: Path, target: Path) -> Prepared:
        os.environ["NNCF_DISABLE_TELEMETRY"] = "1"
        import nncf
        import onnx

        nncf.set_log_level(logging.ERROR)
        model = onnx.load(folder / "fp32.onnx")
        data = nncf.Dataset(_batches(folder), lambda batch: {"input": batch})
        count = len(_batches(folder))

        def work() -> None:
            onnx.save(nncf.quantize(model, data, subset_size=count, **options), target)

        return work

    return prepare


PLANS: dict[str, Plan] = {
    "quantlab": quantlab_plan(),
    "quantlab, min-max": quantlab_plan(
        activations={"observer": "minmax"},
    ),
    "quantlab, equalized and bias corrected": quantlab_plan(
        equalize=True, bias_correction="empirical"
    ),
    "ORT per-tensor min-max": ort_plan(per_channel=False, method="MinMax"),
    "ORT per-channel min-max": ort_plan(per_channel=True, method="MinMax"),
    "ORT per-channel percentile": ort_plan(per_channel=True, method="Percentile"),
    "ORT per-channel entropy": ort_plan(per_channel=True, method="Entropy"),
    "NNCF": nncf_plan(),
}


def load_net(folder: Path) -> Any:
    """The trained torch net of FOLDER/net.pt, in evaluation mode."""
    import torch

    from benchmarks.training import small_mobilenet

    saved = torch.load(folder / "net.pt", weights_only=True)
    net = small_mobilenet(saved["width"])
    net.load_state_dict(saved["state"])
    return net.eval()


def _batches(folder: Path) -> list[np.ndarray]:
    images = np.load(folder / "calibration.npy")
    return [images[first : first + BATCH] for first in range(0, len(images), BATCH)]


def file_of(plan: str, folder: Path) -> Path:
    """Where a plan's model lies."""
    return folder / f"{''.join(c if c.isalnum() else '_' for c in plan)}.onnx"


class PeakMemory:
    """How far this process grows inside the `with`, in bytes, looked at every 5 ms.

    The high-water mark that the system keeps would not do: importing torch sets it higher.
    """

    def __enter__(self) -> "PeakMemory":
        self._process, self._done = psutil.Process(), Event()
        self._before = self._most = self._process.memory_info().rss
        self._watch = Thread(target=self._keep_looking, daemon=True)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watch.join()
        self._look()  # a busy machine may have given the watching thread no turn

    def _keep_looking(self) -> None:
        while not self._done.wait(0.005):
            self._look()

    def _look(self) -> None:
        self._most = max(self._most, self._process.memory_info().rss)

    @property
    def peak_bytes(self) -> int:
        """The most that was added to what importing packages and reading data took."""
        return self._most - self._before


def main(plan: str, folder: Path) -> None:
    work = PLANS[plan](folder, file_of(plan, folder))
    with PeakMemory() as memory:
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_bytes": memory.peak_bytes}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
