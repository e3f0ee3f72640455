"""Sessions: their options do what they say, and refusals are one sentence."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from quantlab.deploy.runtime.session import PRECISION_OPTION, open_session, session_options
from quantlab.deploy.saturation.probe import probe_saturation


def saturating_model() -> onnx.ModelProto:
    """One UINT8 x INT8 convolution of two channels whose products sum to more than 16 bits."""
    values = {
        "w": np.full((1, 2, 1, 1), 127, np.int8),
        "one": np.float32(1.0),
        "wide": np.float32(1000.0),
        "zw": np.int8(0),
        "zx": np.uint8(0),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "one", "zx"], ["x"]),
        helper.make_node("DequantizeLinear", ["w", "one", "zw"], ["wf"]),
        helper.make_node("Conv", ["x", "wf"], ["r"]),
        helper.make_node("QuantizeLinear", ["r", "wide", "zx"], ["qy"]),
        helper.make_node("DequantizeLinear", ["qy", "wide", "zx"], ["y"]),
    ]
    entry = helper.make_tensor_value_info("q", TensorProto.UINT8, [1, 2, 8, 8])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 8, 8])
    stored = [numpy_helper.from_array(np.asarray(v), k) for k, v in values.items()]
    graph = helper.make_graph(nodes, "g", [entry], [out], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def test_a_path_a_model_and_bytes_give_the_same(tmp_path):
    model = saturating_model()
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    x = np.random.default_rng(0).integers(0, 256, (1, 2, 8, 8)).astype(np.uint8)
    results = [
        open_session(source).run(None, {"q": x})[0]
        for source in (path, str(path), model, model.SerializeToString())
    ]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_exact_sums_in_32_bits_on_every_cpu():
    """2 * 255 * 127 = 64,770 saturates 16 bits; exactly it is 64.77 steps of 1,000, so 65."""
    x = np.full((1, 2, 8, 8), 255, np.uint8)
    y = open_session(saturating_model(), exact=True).run(None, {"q": x})[0]
    assert (y == 65_000).all()


def takes_slower_kernels(options):
    try:
        return options.get_session_config_entry(PRECISION_OPTION) == "1"
    except RuntimeError:  # what ONNX Runtime raises for an entry that nobody added
        return False


def test_exact_sums_cost_nothing_where_the_default_ones_are_exact(tmp_path):
    """The option is given where this CPU's own sums are wrong, and left out where they are not."""
    saturates = any(probe.verdict == "saturates" for probe in probe_saturation())
    graphs = []
    for exact in (False, True):
        path = tmp_path / f"{exact}.onnx"
        session = open_session(saturating_model(), exact=exact, optimized_path=path)
        assert takes_slower_kernels(session.get_session_options()) == (exact and saturates)
        graphs.append(onnx.load(path).graph)
    if not saturates:
        assert graphs[0] == graphs[1]
    # Both kinds of CPU, whichever this one is.
    for needed in (False, True):
        assert takes_slower_kernels(session_options(1, needs_precision=needed)) == needed


def test_threads_are_as_asked():
    options = open_session(saturating_model(), threads=2).get_session_options()
    assert options.intra_op_num_threads == 2
    assert open_session(saturating_model()).get_session_options().intra_op_num_threads == 1


@pytest.mark.parametrize("threads", [0, -1, 1.0, True, "2"])
def test_threads_that_are_none(threads):
    with pytest.raises(ValueError, match="threads is"):
        open_session(saturating_model(), threads)


def test_the_optimized_graph_is_written(tmp_path):
    path = tmp_path / "optimized.onnx"
    open_session(saturating_model(), optimized_path=path)
    assert "QLinearConv" in [node.op_type for node in onnx.load(path).graph.node]


def test_the_profile_is_written_where_asked(tmp_path):
    session = open_session(saturating_model(), profile=tmp_path / "profile")
    session.run(None, {"q": np.zeros((1, 2, 8, 8), np.uint8)})
    name = session.end_profiling()
    assert name.startswith(str(tmp_path / "profile"))
    with open(name, encoding="utf-8") as stream:
        assert any(event.get("cat") == "Node" for event in json.load(stream))


def test_a_model_the_runtime_refuses(tmp_path, capfd):
    model = saturating_model()
    model.graph.node[2].op_type = "Nonesuch"
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    for source, name in ((model, "the model"), (path, "m.onnx"), (b"abc", "the model")):
        with pytest.raises(ValueError, match="is refused by ONNX Runtime") as caught:
            open_session(source)
        assert str(caught.value).startswith(name)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="Nonesuch"):
        open_session(model)
    assert capfd.readouterr() == ("", "")  # said once, as an exception


def test_a_file_is_refused_as_load_model_refuses_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        open_session(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("text")
    with pytest.raises(ValueError, match="not an ONNX model"):
        open_session(tmp_path / "text.onnx")
