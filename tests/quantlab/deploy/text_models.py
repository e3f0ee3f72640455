"""QDQ models of one quantized input and some nodes, written as ONNX text."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper, parser

# One quantized input, then nodes and constants of a case's own, then y_q and y.
FRAME = """<ir_version: 10, opset_import: ["" : {opset}]>
case (float[N, 4, H, W] x) => (float[] y)
<float xs = {{0.05}}, {dtype} xz = {{{xz}}}, float ys = {{{ys}}}, {dtype} yz = {{{yz}}}{stored}> {{
    x_q = QuantizeLinear(x, xs, xz)
    x_d = DequantizeLinear(x_q, xs, xz)
    {nodes}
    y_q = QuantizeLinear(t, ys, yz)
    y = DequantizeLinear(y_q, ys, yz)
}}"""
WEIGHTS = ", float ws = {0.01}, int8 wz = {0}"
READ_WEIGHTS = "w = DequantizeLinear(w_q, ws, wz)\n"
CONV = READ_WEIGHTS + "c = Conv<pads=[1, 1, 1, 1]>(x_d, w)\n"


def model_of(nodes, stored="", dtype="uint8", xz=10, ys=0.05, yz=10, opset=21, arrays=()):
    frame = FRAME.format(nodes=nodes, stored=stored, dtype=dtype, xz=xz, ys=ys, yz=yz, opset=opset)
    model = parser.parse_model(frame)
    rng = np.random.default_rng(22)
    q = rng.integers(-127, 128, (4, 4, 3, 3)).astype(np.int8)
    for name, array in {"w_q": q, **dict(arrays)}.items():
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    return model


def image(*shape, spread=3.0):
    return np.random.default_rng(23).normal(0, spread, shape or (2, 4, 8, 8)).astype(np.float32)
