"""Two pipelines through both models: is it the preprocessing or the quantization?

Rulers are calibrated on one pipeline's images. Another pipeline drives the tensors off them, or
uses a few ticks only; and the float model suffers too. Running FP32 and INT8 on both tells the
causes apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from quantlab.analysis.compared_tensors import ComparedTensor, compared_tensors
from quantlab.analysis.model_pair import model_pair
from quantlab.analysis.plots.ranges_by_pipeline import pipeline_ranges_figure
from quantlab.analysis.reference_tensors import ReferenceTensors
from quantlab.analysis.tensor_error import clipped_share, finite_or_none, sqnr
from quantlab.base.report import Report
from quantlab.base.table import Column, Row, Table
from quantlab.deploy.runtime.tensors import TensorSession
from quantlab.numerics import dequantize

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class RangeOfRun:
    """One tensor under one pipeline, in the tensor's own unit.

    `clipped` is the share of FP32 values more than half a step beyond the ruler, 0 to 1.
    """

    pipeline: str
    fp32: tuple[float, float]
    int8: tuple[float, float]
    clipped: float


@dataclass(frozen=True)
class TensorRanges:
    """One quantized tensor: the ends of its ruler, and its ranges under each pipeline."""

    name: str
    operator: str
    ruler: tuple[float, float]
    runs: tuple[RangeOfRun, ...]


@dataclass(frozen=True)
class OutputOfRun:
    """The model's output of one run against FP32 on the first pipeline.

    `sqnr_db` is infinite for that run itself; `low` and `high` are the ends of all outputs.
    """

    pipeline: str
    precision: str
    sqnr_db: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class PipelineRanges(Report):
    """Every quantized tensor under every pipeline, and the outputs of the four (or more) runs."""

    tensors: tuple[TensorRanges, ...]
    outputs: tuple[OutputOfRun, ...]

    def __getitem__(self, name: str) -> TensorRanges:
        for tensor in self.tensors:
            if tensor.name == name:
                return tensor
        raise KeyError(
            f"{name!r} is no quantized tensor here: see [t.name for t in ranges.tensors]"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        outputs = [asdict(o) | {"sqnr_db": finite_or_none(o.sqnr_db)} for o in self.outputs]
        return {"tensors": [asdict(t) for t in self.tensors], "outputs": outputs}

    def plot(self) -> Figure:
        """Each tensor's ranges on its own ruler, from 0 to 100 %."""
        runs = {f"{o.pipeline} in {o.precision}": o.sqnr_db for o in self.outputs}
        return pipeline_ranges_figure(
            [t.name for t in self.tensors],
            [t.operator for t in self.tensors],
            [run.pipeline for run in self.tensors[0].runs],
            [t.ruler for t in self.tensors],
            [[run.fp32 for run in t.runs] for t in self.tensors],
            [[run.clipped for run in t.runs] for t in self.tensors],
            {name: db for name, db in runs.items() if db != np.inf},
        )

    @property
    def summary(self) -> str:
        clipped, name, pipeline = max(
            (run.clipped, t.name, run.pipeline) for t in self.tensors for run in t.runs
        )
        return (
            f"{len(self.tensors)} tensors under {len(self.tensors[0].runs)} pipelines; most "
            f"clipped: {name} under {pipeline}, {clipped:.2%}"
        )

    def tables(self) -> tuple[Table, ...]:
        """The outputs of every run, then one row a tensor and pipeline."""
        outputs = tuple(
            {**asdict(o), "sqnr_db": None if o.sqnr_db == np.inf else o.sqnr_db}
            for o in self.outputs
        )
        of_runs = (
            Column("pipeline", "pipeline"),
            Column("precision", "precision"),
            Column("output", ("low", "high"), ".4g"),
            Column("SQNR (dB)", "sqnr_db", ".1f", absent="reference"),
        )
        of_tensors = (
            Column("tensor", "tensor"),
            Column("pipeline", "pipeline"),
            Column("ruler", ("ruler_low", "ruler_high"), ".4g"),
            Column("FP32", ("fp32_low", "fp32_high"), ".4g"),
            Column("INT8", ("int8_low", "int8_high"), ".4g"),
            Column("clipped (%)", "clipped_percent", ".2f"),
        )
        tensors = tuple(_row(t, run) for t in self.tensors for run in t.runs)
        return Table(of_runs, outputs), Table(of_tensors, tensors, "Ranges of every tensor")


