"""Real files, split: the parts sum to what the disk says, the payload to what the arrays say."""

import json
import os
import struct
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from quantlab.numerics import LayerShape, size_of_file, size_of_layers
from quantlab.numerics.onnx_tensors import element_bytes

ARRAYS = {
    "weight": np.random.default_rng(0).normal(size=(16, 9)).astype(np.float32),
    "q": np.arange(-64, 64, dtype=np.int8),
    "scale": np.float32(0.1) * np.ones(16, np.float32),
    "empty": np.zeros((0, 3), np.float32),
}
BY_DTYPE = {"float32": 16 * 9 * 4 + 16 * 4, "int8": 128}


def check(path, by_dtype):
    report = size_of_file(path)
    assert report.total == os.path.getsize(path)
    assert {name: size for name, size in report.parts if name != "container"} == by_dtype
    assert report["container"] > 0
    return report


def test_npz(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    report = check(tmp_path / "a.npz", BY_DTYPE)
    assert {row.name: row.nbytes for row in report.tensors} == {
        k: a.nbytes for k, a in ARRAYS.items()
    }


def test_compressed_npz(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", zeros=np.zeros(10_000, np.float32))
    report = size_of_file(tmp_path / "a.npz")
    assert report.total == os.path.getsize(tmp_path / "a.npz")
    assert 0 < report["float32 compressed"] < 1000


def write_safetensors(path, arrays):
    """The format as its authors describe it: length, JSON header, elements."""
    header, at = {"__metadata__": {"made": "by hand"}}, 0
    for name, array in arrays.items():
        dtype = {"float32": "F32", "int8": "I8"}[str(array.dtype)]
        offsets = [at, at + array.nbytes]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": offsets}
        at += array.nbytes
    text = json.dumps(header).encode()
    elements = b"".join(array.tobytes() for array in arrays.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + elements)
    return 8 + len(text)


def test_safetensors(tmp_path):
    box = write_safetensors(tmp_path / "a.safetensors", ARRAYS)
    assert check(tmp_path / "a.safetensors", BY_DTYPE)["container"] == box


def test_onnx_with_raw_data(tmp_path):
    tensors = [numpy_helper.from_array(array, name) for name, array in ARRAYS.items()]
    save(tmp_path / "a.onnx", tensors)
    check(tmp_path / "a.onnx", BY_DTYPE)


def test_onnx_with_packed_4_bit_integers(tmp_path):
    save(tmp_path / "a.onnx", [helper.make_tensor("q", TensorProto.INT4, (5,), [1, -2, 3, -4, 5])])
    # 5 integers in 3 bytes, kept in int32_data: each byte is a varint of 1 or 2 bytes,
    # low half first: 0xE1 (2), 0xC3 (2), 0x05 (1).
    assert size_of_file(tmp_path / "a.onnx")["int4"] == 5


def save(path, tensors, nodes=()):
    graph = helper.make_graph(list(nodes), "g", [], [], list(tensors))
    onnx.save(helper.make_model(graph), path)


TYPED = [
    (TensorProto.FLOAT, [0.5, -1.0, 3.0], "float_data"),
    (TensorProto.DOUBLE, [0.5, -1.0], "double_data"),
    (TensorProto.INT32, [0, 1, 127, 128, 2**31 - 1, -1, -(2**31)], "int32_data"),
    (TensorProto.INT64, [0, 300, -300, 2**63 - 1, -(2**63)], "int64_data"),
    (TensorProto.UINT64, [0, 2**64 - 1, 2**35], "uint64_data"),
    (TensorProto.INT8, [-128, -1, 0, 127], "int32_data"),
]


@pytest.mark.parametrize(("kind", "values", "field"), TYPED)
def test_typed_fields_are_measured_as_protobuf_writes_them(kind, values, field):
    tensor = helper.make_tensor("t", kind, (len(values),), values)
    assert len(getattr(tensor, field)) == len(values)
    alone = onnx.TensorProto()
    getattr(alone, field).extend(values)
    # A packed field of less than 128 bytes: one byte names it, one says how long it is.
    assert element_bytes(tensor) == alone.ByteSize() - 2


def test_strings_are_measured_too():
    tensor = helper.make_tensor("t", TensorProto.STRING, (2,), [b"cat", b"traffic light"])
    assert element_bytes(tensor) == len("cat") + len("traffic light")


def test_onnx_constants_and_subgraphs_are_found(tmp_path):
    inner = helper.make_node(
        "Constant", [], ["c"], value=numpy_helper.from_array(np.ones(5, np.float32), "c")
    )
    branch = helper.make_graph(
        [inner], "branch", [], [helper.make_tensor_value_info("c", TensorProto.FLOAT, (5,))]
    )
    choice = helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)
    outer = helper.make_node(
        "Constant", [], ["k"], value=numpy_helper.from_array(np.ones(3, np.int8), "k")
    )
    save(tmp_path / "a.onnx", [], [outer, choice])
    report = size_of_file(tmp_path / "a.onnx")
    assert (report["float32"], report["int8"]) == (2 * 5 * 4, 3)
    assert report.total == os.path.getsize(tmp_path / "a.onnx")


def test_a_layer_table_predicts_a_model_quantized_by_onnx_runtime(tmp_path):
    """Every byte of tensor payload in a QDQ file that quantize_static wrote."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    rng = np.random.default_rng(1)
    w1, w2 = rng.normal(size=(6, 3, 3, 3)), rng.normal(size=(4, 6, 1, 1))
    parameters = {"w1": w1, "b1": rng.normal(size=6), "w2": w2, "b2": rng.normal(size=4)}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w1", "b1"], ["h"], name="first"),
            helper.make_node("Conv", ["h", "w2", "b2"], ["y"], name="second"),
        ],
        "two_convs",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4, 6, 6))],
        [numpy_helper.from_array(a.astype(np.float32), name) for name, a in parameters.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)

    class OneBatch(CalibrationDataReader):
        def __init__(self):
            self.batches = iter([{"x": rng.normal(size=(1, 3, 8, 8)).astype(np.float32)}])

        def get_next(self):
            return next(self.batches, None)

    path = tmp_path / "int8.onnx"
    quantize_static(model, path, OneBatch(), quant_format=QuantFormat.QDQ, per_channel=True)
    on_disk = size_of_file(path)
    counted = size_of_layers(
        [LayerShape("first", "conv", w1.shape), LayerShape("second", "conv", w2.shape)],
        "int8",
        per_channel=True,
        bias_scales=True,
        activations=3,  # x, h and y
        activation_dtype="int8",
        container=on_disk["container"],
    )
    # The tool keeps scalars in int32_data, where protobuf writes a negative zero_point in ten bytes
    # instead of one. Weights and everything per-channel are raw bytes.
    negative = sum(row.nbytes == 10 for row in on_disk.tensors if row.name.endswith("_zero_point"))
    assert counted.payload + 9 * negative == on_disk.payload
    assert counted.total + 9 * negative == on_disk.total == os.path.getsize(path)


def test_onnx_with_its_tensors_elsewhere_is_refused(tmp_path):
    graph = helper.make_graph([], "g", [], [], [numpy_helper.from_array(ARRAYS["weight"], "w")])
    onnx.save(
        helper.make_model(graph), tmp_path / "a.onnx", save_as_external_data=True, size_threshold=0
    )
    with pytest.raises(ValueError, match=r"a.onnx .*'w' is kept in another file"):
        size_of_file(tmp_path / "a.onnx")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.bin", b"", "a.bin ends in '.bin', but only .onnx, .npz, .safetensors"),
        ("weights", b"", "weights ends in 'no suffix'"),
        ("a.npz", b"not a zip", "a.npz cannot be split as .npz"),
        ("a.onnx", b"\xff\xff\xff", "a.onnx cannot be split as"),
        ("a.safetensors", b"\x01", "a.safetensors cannot be split as .safetensors"),
        ("a.safetensors", struct.pack("<Q", 99) + b"{}", "the header claims 99 bytes"),
        ("a.safetensors", struct.pack("<Q", 2) + b"{]", "a.safetensors cannot be split"),
        ("a.safetensors", struct.pack("<Q", 2) + b"[]", "a.safetensors cannot be split"),
        ("a.safetensors", struct.pack("<Q", 8) + b'{"a":{}}', "a.safetensors cannot be split"),
    ],
)
def test_other_and_damaged_files_are_refused(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=says):
        size_of_file(tmp_path / name)


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        (b"hello, I am no array", "the magic string is not correct"),
        (b"\x93NUMPY\x03\x00", r"version \(3, 0\) instead of \(1, 0\)"),
    ],
)
def test_npz_with_something_else_inside_is_refused(tmp_path, inside, says):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", inside)
    with pytest.raises(ValueError, match=rf"a.npz cannot be split as .npz \(.*{says}"):
        size_of_file(tmp_path / "a.npz")


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, ARRAYS)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="'scale' claims bytes 704 to 768 and there are 767"):
        size_of_file(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        size_of_file(tmp_path / "no.npz")
