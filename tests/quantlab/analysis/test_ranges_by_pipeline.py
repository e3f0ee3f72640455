"""Ranges and outputs of two pipelines, against plain sessions."""

import json

import numpy as np
import onnx
import pytest

from quantlab.analysis import pipeline_ranges
from quantlab.analysis.tensor_error import sqnr
from quantlab.deploy import open_session
from tests.quantlab.analysis.onnx_nets import float_net, photos, quantized_by_onnxruntime

FLOAT = float_net()
INT8 = quantized_by_onnxruntime(FLOAT)
TRAINING = photos(20)
DEPLOYED = 255 * TRAINING[:, ::-1]
RANGES = pipeline_ranges(INT8, {"training": TRAINING, "deployed": DEPLOYED}, FLOAT, exact=True)


def run(model, x, tensors=()):
    tapped = onnx.ModelProto()
    tapped.CopyFrom(model)
    tapped.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors)
    session = open_session(tapped, exact=True)
    return session.run(["logits", *tensors], {"input": np.ascontiguousarray(x)})


@pytest.mark.parametrize("name", ["relu0", "conv1", "sum", "average"])
def test_ranges_are_those_of_plain_sessions(name):
    tensor = RANGES[name]
    assert tensor.ruler[0] <= 0 <= tensor.ruler[1]
    scale = (tensor.ruler[1] - tensor.ruler[0]) / 255
    for run_of, x in zip(tensor.runs, (TRAINING, DEPLOYED), strict=True):
        _, real = run(FLOAT, x, [name])
        # Which tensors are outputs decides what ONNX Runtime fuses, and so the order of sums.
        assert run_of.fp32 == pytest.approx((real.min(), real.max()), rel=1e-5)
        beyond = (real < tensor.ruler[0] - scale / 2) | (real > tensor.ruler[1] + scale / 2)
        assert run_of.clipped == pytest.approx(beyond.mean(), abs=1e-3)
        assert tensor.ruler[0] <= run_of.int8[0] <= run_of.int8[1] <= tensor.ruler[1]


def test_a_forgotten_division_fills_the_rulers_to_their_ends():
    training, deployed = RANGES["input"].runs
    assert training.clipped < 0.01
    # Values 255 times too large: all but a hundredth or so lie beyond a ruler of 4 or 5 sigma.
    assert deployed.clipped > 0.95
    assert deployed.int8 == RANGES["input"].ruler


def test_outputs_tell_preprocessing_from_quantization():
    expected = run(FLOAT, TRAINING)[0]
    by_run = {(o.pipeline, o.precision): o for o in RANGES.outputs}
    assert by_run["training", "FP32"].sqnr_db == np.inf
    for (pipeline, precision), output in by_run.items():
        x = TRAINING if pipeline == "training" else DEPLOYED
        real = run(FLOAT if precision == "FP32" else INT8, x)[0]
        assert (output.low, output.high) == pytest.approx((real.min(), real.max()), rel=1e-6)
        if output.sqnr_db != np.inf:
            assert output.sqnr_db == pytest.approx(sqnr(real, expected), rel=1e-6)
    assert by_run["training", "INT8"].sqnr_db > 20 > 0 > by_run["deployed", "FP32"].sqnr_db


def test_it_reads_as_a_table_and_as_json():
    lines = str(RANGES).splitlines()
    assert lines[2].split()[:2] == ["training", "FP32"]
    assert lines[2].endswith("reference")
    assert json.loads(json.dumps(RANGES.to_dict()))["outputs"][0]["sqnr_db"] is None
    with pytest.raises(KeyError, match="no quantized tensor"):
        RANGES["relu7"]


@pytest.mark.parametrize("inputs", [{}, {"a": TRAINING, "b": DEPLOYED[:3]}])
def test_pipelines_must_show_the_same_images(inputs):
    with pytest.raises(ValueError, match="each pipeline must show the same images"):
        pipeline_ranges(INT8, inputs, FLOAT)