def _row(tensor: TensorRanges, run: RangeOfRun) -> Row:
    ends = {"ruler": tensor.ruler, "fp32": run.fp32, "int8": run.int8}
    return {
        "tensor": tensor.name,
        "pipeline": run.pipeline,
        **{f"{name}_low": low for name, (low, _) in ends.items()},
        **{f"{name}_high": high for name, (_, high) in ends.items()},
        "clipped_percent": 100 * run.clipped,
    }


def pipeline_ranges(
    model: Any, inputs: Mapping[str, Any], reference: Any = None, *, exact: bool = False
) -> PipelineRanges:
    """Run FP32 and INT8 on what each pipeline makes of the same images.

    Parameters
    ----------
    model, reference, exact
        As in `layer_errors`.
    inputs : mapping of pipeline name to float32 array (N, C, H, W)
        The first is the one that the model was trained and calibrated with.

    Raises
    ------
    ValueError
        As `layer_errors`; no pipelines, or other numbers of images.

    Examples
    --------
    `print(pipeline_ranges("net_int8.onnx", {"training": a, "deployed": b}, "net.onnx"))`
    """
    counts = {name: len(np.atleast_1d(x)) for name, x in inputs.items()}
    if not counts or len(set(counts.values())) > 1:
        raise ValueError(
            f"inputs has {counts} images, but each pipeline must show the same images: pass "
            "{name: array} with arrays of one length."
        )
    quantized, floating = model_pair(model, reference, next(iter(inputs.values())))
    tensors = compared_tensors(quantized, floating)
    float_model = ReferenceTensors(floating, [t.reference for t in tensors])
    runs = {name: _run(quantized, float_model, tensors, x, exact) for name, x in inputs.items()}
    best = next(iter(runs.values())).fp32
    return PipelineRanges(
        tensors=tuple(
            TensorRanges(
                name=t.name,
                operator=t.operator,
                ruler=(float(t.qparams.lo), float(t.qparams.hi)),
                runs=tuple(run.range_of(t, name) for name, run in runs.items()),
            )
            for t in tensors
        ),
        outputs=tuple(
            OutputOfRun(name, precision, sqnr(y, best), float(y.min()), float(y.max()))
            for name, run in runs.items()
            for precision, y in (("FP32", run.fp32), ("INT8", run.int8))
        ),
    )


@dataclass(frozen=True, eq=False)
class _Run:
    """Ends of every tensor in both precisions, clipped shares, and the flattened outputs."""

    ends: dict[str, np.ndarray]  # name -> (batches, 4): FP32 low and high, INT8 low and high
    clipped: dict[str, float]
    fp32: np.ndarray
    int8: np.ndarray

    def range_of(self, tensor: ComparedTensor, pipeline: str) -> RangeOfRun:
        ends = self.ends[tensor.name]
        low, high = ends.min(axis=0), ends.max(axis=0)
        return RangeOfRun(
            pipeline,
            fp32=(float(low[0]), float(high[1])),
            int8=(float(low[2]), float(high[3])),
            clipped=self.clipped[tensor.name],
        )


def _run(
    quantized: onnx.ModelProto,
    float_model: ReferenceTensors,
    tensors: tuple[ComparedTensor, ...],
    x: Any,
    exact: bool,
) -> _Run:
    ends: dict[str, list[list[float]]] = {t.name: [] for t in tensors}
    clipped = dict.fromkeys(ends, 0.0)
    outputs: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    session = TensorSession(quantized, exact=exact)
    for batch in float_model.batches(quantized, x):
        floats, expected = float_model(batch)
        whole = session(batch)
        for t in tensors:
            pair = floats[t.reference], dequantize(whole.tensors[t.integers], t.qparams)
            ends[t.name].append([float(end) for v in pair for end in (v.min(), v.max())])
            clipped[t.name] += clipped_share(pair[0], t.qparams) * len(batch) / len(x)
        for kept, values in zip(outputs, (expected, whole.outputs.values()), strict=True):
            kept += [np.ravel(y) for y in values]
    fp32, int8 = map(np.concatenate, outputs)
    return _Run({name: np.array(rows) for name, rows in ends.items()}, clipped, fp32, int8)
