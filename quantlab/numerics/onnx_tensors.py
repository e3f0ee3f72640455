"""The tensors inside an .onnx file and the bytes each takes there. Imports onnx."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError, Message

from quantlab.numerics.size_report import TensorSize

# TensorProto keeps its elements in raw_data, or in the one of these fields that suits its dtype.
FIXED_WIDTH = {"float_data": 4, "double_data": 8}
VARIABLE_WIDTH = ("int32_data", "int64_data", "uint64_data")


def stored_tensors(file: Path) -> Iterator[TensorSize]:
    """Every tensor of the model, constants and subgraphs included.

    Raises
    ------
    ValueError
        The file is no ONNX model, or keeps a tensor's elements in another file. Only the reason
        is said; `size_of_file` makes a sentence of it.
    """
    try:
        model = onnx.load(file, load_external_data=False)
    except DecodeError as error:
        raise ValueError(f"no ONNX model: {error}") from error
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ValueError(f"{tensor.name!r} is kept in another file")
        dtype = onnx.TensorProto.DataType.Name(tensor.data_type).lower()
        yield TensorSize(tensor.name, {"float": "float32"}.get(dtype, dtype), element_bytes(tensor))


def element_bytes(tensor: onnx.TensorProto) -> int:
    """Bytes that the elements of one tensor take in the file."""
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data)
    size = sum(width * len(getattr(tensor, field)) for field, width in FIXED_WIDTH.items())
    size += sum(len(text) for text in tensor.string_data)
    return size + sum(_varint_bytes(getattr(tensor, field)) for field in VARIABLE_WIDTH)


def _varint_bytes(values: Any) -> int:
    """Protobuf writes an integer in as many 7-bit groups as it needs, a negative one in ten."""
    kept = np.array([int(v) & 0xFFFF_FFFF_FFFF_FFFF for v in values], dtype=np.uint64)
    return kept.size + sum(int((kept >> np.uint64(7 * k) != 0).sum()) for k in range(1, 10))


def _tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Walk the whole model; wherever protobuf nests a TensorProto, this finds it."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in (value,) if isinstance(value, Message) else value:
                yield from _tensors(part)
