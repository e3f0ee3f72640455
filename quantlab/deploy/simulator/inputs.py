"""What a model is fed with, as the model itself describes it."""

from __future__ import annotations

from dataclasses import dataclass

import onnx


@dataclass(frozen=True)
class Entry:
    """One input: its name, its type as ONNX Runtime writes it, its dimensions."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True)
class ModelInputs:
    """A model's inputs, described like a session describes them."""

    model: onnx.ModelProto

    def get_inputs(self) -> list[Entry]:
        """The inputs that are no initializers, in order."""
        stored = {tensor.name for tensor in self.model.graph.initializer}
        return [_entry(given) for given in self.model.graph.input if given.name not in stored]


def _entry(given: onnx.ValueInfoProto) -> Entry:
    tensor = given.type.tensor_type
    name = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
    sizes = [getattr(d, d.WhichOneof("value") or "dim_param") or None for d in tensor.shape.dim]
    return Entry(given.name, f"tensor({name})", tuple(sizes))
