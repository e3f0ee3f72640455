"""ONNX files as other people write them: of other opsets and formats, and with branches."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from tests.quantlab.analysis.onnx_nets import float_net, photos


def of_opset(opset: int) -> onnx.ModelProto:
    """The float net: its operators say the same in every opset from 11 to 23."""
    model = float_net()
    model.opset_import[0].version = opset
    model.ir_version = 6 if opset < 15 else 10
    return model


class _Photos(CalibrationDataReader):
    def __init__(self) -> None:
        self.batches = iter([{"input": photos(16, seed=5)}])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.batches, None)


def quantized_by_runtime(
    source: Path, target: Path, form: QuantFormat, *, per_channel: bool = True, **settings: object
) -> Path:
    """What ONNX Runtime's own quantizer writes: UINT8 activations, INT8 weights."""
    quantize_static(
        source,
        target,
        _Photos(),
        quant_format=form,
        per_channel=per_channel,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        **settings,
    )
    return target


def in_branches(model: onnx.ModelProto) -> onnx.ModelProto:
    """The whole net in both branches of an If that the sum of the input decides."""
    nodes = [
        helper.make_node("ReduceSum", ["input"], ["sum_of_input"], "sum_of_input", keepdims=0),
        helper.make_node("Greater", ["sum_of_input", "zero"], ["bright"], "bright"),
        helper.make_node(
            "If",
            ["bright"],
            ["logits"],
            "either",
            then_branch=_branch(model.graph, "day"),
            else_branch=_branch(model.graph, "night"),
        ),
    ]
    zero = numpy_helper.from_array(np.float32(0), "zero")
    graph = helper.make_graph(nodes, "net", model.graph.input, model.graph.output, [zero])
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _branch(graph: onnx.GraphProto, name: str) -> onnx.GraphProto:
    branch = onnx.GraphProto(
        name=name, node=graph.node, output=graph.output, initializer=graph.initializer
    )
    own = {t: f"{name}_{t}" for node in graph.node for t in node.output}
    own |= {tensor.name: f"{name}_{tensor.name}" for tensor in graph.initializer}
    for node in branch.node:
        node.name = f"{name}_{node.name}"
        node.input[:] = [own.get(t, t) for t in node.input]
        node.output[:] = [own[t] for t in node.output]
    for entry in (*branch.initializer, *branch.output):
        entry.name = own[entry.name]
    return branch
