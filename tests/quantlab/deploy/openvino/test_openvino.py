"""OpenVINO where it is installed; where it is not, the sentence that says so.

It is an optional extra: without it every test here checks that the refusal is the right one.
"""

import importlib.util
import subprocess
import sys

import numpy as np
import psutil
import pytest
from onnx import TensorProto, helper

from quantlab.base.machine import is_x86
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.onnx_graph.macs import macs_of
from quantlab.deploy.openvino import (
    OpenVINOUnavailable,
    openvino_precision_report,
    run_with_isa,
)
from quantlab.deploy.openvino.model import require_openvino
from quantlab.methods.quantize_model import quantize_model
from quantlab.numerics.saturation import saturated_matmul
from tests.quantlab.deploy.qdq_net import QdqNet
from tests.support.networks import NETWORKS, images

AVAILABLE = importlib.util.find_spec("openvino") is not None and is_x86()


def calling(function, *arguments, **settings):
    """What the call returns; None where OpenVINO is absent and the call said so."""
    if AVAILABLE:
        return function(*arguments, **settings)
    with pytest.raises(OpenVINOUnavailable, match=r"pip install|x86 only"):
        function(*arguments, **settings)
    return None


def two_convs(middle="HardSwish"):
    net = QdqNet()
    c = net.node(middle, net.conv(net.x, "c1", kernel=3), "act")
    return net.model(net.qdq(net.conv(net.qdq(c, "y1"), "c2"), "y2"))


def test_layers_are_found_with_their_precision_and_macs():
    report = calling(openvino_precision_report, two_convs(), runs=3)
    if report is None:
        return
    layers = {node.layer: node for node in report.nodes if node.macs}
    assert {name: node.macs for name, node in layers.items()} == {
        "c1": 256 * 8 * 8 * 9,
        "c2": 256 * 8 * 8,
    }
    assert {node.precision for node in layers.values()} == {"INT8"}
    assert all("I8" in node.operator for node in layers.values())
    assert report.macs_share("INT8") == 1.0
    assert report.seconds() > 0
    assert "openvino" in str(report)
    assert report.to_dict()["runtime"] == "openvino"


def test_a_float_model_is_one_island_in_fp32():
    net = QdqNet()
    net.nodes.clear()
    w, b = net.float_weights("w", (8, 8, 3, 3)), net.float_weights("b", (8,))
    c = net.conv("input", "c", kernel=3, weights=w, bias=b)
    report = calling(openvino_precision_report, net.model(c), profile=False)
    if report is None:
        return
    assert (report.macs_share("FP32"), report.islands, report.count("INT8")) == (1.0, 1, 0)
    assert report.seconds() is None


def test_a_float_operator_between_integers_is_an_island():
    net = QdqNet()
    first = net.qdq(net.conv(net.x, "c1"), "y1")
    middle = net.qdq(net.node("Softmax", first, "s"), "y2")
    model = net.model(net.qdq(net.conv(middle, "c2"), "y3"))
    report = calling(openvino_precision_report, model, profile=False)
    if report is None:
        return
    assert {n.layer: n.precision for n in report.nodes if n.layer in ("c1", "s", "c2")} == {
        "c1": "INT8",
        "s": "FP32",
        "c2": "INT8",
    }
    assert report.islands == 1


@pytest.mark.parametrize("name", ["mobilenet_v2", "small_resnet", "small_unet"])
def test_every_layer_of_a_whole_net_is_found_in_float_and_in_integers(name):
    net, batch = NETWORKS[name](), images(2, 32)
    for model, precision in (
        (build_onnx(net, batch), "FP32"),
        (build_onnx(quantize_model(net, [batch]), signed_activations=False), "INT8"),
    ):
        report = calling(openvino_precision_report, model, profile=False)
        if report is not None:
            macs = macs_of(model)
            assert {n.layer: n.macs for n in report.nodes if n.macs} == macs
            assert report.macs_share(precision) == 1.0


# 64 input channels of 255 by weights of 127: 32 pairs of 64,770, each stopped at 32,767.
CHANNELS = 64
SCALE_OUT = 2.0**14  # dividing by a power of two is exact


def worst_case():
    """A 1x1 convolution on the largest integers there are."""
    net = QdqNet(zero_point=0)
    net.nodes.clear()
    net.constants |= {
        "one": np.float32(1),
        "w_q": np.full((8, CHANNELS, 1, 1), 127, np.int8),
        "w_zero": np.int8(0),
        "out": np.float32(SCALE_OUT),
    }
    x = net.dq(net.q("input", "x_q", "one"), "x", "one")
    w = net.dq("w_q", "w", "one", "w_zero")
    y = net.dq(net.q(net.node("Conv", [x, w], "c"), "y_q", "out"), "y", "out")
    model = net.model(y)
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = CHANNELS
    return model


