"""Every result that a person looks at has one shape, whichever room it comes from."""

import ast
import atexit
import importlib
import inspect
import json
import pkgutil
import re
import shutil
import tempfile
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from IPython.lib.pretty import pretty
from matplotlib.colors import CSS4_COLORS
from torch import nn
from torch.nn import functional

import quantlab
from quantlab.analysis import (
    Candidate,
    by_group,
    compare_preprocessing,
    layer_errors,
    layer_sensitivity,
    mcnemar,
    paired_bootstrap,
    pareto_front,
    pipeline_ranges,
)
from quantlab.analysis.detection import evaluate_detections
from quantlab.base.report import Report
from quantlab.deploy import (
    build_onnx,
    can_quantize,
    compare_with_runtime,
    export_onnx,
    measure_latency,
    precision_report,
    probe_saturation,
    quantize_onnx,
    saturation_report,
)
from quantlab.methods import (
    Recipe,
    Training,
    absorb_bias,
    correct_bias_analytic,
    equalize,
    fold_batchnorm,
    prepare_qat,
    quantize_model,
    trace_model,
    train_qat,
)
from quantlab.numerics import (
    LayerShape,
    QParams,
    pairs_at_risk,
    rounding_differences,
    size_of_layers,
    trace_output,
)
from quantlab.zoo.evaluation import ClassificationScores, SegmentationScores

LIBRARY = ("numerics", "methods", "deploy", "analysis", "scenes", "zoo")

# Returned by public functions, and no report: what the next function takes, and data.
HANDED_ON = {
    "QParams", "IntegerType", "ChannelStatistics", "OnnxOperator",  # a line each
    "Unsupported", "Reason",
    "QATModel", "Predictor",  # they are called
    "RuntimeTensors", "LayerTensors", "Simulation", "IsaRun", "MultiBoxLoss",  # arrays by name
    "Crops", "Cifar10", "Scene", "Detections", "Objects", "Targets",  # pictures, boxes, labels
}  # fmt: skip

X = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
RIGHT = np.arange(300) % 7 > 0
WORSE = RIGHT & (np.arange(300) % 11 > 0)
RULER = QParams(0.5, 3, "uint8")


class Net(nn.Module):
    """Two convolutions, equalized across the ReLU between them, and a layer kept float."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Conv2d(4, 2, 8)

    def forward(self, x):
        return self.head(functional.hardswish(self.second(self.first(x)))).flatten(1)


def net():
    torch.manual_seed(0)
    return Net().eval()


@cache
def quantized():
    return quantize_model(net(), [X], Recipe(keep_float=["head"]))


def history():
    qat = prepare_qat(net(), [X], Recipe(training=Training(epochs=2, learning_rate=0.1)))
    return train_qat(qat, [(X, torch.arange(4) % 2)], functional.cross_entropy)


def latency():
    models = {"fp32": build_onnx(net(), X[:1]), "int8": build_onnx(quantized())}
    return measure_latency(models, X[:1], seconds=0.05)


def scores():
    box = np.array([[0, 0, 10, 10]])
    truth = [(box, np.array([0]))]
    return evaluate_detections(truth, [(box - 1, np.array([0.8]), np.array([0]))], ["car", "dog"])


@cache
def quantized_file():
    """It stays where its bytes are counted until the tests end."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    export_onnx(net(), folder / "net.onnx", X)
    return quantize_onnx(folder / "net.onnx", [X], folder / "int8.onnx")


