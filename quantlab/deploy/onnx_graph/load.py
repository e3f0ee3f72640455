"""Read an .onnx file, or say in one sentence why it cannot be read."""

import os
from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx.external_data_helper import ExternalDataInfo, load_external_data_for_model

# Where a ModelProto usually begins: the tag of ir_version, its first field.
FIRST_BYTE = b"\x08"

AnyModel = str | os.PathLike[str] | onnx.ModelProto


def load_model(path: str | os.PathLike[str]) -> onnx.ModelProto:
    """The model in a file, tensors kept in files beside it included.

    Nothing outside the model's own folder is ever opened: a model is data from elsewhere, and
    may name any file of this machine as its weights.

    Parameters
    ----------
    path : path of an .onnx file

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    OSError
        No such file, a folder, no permission to read.
    ValueError
        Not an ONNX model, a truncated one, or one whose external tensors lie outside its folder,
        are missing or too short.
    """
    file = Path(path)
    content = _read(file)
    if not content:
        raise ValueError(f"{file} is empty, but a model is expected: export it again.")
    try:
        model = onnx.ModelProto.FromString(content)
    except DecodeError as error:
        if content.startswith(FIRST_BYTE):
            raise ValueError(
                f"{file} begins like an ONNX model but breaks off or is damaged within its "
                f"{len(content)} bytes: copy or export it again."
            ) from error
        raise ValueError(_not_onnx(file)) from error
    if not model.ir_version:
        raise ValueError(_not_onnx(file))
    if not model.HasField("graph") or not model.opset_import:
        raise ValueError(
            f"{file} begins like an ONNX model but has no graph or no opset version: it was cut "
            f"off after {len(content)} bytes; copy or export it again."
        )
    for tensor in stored_elsewhere(model):
        _check_external(file, tensor)
    load_external_data_for_model(model, str(file.parent))
    return model


def as_model(model: AnyModel) -> onnx.ModelProto:
    """The model itself, or the one in the file named: what takes either calls this."""
    if isinstance(model, onnx.ModelProto):
        return model
    if isinstance(model, str | os.PathLike):
        return load_model(model)
    raise TypeError(
        f"model is a {type(model).__name__}, but a path of an .onnx file or an onnx.ModelProto is "
        f"expected: export it first with export_onnx or build_onnx."
    )


def stored_elsewhere(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """The tensors whose elements lie in another file, constants and subgraphs included."""
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        attributes = [a for node in graph.node for a in node.attribute]
        graphs += [g for a in attributes for g in (a.g, *a.graphs) if g.node]
        constants = [t for a in attributes for t in (a.t, *a.tensors)]
        for tensor in [*graph.initializer, *constants]:
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                yield tensor


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{file} does not exist: check the path, or export the model first."
        ) from error
    except IsADirectoryError as error:
        raise IsADirectoryError(f"{file} is a folder: name the .onnx file in it.") from error
    except OSError as error:
        raise type(error)(f"{file} cannot be read ({error.strerror}): check who may.") from error


def _not_onnx(file: Path) -> str:
    return f"{file} is not an ONNX model: name a file that export_onnx or another exporter wrote."


def _check_external(file: Path, tensor: onnx.TensorProto) -> None:
    info = ExternalDataInfo(tensor)
    folder = file.parent.resolve()
    # Resolved, so that neither `..` nor a link leads out; an absolute location replaces the folder.
    data = (folder / info.location).resolve()
    if Path(info.location).is_absolute() or not data.is_relative_to(folder):
        raise ValueError(
            f"{file} keeps tensor {tensor.name!r} in {info.location!r}, outside its own folder, "
            f"and is not opened: save the model in one file, or its data beside it."
        )
    if not data.is_file():
        raise ValueError(
            f"{file} keeps tensor {tensor.name!r} in {info.location!r}, which does not exist: "
            f"copy that file too, into the same folder."
        )
    end, size = (info.offset or 0) + (info.length or 0), data.stat().st_size
    if end > size:
        raise ValueError(
            f"{file} keeps tensor {tensor.name!r} in {info.location!r} up to byte {end}, but that "
            f"file has {size}: it was cut off; copy it again."
        )