def test_a_run_capped_to_avx2_saturates_as_the_model_says():
    x = np.full((1, CHANNELS, 16, 16), 255, np.float32)
    ran = calling(run_with_isa, worst_case(), x, "AVX2")
    if ran is None:
        return
    column = np.full((CHANNELS, 1), 127, np.int8)
    saturated = int(saturated_matmul(np.full((1, CHANNELS), 255, np.uint8), column)[0, 0])
    exact = CHANNELS * 255 * 127
    assert saturated == 32 * 32767
    # Both quotients are exact in float32; neither is a tie.
    assert set(np.unique(ran.outputs["y"] / SCALE_OUT)) == {np.rint(saturated / SCALE_OUT)}
    assert np.rint(saturated / SCALE_OUT) != np.rint(exact / SCALE_OUT)
    assert any("avx2" in kernel and "I8" in kernel for kernel in ran.kernels)


def test_the_cap_chooses_the_kernels():
    x = np.zeros((1, 8, 16, 16), np.float32)
    ran = calling(run_with_isa, two_convs(), x, isa="SSE41")
    if ran is None:
        return
    assert ran.isa == "SSE41"
    assert any("sse" in kernel and "I8" in kernel for kernel in ran.kernels)
    assert not any("avx" in kernel and "I8" in kernel for kernel in ran.kernels)


def test_a_run_that_takes_too_long_is_ended():
    """No process loads OpenVINO within a hundredth of a second."""
    if not AVAILABLE:
        return
    with pytest.raises(TimeoutError, match=r"longer than 0.01 s and was ended"):
        run_with_isa(two_convs(), np.zeros((1, 8, 16, 16), np.float32), timeout=0.01)
    running = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not any("quantlab.deploy.openvino.worker" in words for words in running)


def test_an_unknown_cap_is_refused_before_anything_runs():
    with pytest.raises(ValueError, match="isa is 'AVX3', but a run is capped to one of SSE41"):
        run_with_isa(two_convs(), np.zeros((1, 8, 16, 16), np.float32), isa="AVX3")


def test_inputs_that_do_not_fit_are_refused():
    if not AVAILABLE:
        return
    with pytest.raises(ValueError, match="takes float32"):
        run_with_isa(two_convs(), np.zeros((1, 8, 16, 16)))
    with pytest.raises(ValueError, match="needs at least one run"):
        openvino_precision_report(two_convs(), runs=0)


def unknown_to_openvino():
    """A model with an operator of ONNX Runtime's own that OpenVINO does not have."""
    node = helper.make_node("CDist", ["input", "input"], ["y"], domain="com.microsoft")
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [4, 3])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "custom", [given], [made])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def test_a_model_that_openvino_refuses_is_refused_in_one_sentence():
    if not AVAILABLE:
        return
    x = np.zeros((4, 3), np.float32)
    with pytest.raises(ValueError, match=r"^the model is refused by OpenVINO \(No .*CDist\): run"):
        openvino_precision_report(unknown_to_openvino(), inputs=x)
    with pytest.raises(
        ValueError, match=r"^the run in OpenVINO failed: the model is refused .*CDist"
    ):
        run_with_isa(unknown_to_openvino(), x)


def test_on_another_cpu_a_sentence_says_what_to_do():
    with pytest.raises(OpenVINOUnavailable, match="this machine is arm64, but OpenVINO has INT8"):
        require_openvino("arm64")


HIDDEN = """
import sys
sys.modules["openvino"] = None  # as if it were not installed
import numpy as np
from quantlab.deploy.openvino import (
    OpenVINOUnavailable, openvino_precision_report, run_with_isa,
)
for call in (lambda: openvino_precision_report("none.onnx"),
             lambda: run_with_isa("none.onnx", np.zeros(1, np.float32))):
    try:
        call()
    except ImportError as error:
        print(type(error).__name__, "|", error)
"""


def test_without_the_package_a_sentence_says_how_to_install_it():
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN], capture_output=True, text=True, timeout=300, check=True
    )
    expected = "pip install 'quantlab[openvino]'." if is_x86() else "OpenVINO has INT8 kernels"
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("OpenVINOUnavailable | ")
        assert expected in line
