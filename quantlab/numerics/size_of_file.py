"""How many bytes of a real file are numbers, and how many are the box around them."""

import json
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from quantlab.numerics.size_report import SizeReport, TensorSize

SAFETENSORS_NAMES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip

# What the readers raise on bytes that are not what the suffix says.
DAMAGE = (
    zipfile.BadZipFile, struct.error, ValueError, KeyError, TypeError, AttributeError, EOFError,
)  # fmt: skip


def size_of_file(path: str | os.PathLike[str]) -> SizeReport:
    """Split a file on disk into tensor bytes by dtype and container overhead.

    The parts always sum to `os.path.getsize(path)`. The container is everything that is no tensor
    element: names, shapes, the graph, headers, padding.

    Parameters
    ----------
    path : path of an .onnx, .npz or .safetensors file
        .onnx: initializers, constants and tensors in subgraphs, as many bytes as they take in
        the file; onnx is imported for it. .npz: a compressed array counts with its compressed
        bytes, which include its own header, as "float32 compressed".

    Returns
    -------
    SizeReport
        One part a dtype, then "container"; one row a tensor.

    Raises
    ------
    ValueError
        Another suffix, a damaged file, or an .onnx that keeps its tensors in other files.
    OSError
        The file cannot be read.
    """
    file = Path(path)
    readers = {".onnx": _onnx_tensors, ".npz": _npz_tensors, ".safetensors": _safetensors_tensors}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise ValueError(
            f"{file.name} ends in {file.suffix or 'no suffix'!r}, but only "
            f"{', '.join(readers)} files can be split: save the weights as one of these."
        )
    total = os.path.getsize(file)
    try:
        rows = tuple(reader(file))
    except DAMAGE as error:
        raise ValueError(
            f"{file.name} cannot be split as {file.suffix} ({error}): save it again, all in one "
            f"file."
        ) from error
    parts: dict[str, int] = {}
    for row in rows:
        parts[row.dtype] = parts.get(row.dtype, 0) + row.nbytes
    parts["container"] = total - sum(parts.values())
    return SizeReport(f"{file.name}, {len(rows)} tensors", tuple(parts.items()), rows)


def _npz_tensors(file: Path) -> Iterator[TensorSize]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            with archive.open(info) as member:
                dtype, header = _npy_header(member)
            name = info.filename.removesuffix(".npy")
            if info.compress_type == zipfile.ZIP_STORED:
                yield TensorSize(name, dtype, info.file_size - header)
            else:
                yield TensorSize(name, f"{dtype} compressed", info.compress_size)


def _npy_header(member: Any) -> tuple[str, int]:
    """dtype and length in bytes of the header of one .npy inside an .npz.

    Version 1.0 of the format holds every array of plain numbers; later ones exist for arrays with
    very many or non-ASCII field names.
    """
    version = np.lib.format.read_magic(member)
    if version != (1, 0):
        raise ValueError(f"one array is in .npy version {version} instead of (1, 0)")
    _, _, dtype = np.lib.format.read_array_header_1_0(member)
    return str(dtype), member.tell()


def _safetensors_tensors(file: Path) -> Iterator[TensorSize]:
    size = os.path.getsize(file)
    with open(file, "rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        room = size - 8 - length
        if room < 0:
            raise ValueError(f"the header claims {length} bytes and the file has {size}")
        header = json.loads(stream.read(length).decode("utf-8"))
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            if not 0 <= start <= end <= room:
                raise ValueError(
                    f"{name!r} claims bytes {start} to {end} and there are {room} after the header"
                )
            dtype = SAFETENSORS_NAMES.get(entry["dtype"], entry["dtype"].lower())
            yield TensorSize(name, dtype, end - start)


def _onnx_tensors(file: Path) -> Iterator[TensorSize]:
    from quantlab.numerics.onnx_tensors import stored_tensors

    return stored_tensors(file)
