"""Whole models, external data, and every kind of file that is no model."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from quantlab.deploy.onnx_graph.load import as_model, load_model, stored_elsewhere

WEIGHT = np.arange(16, dtype=np.float32).reshape(4, 4)


def small_model() -> onnx.ModelProto:
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", [entry], [out], [numpy_helper.from_array(WEIGHT, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def model_with_weights_in(location: str) -> onnx.ModelProto:
    model = small_model()
    tensor = model.graph.initializer[0]
    set_external_data(tensor, location, 0, WEIGHT.nbytes)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    return model


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "model"
    inside.mkdir()
    return inside


def refused(path, error=ValueError) -> str:
    """The one sentence a file is refused with; it names the file."""
    with pytest.raises(error) as caught:
        load_model(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def test_a_whole_model_is_read(folder):
    path = folder / "m.onnx"
    path.write_bytes(small_model().SerializeToString())
    assert load_model(path) == small_model()
    assert load_model(str(path)) == small_model()


def test_external_data_beside_the_model_is_read(folder):
    path = folder / "m.onnx"
    (folder / "sub").mkdir()
    (folder / "sub" / "w.bin").write_bytes(WEIGHT.tobytes())
    path.write_bytes(model_with_weights_in("sub/w.bin").SerializeToString())
    model = load_model(path)
    np.testing.assert_array_equal(numpy_helper.to_array(model.graph.initializer[0]), WEIGHT)
    assert list(stored_elsewhere(model)) == []


@pytest.mark.parametrize("location", ["../w.bin", "sub/../../w.bin", "/etc/hostname"])
def test_external_data_outside_is_not_opened(folder, location):
    (folder.parent / "w.bin").write_bytes(WEIGHT.tobytes())
    path = folder / "m.onnx"
    path.write_bytes(model_with_weights_in(location).SerializeToString())
    sentence = refused(path)
    assert "outside its own folder" in sentence
    assert location in sentence
    assert "'w'" in sentence


def test_a_link_does_not_lead_outside(folder):
    (folder.parent / "w.bin").write_bytes(WEIGHT.tobytes())
    (folder / "w.bin").symlink_to(folder.parent / "w.bin")
    path = folder / "m.onnx"
    path.write_bytes(model_with_weights_in("w.bin").SerializeToString())
    assert "outside its own folder" in refused(path)


def test_external_data_in_a_subgraph_is_found(folder):
    branch = model_with_weights_in("../w.bin").graph
    del branch.input[:]
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    choice = helper.make_node("If", ["c"], ["z"], then_branch=branch, else_branch=branch)
    out = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph([choice], "g", [condition, entry], [out])
    opsets = [helper.make_opsetid("", 21)]
    path = folder / "m.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    )
    assert "outside its own folder" in refused(path)


def test_missing_and_short_external_data(folder):
    path = folder / "m.onnx"
    path.write_bytes(model_with_weights_in("w.bin").SerializeToString())
    assert "does not exist" in refused(path)
    (folder / "w.bin").write_bytes(WEIGHT.tobytes()[:-1])
    sentence = refused(path)
    assert "up to byte 64" in sentence
    assert "has 63" in sentence


def test_every_truncation_is_refused(folder):
    """No prefix passes for a model, not even one that ends between two fields."""
    whole = small_model().SerializeToString()
    path = folder / "m.onnx"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        assert "again" in refused(path)
    path.write_bytes(b"")
    assert "is empty" in refused(path)


@pytest.mark.parametrize(
    "content", [b"hello, this is text", b"\x89PNG\r\n\x1a\n" + bytes(99), b"\x3a\x00"]
)
def test_another_kind_of_file(folder, content):
    path = folder / "m.onnx"
    path.write_bytes(content)
    assert "not an ONNX model" in refused(path)


def test_another_message_of_protobuf(folder):
    path = folder / "tensor.onnx"
    path.write_bytes(numpy_helper.from_array(WEIGHT[0], "w").SerializeToString())
    assert "again" in refused(path)


def test_no_file_and_a_folder(folder):
    assert "does not exist" in refused(folder / "none.onnx", FileNotFoundError)
    assert "is a folder" in refused(folder, IsADirectoryError)
    (folder / "file").write_text("")
    assert "cannot be read" in refused(folder / "file" / "m.onnx", NotADirectoryError)


def test_either_a_path_or_a_model(folder):
    path = folder / "m.onnx"
    path.write_bytes(small_model().SerializeToString())
    model = small_model()
    assert as_model(model) is model
    assert as_model(path) == model
    with pytest.raises(TypeError, match="model is a int, but a path"):
        as_model(3)