# Class name -> a real instance.
REPORTS = {
    "SizeReport": lambda: size_of_layers([LayerShape("a", "conv", (64, 3, 3, 3))], container=500),
    "RoundingDifferences": lambda: rounding_differences(
        np.arange(30) / 4, RULER, "onnx", "torch_legacy"
    ),
    "PairsAtRisk": lambda: pairs_at_risk(
        np.full((1, 4), 255, np.uint8), np.array([[127], [127], [1], [1]], np.int8)
    ),
    "OutputTrace": lambda: trace_output(
        [5, 3], RULER, [4, -2], QParams(1.0, 0, "int8"), RULER, bias=1
    ),
    "QuantizedModel": quantized,
    "QuantizedFile": quantized_file,
    "Placement": lambda: quantized().placement,
    "TrainingHistory": history,
    "Equalization": lambda: equalize(fold_batchnorm(trace_model(net(), X))),
    "Absorption": lambda: absorb_bias(fold_batchnorm(trace_model(net(), X))),
    "BiasCorrection": lambda: correct_bias_analytic(quantized()),
    "QuantizationCheck": lambda: can_quantize(net(), X[:1]),
    "PrecisionReport": lambda: precision_report(build_onnx(quantized()), runs=2),
    "SaturationReport": lambda: saturation_report(quantized(), X, labels=[0, 1, 0, 1]),
    "SaturationProbe": probe_saturation,
    "Agreement": lambda: compare_with_runtime(quantized(), X),
    "LatencyReport": latency,
    "LayerErrors": lambda: layer_errors(quantized(), X),
    "LayerError": lambda: layer_errors(quantized(), X).layers[1],
    "Sensitivity": lambda: layer_sensitivity(
        quantized(), score=lambda model: model.nbytes, unit="B"
    ),
    "ParetoFront": lambda: pareto_front([Candidate("a", 0.9, 1.0), Candidate("b", 0.8, 0.5)]),
    "Drop": lambda: paired_bootstrap(RIGHT, WORSE, resamples=200),
    "GroupTable": lambda: by_group(
        RIGHT, WORSE, {"<night>": np.arange(300) < 20, "one": np.arange(300) < 1}, resamples=200
    ),
    "McNemar": lambda: mcnemar(RIGHT, WORSE),
    "PreprocessingComparison": lambda: compare_preprocessing(X, 255 * X[:, ::-1]),
    "PipelineRanges": lambda: pipeline_ranges(quantized(), {"training": X, "deployed": 2 * X}),
    "DetectionScores": scores,
    "ClassificationScores": lambda: ClassificationScores(np.arange(9), np.arange(9) // 2),
    "SegmentationScores": lambda: SegmentationScores(np.arange(162).reshape(2, 9, 9)),
}
WITH_FIGURE = {
    "Drop", "GroupTable", "LayerError", "LayerErrors", "McNemar", "ParetoFront", "PipelineRanges",
    "PreprocessingComparison", "Sensitivity",
}  # fmt: skip


@pytest.fixture(scope="module", params=sorted(REPORTS))
def report(request):
    made = REPORTS[request.param]()
    assert type(made).__name__ == request.param
    return made


def returned_classes():
    """quantlab's own classes in the return types of all public functions of the library."""
    found = {}
    for module in pkgutil.walk_packages(quantlab.__path__, "quantlab."):
        if module.ispkg and module.name.split(".")[1] in LIBRARY:
            package = importlib.import_module(module.name)
            for name in getattr(package, "__all__", ()):
                value = getattr(package, name)
                if inspect.isfunction(value):
                    found |= {cls.__name__: cls for cls in classes_in(value)}
    return found


def classes_in(function):
    kind = function.__annotations__["return"]
    if isinstance(kind, str):  # postponed: `from __future__ import annotations`
        names = {n.id for n in ast.walk(ast.parse(kind)) if isinstance(n, ast.Name)}
        kinds = [function.__globals__.get(name) for name in names]
    else:
        kinds = [kind, *get_args(kind)]
    return [k for k in kinds if inspect.isclass(k) and k.__module__.startswith("quantlab.")]


def test_every_result_of_a_public_function_is_a_report_or_handed_on():
    found = returned_classes()
    reports = {name for name, cls in found.items() if issubclass(cls, Report)}
    assert set(found) - reports == HANDED_ON
    assert reports <= set(REPORTS), "give the new report an instance here"
    assert set(REPORTS) - reports == {"LayerError"}  # of LayerErrors


def test_a_figure_is_drawn_where_there_is_one():
    figures = {name for name, cls in report_classes().items() if hasattr(cls, "plot")}
    assert figures == WITH_FIGURE


def report_classes():
    return {name: type(make()) for name, make in REPORTS.items()}


def test_it_has_the_shape(report):
    assert "\n" not in report.summary
    assert repr(report) == f"<{type(report).__name__}: {report.summary}>"
    assert len(repr(report)) < 250
    assert pretty([report]) == f"[{report!r}]"
    assert pretty(report) == str(report)
    assert isinstance(report.rows, tuple)
    for row in report.rows:
        assert {type(value) for value in row.values()} <= {str, int, float, bool, type(None)}
    json.dumps(report.to_dict(), allow_nan=False)
    lines = str(report).splitlines()
    assert " ".join(report.summary.split()) in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 100


class Reader(HTMLParser):
    """The rows of the tables as lists of cells; refuses tags that do not pair up."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tables, self.styles = [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.styles += [value for name, value in attributes if name == "style"]
        if tag == "br":
            return
        self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
            assert tag == "td" or dict(attributes)["scope"] in ("row", "col")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.tables[-1][-1][-1] += data
        elif self.open and self.open[-1] == "style":
            self.styles.append(data)


def test_html_is_well_formed_and_has_no_colour_of_its_own(report):
    html = report._repr_html_()
    read = Reader(html)
    for style in read.styles:
        for _, value in re.findall(r"([\w-]+):\s*([^;{}]+)", style):
            words = set(re.findall(r"[#\w-]+", value))
            assert not words & {*CSS4_COLORS, "rgb", "rgba", "hsl", "hsla"}, value
            assert "#" not in value
    assert html.count("<caption>") == sum(bool(table.rows) for table in report.tables())


def test_html_shows_the_numbers_of_the_rows(report):
    """Each as written: off by at most half of its last digit."""
    if not report.rows:
        return
    (_, *shown), *_ = Reader(report._repr_html_()).tables
    table = report.tables()[0]
    assert len(shown) == len(report.rows)
    for row, cells in zip(report.rows, shown, strict=True):
        for column, cell in zip(table.shown, cells, strict=True):
            keys = (column.keys,) if isinstance(column.keys, str) else column.keys
            values = [row[key] for key in keys]
            if column.numeric and None not in values and np.isfinite(values).all():
                for value, text in zip(values, cell.split(" to "), strict=True):
                    number = Decimal(text.replace(",", ""))
                    last = Decimal(1).scaleb(number.as_tuple().exponent)
                    assert abs(Decimal(value) - number) <= last / 2


def test_words_are_escaped():
    html = REPORTS["GroupTable"]()._repr_html_()
    assert "&lt;night&gt;" in html
    assert "<night>" not in html
