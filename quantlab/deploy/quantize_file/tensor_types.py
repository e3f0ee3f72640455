"""Type and shape of every tensor of a file, as ONNX Runtime infers them."""

from __future__ import annotations

from dataclasses import dataclass

import onnx

from quantlab.deploy.runtime.session import open_session

FLOAT = "tensor(float)"


@dataclass(frozen=True)
class TensorType:
    """A type as ONNX Runtime writes it, and the sizes; a name or None where one is free."""

    type: str
    shape: tuple[int | str | None, ...]


def tensor_types(model: onnx.ModelProto) -> dict[str, TensorType]:
    """By name, for inputs and for whatever a node of the main graph writes.

    Raises
    ------
    ValueError
        ONNX Runtime refuses the model.
    """
    session = open_session(with_outputs(model))
    entries = [*session.get_inputs(), *session.get_outputs()]
    return {entry.name: TensorType(entry.type, tuple(entry.shape)) for entry in entries}


def with_outputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the model that returns every tensor that a node of the main graph writes."""
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    there = {entry.name for entry in model.graph.output}
    written = [name for node in model.graph.node for name in node.output if name]
    open_model.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in written if name not in there
    )
    return open_model
