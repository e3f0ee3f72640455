"""One quantized operator as a QDQ model in ONNX Runtime: what our integers are compared with."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from quantlab.numerics import QParams

OPSET = 21
TENSOR_TYPES = {"uint8": TensorProto.UINT8, "int8": TensorProto.INT8}

# An operand: its integers and how to read them. Constants are stored in the model, as weights are.
Operand = tuple[np.ndarray, QParams]


def qdq_model(
    operator: str,
    inputs: list[Operand],
    constants: list[Operand],
    y: QParams,
    bias: tuple[np.ndarray, np.ndarray] | None = None,
    settings: Sequence[np.ndarray | None] = (),
    **attributes: Any,
) -> onnx.ModelProto:
    """DequantizeLinear of every operand, the operator, QuantizeLinear, DequantizeLinear.

    The last DequantizeLinear is there because ONNX Runtime fuses an operator with INT8 outputs
    only in front of one. `bias` is int32 integers and their float32 scale(s); `settings` are
    further inputs of the operator that are no tensors of the net, None where one is left out.
    """
    nodes, stored, entries, operands = [], [], [], []
    for i, (q, qparams) in enumerate([*inputs, *constants]):
        if i < len(inputs):
            kind = TENSOR_TYPES[qparams.dtype]
            entries.append(helper.make_tensor_value_info(f"q{i}", kind, q.shape))
        else:
            stored.append(numpy_helper.from_array(q, f"q{i}"))
        stored += ruler(f"{i}", qparams)
        axis: dict[str, Any] = {} if qparams.axis is None else {"axis": qparams.axis % q.ndim}
        names = [f"q{i}", f"s{i}", f"z{i}"]
        nodes.append(helper.make_node("DequantizeLinear", names, [f"x{i}"], **axis))
        operands.append(f"x{i}")
    if bias is not None:
        axis = {"axis": 0} if bias[1].ndim else {}
        stored += [numpy_helper.from_array(v, n) for v, n in zip(bias, ("qb", "sb"), strict=True)]
        nodes.append(helper.make_node("DequantizeLinear", ["qb", "sb"], ["b"], **axis))
        operands.append("b")
    for i, setting in enumerate(settings):
        operands.append("" if setting is None else f"setting{i}")
        stored += [] if setting is None else [numpy_helper.from_array(setting, f"setting{i}")]
    stored += ruler("y", y)
    nodes += [
        helper.make_node(operator, operands, ["r"], **attributes),
        helper.make_node("QuantizeLinear", ["r", "sy", "zy"], ["qy"]),
        helper.make_node("DequantizeLinear", ["qy", "sy", "zy"], ["y"]),
    ]
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, operator, entries, [out], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def ruler(name: str, qparams: QParams) -> list[onnx.TensorProto]:
    """scale and zero_point as two initializers, `s` and `z` with a name behind."""
    zero_point = np.asarray(qparams.zero_point).astype(qparams.storage)
    return [
        numpy_helper.from_array(np.asarray(qparams.scale), f"s{name}"),
        numpy_helper.from_array(zero_point, f"z{name}"),
    ]


def run_in_runtime(
    model: onnx.ModelProto, *inputs: np.ndarray, options: ort.SessionOptions | None = None
) -> np.ndarray:
    """The model's output on one CPU thread of ONNX Runtime."""
    session = ort.InferenceSession(
        model.SerializeToString(),
        options or session_options(),
        providers=["CPUExecutionProvider"],
    )
    feed = {entry.name: q for entry, q in zip(session.get_inputs(), inputs, strict=True)}
    return session.run(None, feed)[0]


def kernel_integers(
    model: onnx.ModelProto, y: QParams, *inputs: np.ndarray, exact: bool = True
) -> np.ndarray:
    """The integers of y that ONNX Runtime's kernels compute, those for INT8 included."""
    options = session_options(exact=exact, int8=y.dtype == "int8")
    return integers(run_in_runtime(model, *inputs, options=options), y)


def fused_operators(model: onnx.ModelProto, options: ort.SessionOptions | None = None) -> list[str]:
    """The operator types that ONNX Runtime's optimizer made of the model, in its order."""
    with TemporaryDirectory() as folder:
        options = options or session_options()
        options.optimized_model_filepath = str(Path(folder, "optimized.onnx"))
        ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]


def session_options(*, exact: bool = True, int8: bool = False) -> ort.SessionOptions:
    """One thread, no warnings.

    exact: products are summed in 32 bits on every CPU. int8: kernels for INT8 activations too,
    which ONNX Runtime does not use on x86 unless it is asked; they are exact anyway.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Without VNNI, x86 kernels for UINT8 x INT8 add pairs of products in int16 and saturate.
    # "1" makes ONNX Runtime convert the weights to UINT8 there, whose kernels are exact.
    if exact and not int8:
        options.add_session_config_entry("session.x64quantprecision", "1")
    if int8:
        options.add_session_config_entry("session.qdqisint8allowed", "1")
    return options


def run_in_reference(model: onnx.ModelProto, *inputs: np.ndarray) -> np.ndarray:
    """The model's output by onnx's executable specification."""
    evaluator = ReferenceEvaluator(model)
    outputs = evaluator.run(None, dict(zip(evaluator.input_names, inputs, strict=True)))
    return np.asarray(next(iter(outputs)))


def integers(values: np.ndarray, y: QParams) -> np.ndarray:
    """The integers behind dequantized values: exact, each is within one rounding of a tick."""
    steps = np.rint(values.astype(np.float64) / np.float64(y.scale))
    return (steps + int(y.zero_point)).astype(y.storage)
