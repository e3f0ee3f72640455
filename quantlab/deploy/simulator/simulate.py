"""A quantized model in integers, on numpy: tensor by tensor the integers of ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.onnx_graph.load import AnyModel, as_model
from quantlab.deploy.onnx_graph.qoperators import in_qdq_format
from quantlab.deploy.simulator.execute import execute
from quantlab.deploy.simulator.inputs import ModelInputs
from quantlab.deploy.simulator.recognize import plan_of
from quantlab.deploy.simulator.steps import Layer

if TYPE_CHECKING:
    from quantlab.methods.quantized_model import QuantizedModel


@dataclass(frozen=True, eq=False)
class Simulation:
    """What the simulator computed.

    Attributes
    ----------
    outputs : mapping of str to array
        The model's outputs, float32 where the model dequantizes them.
    tensors : mapping of str to integer array
        Every tensor that a QuantizeLinear of the model writes, by its name in the file, in the
        model's order.
    layers : mapping of str to Layer
        The node that made each of these tensors.
    """

    outputs: Mapping[str, np.ndarray]
    tensors: Mapping[str, np.ndarray]
    layers: Mapping[str, Layer]


def simulate(model: AnyModel | QuantizedModel, x: Any, *, exact: bool = True) -> Simulation:
    """Run a QDQ model on integers, with quantlab.numerics.ops alone.

    A QDQ model says with float32 operators between DequantizeLinear and QuantizeLinear what is
    meant; a runtime computes such a group in integers. The simulator recognizes the groups that
    ONNX Runtime fuses on an x86 CPU, and computes them as its kernels do where they add products
    in 32 bits (a session with `exact=True`): every integer is the same.

    Fused: Conv, Gemm, MatMul, Add, Mul, Concat, AveragePool, GlobalAveragePool, Sigmoid, Softmax
    and LeakyRelu, with a Relu or Clip behind them that the ruler does anyway; MaxPool, nearest
    Resize, Flatten, Reshape, Transpose, Squeeze, Unsqueeze and Identity hand integers on.

    INT8 activations are moved to UINT8 and back, as ONNX Runtime moves them on x86. It leaves INT8
    what several nodes read, and computes around it in float32 there; the simulator computes
    integers, as ONNX Runtime does on ARM. UINT8 activations have no such exception. On ARM its
    kernels for Add, Mul and GlobalAveragePool multiply in fixed point: results may differ by 1.

    What ONNX Runtime leaves in float32 (HardSwish, a Relu that no ruler does, a Conv with no
    QuantizeLinear behind, 16-bit activations) goes through ONNX Runtime here too, one node at a
    time. Nothing but float32 sums in another order can then differ, in the last bits.

    Parameters
    ----------
    model : path of an .onnx file, onnx.ModelProto, or QuantizedModel
        In QDQ or QOperator format, with constant scales and zero_points. A QuantizedModel is
        exported first.
    x : array, or mapping of input name to array
        One array alone feeds a model with one input. float32 (N, C, H, W) for an image model.
    exact : bool
        Add products in 32 bits. False: compute what an x86 CPU without VNNI does by default, which
        adds UINT8 x INT8 products in pairs of 16 bits that saturate. So any machine predicts the
        integers of an older one.

    Returns
    -------
    Simulation

    Raises
    ------
    ValueError
        A node that cannot be simulated, named with its operator; an input that does not fit; an
        accumulator that leaves int32; what `load_model` raises.
    OSError
        As load_model.

    Examples
    --------
    >>> from onnx import parser
    >>> text = '''<ir_version: 10, opset_import: ["" : 21]>
    ... doubled (float[N] x) => (float[N] y)
    ... <float s = {0.5}, uint8 z = {10}> {
    ...     x_q = QuantizeLinear(x, s, z)
    ...     x_d = DequantizeLinear(x_q, s, z)
    ...     sum = Add(x_d, x_d)
    ...     y_q = QuantizeLinear(sum, s, z)
    ...     y = DequantizeLinear(y_q, s, z)
    ... }'''
    >>> done = simulate(parser.parse_model(text), np.float32([1.0, -2.0, 99.0]))
    >>> done.tensors["y_q"]
    array([ 14,   2, 255], dtype=uint8)
    >>> done.outputs["y"]
    array([  2. ,  -4. , 122.5], dtype=float32)
    """
    proto = as_qdq(model)
    feeds = checked_feeds(ModelInputs(proto), x)
    plan = plan_of(proto, exact)
    values = execute(plan, feeds)
    return Simulation(
        outputs={name: values[name] for name in plan.outputs},
        tensors={name: values[name] for name in plan.quantized},
        layers=plan.quantized,
    )


def as_qdq(model: AnyModel | QuantizedModel) -> onnx.ModelProto:
    """What `as_proto` gives, in QDQ format, with the same names of integer tensors."""
    return in_qdq_format(as_proto(model))


def as_proto(model: AnyModel | QuantizedModel) -> onnx.ModelProto:
    """The model in a file, a model itself, or a QuantizedModel exported as one."""
    if isinstance(model, str | os.PathLike | onnx.ModelProto):
        return as_model(model)
    from quantlab.deploy.export.export_onnx import build_onnx  # imports torch

    return build_onnx(model)
