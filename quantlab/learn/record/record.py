"""The record: baseline against INT8, as a value, as JSON and as one page of HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from quantlab.analysis.drop import Drop
from quantlab.analysis.layer_error import LayerErrors
from quantlab.base.atomic import replacing
from quantlab.base.machine import machine_line
from quantlab.base.plain_data import json_ready
from quantlab.base.report import Report
from quantlab.base.table import Column, Row, Table
from quantlab.deploy.latency.measure import LatencyReport
from quantlab.deploy.saturation.report import SaturationReport
from quantlab.learn.record.compare import Compared
from quantlab.learn.record.page import Figure, Section, html_page

MET, MISSED, UNSURE = "met", "missed", "inconclusive"
JSON, PAGE = "record.json", "record.html"
#: Layers that a page names one by one.
SHOWN = 5


@dataclass(frozen=True, repr=False)
class Record(Report):
    """What came of one model on one folder and one machine.

    Attributes
    ----------
    model : str
        As it was asked for.
    date : str
        When, in UTC, ISO 8601.
    quantized_by : str
    recipe : mapping, or None where another tool quantized
    data : mapping
        The folder's name, how many pictures calibrated and judged, what prepared them.
    compared : Compared
    lost : Drop of mAP from 0 to 1, or None without labels or boxes
    latency : LatencyReport
    files : mapping of "FP32" and "INT8" to path
    int8_macs : float
        Share of multiply-accumulates that run on integers, 0 to 1.
    stayed_float : tuple of str
        Layers that the runtime computes in FP32 in the INT8 file, with the reason.
    most_lost : float, or None
        Points of mAP that may be lost. The speed-up that was asked for is `latency.target`, unless
        `faster` is False.
    layers : LayerErrors of one picture, or None
    saturation : SaturationReport of one picture, or None
    unsaid : tuple of str
        What could not be looked into, and why.
    """

    model: str
    date: str
    quantized_by: str
    recipe: Mapping[str, Any] | None
    data: Mapping[str, Any]
    compared: Compared
    lost: Drop | None
    latency: LatencyReport
    files: Mapping[str, Path]
    int8_macs: float
    stayed_float: tuple[str, ...]
    most_lost: float | None = None
    faster: bool = False
    layers: LayerErrors | None = None
    saturation: SaturationReport | None = None
    unsaid: tuple[str, ...] = ()

    @property
    def verdicts(self) -> dict[str, str]:
        """Each target that was asked for: met, missed or inconclusive."""
        said = {}
        if self.most_lost is not None and self.lost is not None:
            said["mAP lost"] = self.lost.against(self.most_lost / 100)
        if self.faster:
            said["speed-up"] = self.latency.speed_ups[0].verdict
        return said

    @property
    def summary(self) -> str:
        speed = self.latency.speed_ups[0]
        lost = "" if self.lost is None else f"{100 * self.lost.drop:.2f} points of mAP lost, "
        return f"{self.model} in INT8: {lost}{speed.ratio:.2f}× as fast as FP32"

    @property
    def notes(self) -> tuple[str, ...]:
        at = f"{self.date}; {machine_line(self.latency.machine)}, {self.latency.threads} thread(s)"
        data = (
            f"{self.data['evaluation']} pictures judged, {self.data['calibration']} others "
            f"calibrated; quantized by {self.quantized_by}; {self.int8_macs:.0%} of the MACs run "
            "in INT8"
        )
        pixels = self.data["preprocessing"]
        prepared = (
            f"pixels: {pixels['height']} × {pixels['width']}, times {pixels['scale']:.4g}, mean "
            f"{pixels['mean']}, std {pixels['std']}"
        )
        unlabelled = self.compared.unlabelled
        left = (f"not judged, for the model does not know them: {', '.join(unlabelled)}",)
        why = tuple(f"in FP32 all the same: {layer}" for layer in self.stayed_float[:SHOWN])
        older = () if self.saturation is None else (self.saturation.summary,)
        said = tuple(f"{name}: {verdict}" for name, verdict in self.verdicts.items())
        return (
            *said,
            data,
            prepared,
            *(left if unlabelled else ()),
            *why,
            *older,
            *self.unsaid,
            at,
        )

    def tables(self) -> tuple[Table, ...]:
        """Both models in figures, mAP by class, the outputs one by one."""
        columns = (
            Column("", "what"),
            Column("FP32", "fp32", ",.4g"),
            Column("INT8", "int8", ",.4g"),
            Column("INT8 against FP32", "change"),
            Column("95 % interval", ("low", "high"), ".2f"),
        )
        figures = Table(columns, tuple(self._figures()))
        return (figures, *self._classes(), self._outputs(), *self._worst())

    def figures(self) -> Iterator[Figure]:
        """Size and latency, as bars."""
        sizes = [(n, p.stat().st_size / 1e6) for n, p in self.files.items()]
        yield "Size", [(name, mb, f"{mb:,.3g} MB") for name, mb in sizes]
        runs = [(name, 1e3 * timing.median) for name, timing in self.latency.timings]
        yield "Latency, median", [(name, ms, f"{ms:,.3g} ms") for name, ms in runs]

    def sections(self) -> Iterator[Section]:
        """The page, question by question."""
        first, *others = self.tables()
        worst = self._worst()
        notes = self.notes[:-1]
        yield "FP32 against INT8", (first,), tuple(f"{k}: {v}" for k, v in self.verdicts.items())
        outputs = tuple(t for t in others if t not in worst)
        yield "What they answer", outputs, notes[len(self.verdicts) : len(self.verdicts) + 2]
        rows = tuple({"layer": layer} for layer in self.stayed_float)
        none = "Every layer with weights runs in INT8."
        floats = Table((Column("layer, and why", "layer"),), rows)
        yield "What stayed float, and why", (floats,), () if rows else (none,)
        yield "The layers that lose the most", worst, self.unsaid
        if self.saturation is not None:
            older = self.saturation
            yield "On older CPUs", (), (older.summary, *older.notes)
        machine = ((name, str(v)) for name, v in self.latency.machine["machine"].items())
        versions = ((n, str(v)) for n, v in self.latency.machine["versions"].items() if v)
        facts = tuple({"name": n, "value": v} for n, v in (*machine, *versions))
        columns = Column("what", "name"), Column("value", "value")
        yield "Machine and versions", (Table(columns, facts),), (f"Measured {self.date}",)

    def _worst(self) -> tuple[Table, ...]:
        if self.layers is None:
            return ()
        rows = tuple(
            {
                "name": layer.name, "operator": layer.operator,
                "alone": layer.isolated.sqnr_db, "all": layer.accumulated.sqnr_db,
                "clipped": 100 * layer.clipped,
            }
            for layer in self.layers.worst(count=SHOWN)
        )  # fmt: skip
        columns = (
            Column("layer", "name"),
            Column("operator", "operator"),
            Column("SQNR alone (dB)", "alone", ".1f"),
            Column("SQNR with those before it (dB)", "all", ".1f"),
            Column("clipped (%)", "clipped", ".3f"),
        )
        return (Table(columns, rows, "The layers that lose the most, on one picture"),)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; None stands for what is not defined."""
        scores = self.compared.scores
        return json_ready(
            {
                "model": self.model,
                "date": self.date,
                "quantized_by": self.quantized_by,
                "recipe": self.recipe,
                "data": self.data,
                "accuracy": None if scores is None or self.lost is None else {
                    "metric": "mAP",
                    "fp32": scores[0].to_dict(),
                    "int8": scores[1].to_dict(),
                    "lost": self.lost.to_dict(),
                },
                "outputs": [
                    {"name": o.name, "sqnr_db": o.noise.sqnr_db, "agreement": o.agreement}
                    for o in self.compared.outputs
                ],
                "latency": {
                    key: value
                    for key, value in self.latency.to_dict().items()
                    if key not in self.latency.machine
                },
                "int8_macs": self.int8_macs,
                "stayed_float": self.stayed_float,
                "layers": None if self.layers is None else self.layers.to_dict(),
                "saturation": None if self.saturation is None else {
                    k: v for k, v in self.saturation.to_dict().items() if k != "layers"
                },
                "unsaid": self.unsaid,
                "files": {
                    name: {
                        "file": path.name,
                        "bytes": path.stat().st_size,
                        "sha256": sha256(path.read_bytes()).hexdigest(),
                    }
                    for name, path in self.files.items()
                },
                "verdicts": self.verdicts,
                **self.latency.machine,
            }
        )  # fmt: skip

    def write(self, folder: Path) -> tuple[Path, Path]:
        """`record.json` and `record.html` in a folder that exists; OSError where they cannot be."""
        content = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        recipe = None if self.recipe is None else json.dumps(self.recipe, indent=2)
        where = self.notes[-1]
        page = html_page(self.summary, where, self.figures(), self.sections(), recipe)
        for name, text in ((JSON, content), (PAGE, page)):
            with replacing(folder / name) as temporary:
                temporary.write_text(text, encoding="utf-8")
        return folder / JSON, folder / PAGE

    def _figures(self) -> list[Row]:
        rows: list[Row] = []
        if self.lost is not None:
            before, after, drop, low, high = (
                100 * v
                for v in (
                    self.lost.before, self.lost.after, self.lost.drop, self.lost.low, self.lost.high
                )
            )  # fmt: skip
            rows.append(_row("mAP, points", before, after, f"{drop:.2f} lost", low, high))
        fp32, int8 = (timing.median * 1e3 for _, timing in self.latency.timings)
        speed = self.latency.speed_ups[0]
        faster = f"{speed.ratio:.2f}× as fast"
        rows.append(_row("ms a run, median", fp32, int8, faster, speed.low, speed.high))
        large, small = (path.stat().st_size / 1e6 for path in self.files.values())
        rows.append(_row("MB", large, small, f"{large / small:.2f}× smaller"))
        return rows

    def _classes(self) -> tuple[Table, ...]:
        if self.compared.scores is None:
            return ()
        fp32, int8 = self.compared.scores
        rows = tuple(
            {"name": n, "fp32": 100 * ap, "int8": 100 * int8.classes[n], "objects": fp32.objects[n]}
            for n, ap in fp32.classes.items()
        )
        columns = (
            Column("class", "name"),
            Column("FP32", "fp32", ".1f"),
            Column("INT8", "int8", ".1f"),
            Column("objects", "objects", "d"),
        )
        return (Table(columns, rows, "mAP by class, points"),)

    def _outputs(self) -> Table:
        rows = tuple(
            {
                "name": o.name,
                "sqnr": o.noise.sqnr_db,
                "same": None if o.agreement is None else 100 * o.agreement,
            }
            for o in self.compared.outputs
        )
        columns = (
            Column("output", "name"),
            Column("SQNR (dB)", "sqnr", ".1f"),
            Column("same largest output (%)", "same", ".1f"),
        )
        return Table(columns, rows, "What the two models answer, output by output")


def _row(
    what: str, fp32: float, int8: float, change: str,
    low: float | None = None, high: float | None = None,
) -> Row:  # fmt: skip
    return {
        "what": what, "fp32": fp32, "int8": int8, "change": change, "low": low, "high": high,
    }  # fmt: skip
