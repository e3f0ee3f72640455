"""ONNX nodes and constants, collected until they are a model."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from quantlab.deploy.onnx_graph.graph import RULER_TYPES
from quantlab.numerics import QParams, pack_int4

OPSET = 21
IR_VERSION = 10  # the file format of the release that defined opset 21

#: What onnx raises against a model.
WRONG = (onnx.checker.ValidationError, onnx.shape_inference.InferenceError)
ELEMENT_TYPES = {name: number for number, name in RULER_TYPES.items()}


class GraphWriter:
    """A graph under construction. Nodes are written in the order in which they run."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: str | Sequence[str],
        name: str,
        **attributes: Any,
    ) -> None:
        """Write one node; an attribute that is None is left out."""
        outputs = [outputs] if isinstance(outputs, str) else list(outputs)
        given = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(operator, list(inputs), outputs, name=name, **given))

    def constant(self, name: str, array: Any) -> str:
        """Store an array under a name; returns the name."""
        self.constants[name] = numpy_helper.from_array(np.asarray(array), name)
        return name

    def integers(self, name: str, q: np.ndarray, dtype: str) -> str:
        """Store quantized integers as their own ONNX type, 4-bit ones two to a byte."""
        if dtype not in ("int4", "uint4"):
            return self.constant(name, q)
        packed = pack_int4(q).tobytes()
        self.constants[name] = helper.make_tensor(
            name, ELEMENT_TYPES[dtype], q.shape, packed, raw=True
        )
        return name

    def ruler(self, name: str, qparams: QParams) -> tuple[str, str]:
        """Store `{name}_scale` and `{name}_zero_point`; returns both names."""
        zero_point = np.asarray(qparams.zero_point).astype(qparams.storage)
        return (
            self.constant(f"{name}_scale", qparams.scale),
            self.integers(f"{name}_zero_point", zero_point, qparams.dtype),
        )

    def quantized(self, source: str, name: str, qparams: QParams) -> str:
        """QuantizeLinear of `source` to `{name}_q`, DequantizeLinear of that to `name`."""
        ruler = self.ruler(name, qparams)
        self.node("QuantizeLinear", [source, *ruler], f"{name}_q", f"{name}_quantize")
        self.node("DequantizeLinear", [f"{name}_q", *ruler], name, f"{name}_dequantize")
        return name

    def dequantized_constant(self, name: str, q: np.ndarray, qparams: QParams) -> str:
        """Stored integers `{name}_q` and the DequantizeLinear that reads them as `name`."""
        stored = self.integers(f"{name}_q", q, qparams.dtype)
        axis = None if qparams.axis is None else qparams.axis % q.ndim
        ruler = self.ruler(name, qparams)
        self.node("DequantizeLinear", [stored, *ruler], name, f"{name}_dequantize", axis=axis)
        return name

    def dequantized_bias(self, name: str, q: np.ndarray, scale: np.ndarray) -> str:
        """INT32 biases on the ruler of the sums they are added to; such a ruler starts at 0."""
        stored, step = self.constant(f"{name}_q", q), self.constant(f"{name}_scale", scale)
        axis = 0 if scale.ndim else None
        self.node("DequantizeLinear", [stored, step], name, f"{name}_dequantize", axis=axis)
        return name

    def model(
        self,
        inputs: Sequence[onnx.ValueInfoProto],
        outputs: Sequence[onnx.ValueInfoProto],
        metadata: dict[str, str],
    ) -> onnx.ModelProto:
        """The finished model, without constants that nothing reads, checked by onnx itself.

        Raises
        ------
        ValueError
            Two tensors have one name, or onnx finds the model wrong.
        """
        self._refuse_clashes([entry.name for entry in inputs])
        used = {name for node in self.nodes for name in node.input}
        stored = [tensor for name, tensor in self.constants.items() if name in used]
        model = helper.make_model(
            helper.make_graph(self.nodes, "quantlab", inputs, outputs, stored),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="quantlab",
            producer_version=version("quantlab"),
        )
        helper.set_model_props(model, metadata)
        _check(model)
        return model

    def _refuse_clashes(self, inputs: Sequence[str]) -> None:
        seen: set[str] = {*inputs, *self.constants}
        for name in (name for node in self.nodes for name in node.output):
            if name in seen:
                raise ValueError(
                    f"two tensors would be called {name!r} in the file, where the integers of x "
                    f"are x_q and its ruler x_scale: rename the layer that ends so."
                )
            seen.add(name)


def _check(model: onnx.ModelProto) -> None:
    try:
        onnx.checker.check_model(model, full_check=True)
    except WRONG as error:
        said = " ".join(str(error).split())
        raise ValueError(
            f"the file would not be ONNX ({said}): replace the layer that it names by other "
            f"operators, or end the model before it."
        ) from error
