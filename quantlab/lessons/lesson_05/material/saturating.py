"""Saturation: the detector's worst layers, what it costs, and the same layer seen in OpenVINO."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.deploy import build_onnx, open_session, simulate
from quantlab.deploy.saturation.probe import sums_saturate
from quantlab.deploy.saturation.report import SaturationReport
from quantlab.teach.kept import kept_path, read_kept

CALIBRATION_SCENES, KEPT_SCENES = 8, 80
KEPT = kept_path(__file__)
#: The planted layer: 64 products of 255 × 127 an output, on a ruler whose step is 2^14.
CHANNELS, STEP = 64, 2.0**14


@cache
def quantized_detector() -> onnx.ModelProto:
    """The shipped detector in INT8, ranges from eight scenes."""
    from quantlab.methods import Recipe, Rule, quantize_model
    from quantlab.scenes import Calibration
    from quantlab.zoo import load

    ranges = Rule("uint8", "asymmetric", "per-tensor", observer="minmax")
    scenes = Calibration(CALIBRATION_SCENES, width=320, height=320)
    return build_onnx(
        quantize_model(load("detector"), scenes, Recipe(activations=ranges), progress=True)
    )


def one_scene() -> np.ndarray:
    """The first test scene as the detector reads it, float32 (1, 3, 320, 320)."""
    from quantlab.scenes import Test
    from quantlab.zoo import load

    scene = next(iter(Test(1, width=320, height=320)))
    net: Any = load("detector")
    batch: np.ndarray = net.preprocessing.batch(scene.image[None])
    return batch


def worst_layers(report: SaturationReport, count: int = 8) -> Listing:
    """The layers with most pairs beyond INT16, in the order of the network."""
    (table,) = report.tables()
    most = sorted(range(len(table.rows)), key=lambda at: -table.rows[at]["at_risk"])[:count]
    rows = tuple(table.rows[at] for at in sorted(most))
    title = f"{report.summary} Here are the {count} layers with most of them."
    # Six columns fit a notebook of 800 px.
    left_out = ("operator", "pairs", "affected")
    columns = tuple(column for column in table.columns if column.keys not in left_out)
    return Listing(title, Table(columns, rows))


def kept_cost() -> dict[str, Any]:
    """What `measure_cost` found, kept in `kept.yaml`: mAP in points, and what was measured."""
    return read_kept(KEPT)


def cost_table() -> Listing:
    """What `kept_cost` says, as a table."""
    kept = kept_cost()
    kinds = {"exact": "32 bits", "saturating": "pairs of 16 bits"}
    rows = tuple({"sums": kinds[name], "mAP": value} for name, value in kept["mAP"].items())
    title = f"mAP of the INT8 detector on {kept['scenes']} test scenes, kept"
    return Listing(title, Table((Column("sums in", "sums"), Column("mAP", "mAP", ".1f")), rows))


def measure_cost() -> dict[str, Any]:
    """mAP of the detector with sums of 32 bits, and as a CPU without VNNI has it.

    Many minutes where sums are exact, because the other kind is simulated there; half a minute on a
    CPU that saturates, whose own session gives the same integers.
    """
    model = quantized_detector()
    names = [entry.name for entry in model.graph.output]

    def saturating(x: np.ndarray) -> list[np.ndarray]:
        outputs = simulate(model, x, exact=False).outputs
        return [outputs[name] for name in names]

    runs = {
        "exact": open_session(model, exact=True),
        "saturating": open_session(model) if sums_saturate() else saturating,
    }
    scored = {name: mean_precision(run) for name, run in runs.items()}
    return {"scenes": KEPT_SCENES, "calibration_scenes": CALIBRATION_SCENES, "mAP": scored}


def mean_precision(run: Any) -> float:
    """mAP in points of whatever `predictor` takes, on the test scenes of the kept result."""
    from quantlab.scenes import Test
    from quantlab.zoo import evaluate_detector, load

    data = Test(KEPT_SCENES, width=320, height=320)
    net: Any = load("detector")
    scores = evaluate_detector(run, net.preprocessing, data, progress=True)
    return round(100 * scores.numbers["AP"], 1)


def planted_layer() -> tuple[onnx.ModelProto, np.ndarray]:
    """A 1×1 convolution whose every pair of products leaves INT16, and its picture."""
    constants = {
        "one": np.float32(1),
        "zero": np.uint8(0),
        "w_zero": np.int8(0),
        "step": np.float32(STEP),
        "w_q": np.full((16, CHANNELS, 1, 1), 127, np.int8),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "one", "zero"], ["x_q"]),
        helper.make_node("DequantizeLinear", ["x_q", "one", "zero"], ["x_d"]),
        helper.make_node("DequantizeLinear", ["w_q", "one", "w_zero"], ["w_d"]),
        helper.make_node("Conv", ["x_d", "w_d"], ["y_d"], name="planted"),
        helper.make_node("QuantizeLinear", ["y_d", "step", "zero"], ["y_q"]),
        helper.make_node("DequantizeLinear", ["y_q", "step", "zero"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "planted",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 16, 8, 8])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    opset = [helper.make_opsetid("", 21)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    return model, np.full((1, CHANNELS, 8, 8), 255, np.float32)


def seen_in_openvino() -> str:
    """The planted layer in OpenVINO as on a CPU with AVX2 and no more, in one or three lines."""
    from quantlab.deploy.openvino import OpenVINOUnavailable, run_with_isa

    model, x = planted_layer()
    exact, predicted = (simulate(model, x, exact=sums).outputs["y"] for sums in (True, False))
    lines = [
        f"exact sums                tick {_tick(exact)} everywhere",
        f"predicted, 16-bit pairs   tick {_tick(predicted)} everywhere",
    ]
    try:
        seen = run_with_isa(model, x, "AVX2")
    except OpenVINOUnavailable as said:
        return f"Not seen here: {said}"
    ticks, counts = np.unique(np.rint(seen.outputs["y"] / STEP).astype(int), return_counts=True)
    most = ticks[counts.argmax()]
    lines.append(f"OpenVINO, capped to AVX2  tick {most} in {counts.max():,} of {counts.sum():,}")
    return "\n".join(lines)


def _tick(y: np.ndarray) -> int:
    (tick,) = np.unique(np.rint(y / STEP).astype(int))
    return int(tick)
