"""The report on small nets whose right answer is known, and its three forms."""

import json

import numpy as np
import pytest
from onnx import StringStringEntryProto, TensorProto

from quantlab.deploy.precision.report import precision_report
from tests.quantlab.deploy.qdq_net import QdqNet


def two_convs(middle="HardSwish"):
    """Two convolutions; what stands between the first and its QuantizeLinear decides the first."""
    net = QdqNet()
    c = net.conv(net.x, "c1", kernel=3)
    c = net.qdq(net.node(middle, c, "act") if middle else c, "y1")
    return net.model(net.qdq(net.conv(c, "c2"), "y2"))


@pytest.fixture(scope="module")
def report():
    return precision_report(two_convs(), runs=4)


def test_every_node_has_its_precision_layer_and_reason(report):
    nodes = {node.layer: node for node in report.nodes if node.precision != "layout"}
    assert {layer: node.precision for layer, node in nodes.items()} == {
        "c1": "FP32",
        "act": "FP32",
        "c2": "INT8",
    }
    assert nodes["c1"].kind == "HardSwish before QuantizeLinear"
    assert nodes["act"].kind == "no integer kernel: HardSwish"
    assert nodes["c2"].kind == nodes["c2"].reason == ""


def test_macs_are_shared_out_by_precision(report):
    first, second = 256 * 8 * 8 * 9, 256 * 8 * 8
    assert report.macs() == first + second
    assert report.macs("FP32") == first
    assert report.macs_share("INT8") == second / (first + second)
    assert report.uncounted == ()


def test_shares_of_time_sum_to_one_and_nodes_to_the_whole(report):
    shares = [report.time_share(precision) for precision in ("INT8", "layout", "FP32")]
    # Three float64 quotients of sums of some twenty terms: errors stay below 100 * 2**-53.
    assert sum(shares) == pytest.approx(1.0, abs=1e-13)
    assert report.seconds() == pytest.approx(sum(node.seconds for node in report.nodes))
    counts = [report.count(precision) for precision in ("INT8", "layout", "FP32")]
    assert sum(counts) == len(report.nodes)
    assert report.islands == 1


def test_dequantized_weights_are_pointed_out(report):
    found = [node.layer for node in report.nodes if node.kind == "weights dequantized"]
    assert sorted(found) == ["c1_b", "c1_w"]


def test_a_layer_kept_float_that_the_runtime_quantizes_is_pointed_out():
    net = QdqNet()
    w, b = net.float_weights("w", (8, 8, 1, 1)), net.float_weights("b", (8,))
    model = net.model(net.qdq(net.conv(net.x, "c", weights=w, bias=b), "y"))
    (node,) = [n for n in precision_report(model, profile=False).nodes if n.layer == "c"]
    assert (node.precision, node.kind) == ("INT8", "quantized by the runtime")


def test_without_a_profile_there_is_no_time_and_nothing_runs():
    report = precision_report(two_convs(), profile=False)
    assert report.seconds() is report.time_share("INT8") is None
    assert {node.seconds for node in report.nodes} == {None}
    assert report.runs == 0
    assert "profiler" not in str(report)
    assert report.to_dict()["summary"]["INT8"]["seconds"] is None


def test_the_batch_given_is_the_batch_counted():
    x = np.zeros((3, 8, 16, 16), np.float32)
    model = two_convs(None)
    one, three = (precision_report(model, inputs=i, profile=False) for i in (None, {"input": x}))
    assert three.macs() == 3 * one.macs()


def test_a_model_of_one_precision_has_all_its_shares_there():
    report = precision_report(two_convs(None), runs=1)
    assert (report.macs_share("INT8"), report.macs_share("FP32"), report.islands) == (1.0, 0.0, 0)


def test_a_file_is_read_and_torch_paths_in_it_are_shown(tmp_path):
    model = two_convs()
    layers = json.dumps({"c1": "features.0.conv"})
    model.metadata_props.append(StringStringEntryProto(key="quantlab.layers", value=layers))
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    report = precision_report(path, profile=False)
    assert {n.label for n in report.nodes if n.layer == "c1"} == {"features.0.conv"}
    assert "features.0.conv: HardSwish 'act' stands between" in str(report)


def test_the_summary_says_what_is_where_and_why(report):
    text = str(report)
    lines = [line.split() for line in text.splitlines()]
    figures = {line[0]: line[1:] for line in lines if line}
    assert figures["FP32"][0] != "0"
    assert f"{report.macs():,}" in figures["together"]
    assert "HardSwish before QuantizeLinear" in text
    assert "FP32 islands: 1" in text
    assert "4 runs, 1 thread" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_list_has_a_row_for_every_node(report):
    text = str(report.by_node())
    for node in report.nodes:
        rows = [r.split() for r in text.splitlines() if (node.label or "(inserted)") in r.split()]
        assert any(row[1:3] == [node.operator, node.precision] for row in rows), node


def test_many_layers_with_one_reason_are_counted():
    net = QdqNet()
    y = net.x
    for k in range(6):
        y = net.qdq(net.node("Tanh", y, f"t{k}"), f"y{k}")
    text = str(precision_report(net.model(y), profile=False))
    assert "t0: ONNX Runtime has no integer kernel for Tanh: it gets and" in text
    assert "Also t1, t2, t3 and 2 more." in text


def test_layers_without_a_shape_are_named():
    net = QdqNet()
    where = net.node("Cast", net.node("NonZero", "input", "n"), "c", to=TensorProto.FLOAT)
    model = net.model(net.node("MatMul", [net.node("Transpose", where, "t"), where], "m"))
    report = precision_report(model, profile=False)
    assert report.uncounted == ("m",)
    assert "MACs not known, counted as 0: m" in str(report)


def test_the_report_is_plain_data(report):
    data = report.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["summary"]["FP32"]["macs"] == report.macs("FP32")
    assert len(data["nodes"]) == len(report.nodes)
    assert data["versions"]["onnxruntime"]


@pytest.mark.parametrize("runs", [0, -3, 2.5, True])
def test_runs_out_of_range_are_refused(runs):
    with pytest.raises(ValueError, match="needs at least one run"):
        precision_report(two_convs(), runs=runs)


def test_inputs_that_do_not_fit_and_files_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"takes \(N, 8, 16, 16\)"):
        precision_report(two_convs(), inputs=np.zeros((1, 3, 16, 16), np.float32))
    with pytest.raises(FileNotFoundError, match="does not exist"):
        precision_report(tmp_path / "none.onnx")
