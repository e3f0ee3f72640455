"""One layer twice, in FP32 and in INT8, as ONNX models for the same runtime.

The INT8 models are in QDQ form (QuantizeLinear and DequantizeLinear around a float operator), from
which ONNX Runtime makes its integer kernels. Scales are powers of two and weights small random
integers: how long a kernel takes does not depend on them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

OPSET, IR_VERSION = 19, 9
SCALE = 2.0**-6

#: Operator, inputs, output, settings.
Node = tuple[str, list[str], str, dict[str, Any]]


@dataclass(frozen=True)
class LayerPair:
    """A layer's two models and what it has to do.

    `operations` counts a multiply-accumulate as two. `fp32_bytes` and `int8_bytes` are inputs,
    weights and output, each moved once: the least that must travel between memory and CPU.
    """

    name: str
    operations: int
    fp32_bytes: int
    int8_bytes: int
    fp32: bytes
    int8: bytes
    inputs: tuple[tuple[str, tuple[int, ...]], ...]
    output: tuple[int, ...]
    int8_input: str = "uint8"
    int8_output: str = "uint8"

    def runner(self, precision: str, threads: int = 1) -> Callable[[], object]:
        """A call that runs the model once; `precision` is 'fp32' or 'int8'.

        Inputs and output are allocated beforehand, so that only the layer is timed.
        """
        import onnxruntime as ort

        float_model = precision == "fp32"
        session = ort.InferenceSession(
            self.fp32 if float_model else self.int8,
            _options(threads),
            providers=["CPUExecutionProvider"],
        )
        binding = session.io_binding()
        rng = np.random.default_rng(0)
        for name, shape in self.inputs:
            dtype = "float32" if float_model else self.int8_input
            values = rng.integers(0, 128, size=shape, dtype=np.uint8).astype(dtype)
            binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(values))
        dtype = "float32" if float_model else self.int8_output
        out = ort.OrtValue.ortvalue_from_numpy(np.zeros(self.output, dtype=dtype))
        binding.bind_ortvalue_output("y", out)
        return lambda: session.run_with_iobinding(binding)

    def kernels(self) -> tuple[str, ...]:
        """The operators that ONNX Runtime really runs for the INT8 model, in order."""
        import onnx
        import onnxruntime as ort

        options = _options(1)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "optimized.onnx")
            options.optimized_model_filepath = path
            ort.InferenceSession(self.int8, options, providers=["CPUExecutionProvider"])
            return tuple(node.op_type for node in onnx.load(path).graph.node)


def matmul_pair(size: int) -> LayerPair:
    """A square matrix product: MatMul against MatMulInteger (uint8 by int8, sums in int32)."""
    shape = (size, size)
    rng = np.random.default_rng(1)
    weight = rng.integers(-63, 64, size=shape, dtype=np.int8)
    fp32 = _model(
        [("MatMul", ["a", "w"], "y", {})],
        {"a": ("float32", shape)},
        ("float32", shape),
        {"w": weight.astype(np.float32)},
    )
    int8 = _model(
        [("MatMulInteger", ["a", "w", "a_zero"], "y", {})],
        {"a": ("uint8", shape)},
        ("int32", shape),
        {"w": weight, "a_zero": np.array(64, dtype=np.uint8)},
    )
    n = size * size
    return LayerPair(
        f"matrix product {size} × {size}", 2 * size * n, 12 * n, 2 * n + 4 * n, fp32, int8,
        (("a", shape),), shape, int8_output="int32",
    )  # fmt: skip


def add_pair(count: int) -> LayerPair:
    """Two tensors of `count` numbers added: one operation for three numbers moved."""
    shape = (count,)
    floats = ("float32", shape)
    fp32 = _model([("Add", ["a", "b"], "y", {})], {"a": floats, "b": floats}, floats, {})
    nodes: list[Node] = [
        ("DequantizeLinear", ["a", "scale", "zero"], "a_real", {}),
        ("DequantizeLinear", ["b", "scale", "zero"], "b_real", {}),
        ("Add", ["a_real", "b_real"], "y_real", {}),
        ("QuantizeLinear", ["y_real", "scale", "zero"], "y", {}),
    ]
    int8 = _model(nodes, {"a": ("uint8", shape), "b": ("uint8", shape)}, ("uint8", shape), _ruler())
    return LayerPair(
        f"add {count / 1e6:.3g} million numbers", count, 12 * count, 3 * count, fp32, int8,
        (("a", shape), ("b", shape)), shape,
    )  # fmt: skip


def hard_swish_pair(channels: int, side: int) -> LayerPair:
    """HardSwish on a square picture, uint8 in and out: an operator without an integer kernel.

    `operations` counts four for a value: an addition, a clip, a product and a division.
    """
    shape = (1, channels, side, side)
    floats = ("float32", shape)
    fp32 = _model([("HardSwish", ["x"], "y", {})], {"x": floats}, floats, {})
    nodes: list[Node] = [
        ("DequantizeLinear", ["x", "scale", "zero"], "x_real", {}),
        ("HardSwish", ["x_real"], "y_real", {}),
        ("QuantizeLinear", ["y_real", "scale", "zero"], "y", {}),
    ]
    int8 = _model(nodes, {"x": ("uint8", shape)}, ("uint8", shape), _ruler())
    count = int(np.prod(shape))
    return LayerPair(
        f"HardSwish, {channels} channels, {side} × {side}", 4 * count, 8 * count, 2 * count,
        fp32, int8, (("x", shape),), shape,
    )  # fmt: skip


def conv_pair(
    name: str, channels: int, side: int, kernel: int, *, depthwise: bool = False, chain: bool = True
) -> LayerPair:
    """A convolution from `channels` to as many, on a square picture, stride 1, same size out.

    Parameters
    ----------
    name : str
    channels, side, kernel : int
        Input (1, channels, side, side), weight kernel x kernel.
    depthwise : bool
        Every channel has its own filter and sees no other channel.
    chain : bool
        True: uint8 comes in and goes out, as between two INT8 layers. False: the layer stands
        alone among floats, quantizes its input and dequantizes its output.
    """
    shape = (1, channels, side, side)
    weight_shape = (channels, 1 if depthwise else channels, kernel, kernel)
    weight = np.random.default_rng(2).integers(-63, 64, size=weight_shape, dtype=np.int8)
    settings = {"group": channels if depthwise else 1, "pads": [kernel // 2] * 4}
    bias = np.zeros(channels, dtype=np.int32)
    fp32 = _model([("Conv", ["x", "w", "b"], "y", settings)], {"x": ("float32", shape)},
                  ("float32", shape),
                  {"w": weight.astype(np.float32), "b": bias.astype(np.float32)})  # fmt: skip
    outside = "uint8" if chain else "float32"
    int8 = _model(
        _qdq_conv(settings, chain),
        {"x": (outside, shape)},
        (outside, shape),
        {
            **_ruler(),
            "w": weight,
            "w_scale": np.full(channels, SCALE, dtype=np.float32),
            "w_zero": np.zeros(channels, dtype=np.int8),
            "b": bias,
            "b_scale": np.full(channels, SCALE * SCALE, dtype=np.float32),
            "b_zero": np.zeros(channels, dtype=np.int32),
        },
    )
    moved, outer = 2 * int(np.prod(shape)), 1 if chain else 4
    return LayerPair(
        name,
        operations=2 * weight.size * side * side,
        fp32_bytes=4 * (moved + weight.size + channels),
        # The INT8 side: weights, a scale, a zero_point and an int32 bias for every channel.
        int8_bytes=outer * moved + weight.size + 9 * channels,
        fp32=fp32,
        int8=int8,
        inputs=(("x", shape),),
        output=shape,
        int8_input=outside,
        int8_output=outside,
    )


def _qdq_conv(settings: dict[str, Any], chain: bool) -> list[Node]:
    nodes: list[Node] = []
    if not chain:
        nodes.append(("QuantizeLinear", ["x", "scale", "zero"], "x_q", {}))
    nodes += [
        ("DequantizeLinear", ["x" if chain else "x_q", "scale", "zero"], "x_real", {}),
        ("DequantizeLinear", ["w", "w_scale", "w_zero"], "w_real", {"axis": 0}),
        ("DequantizeLinear", ["b", "b_scale", "b_zero"], "b_real", {"axis": 0}),
        ("Conv", ["x_real", "w_real", "b_real"], "y_real", settings),
        ("QuantizeLinear", ["y_real", "scale", "zero"], "y" if chain else "y_q", {}),
    ]
    if not chain:
        nodes.append(("DequantizeLinear", ["y_q", "scale", "zero"], "y", {}))
    return nodes


def _ruler() -> dict[str, np.ndarray]:
    return {"scale": np.array(SCALE, dtype=np.float32), "zero": np.array(64, dtype=np.uint8)}


def _model(
    nodes: list[Node],
    inputs: dict[str, tuple[str, tuple[int, ...]]],
    output: tuple[str, tuple[int, ...]],
    constants: dict[str, np.ndarray],
) -> bytes:
    from onnx import helper, numpy_helper

    def described(name: str, dtype: str, shape: tuple[int, ...]) -> Any:
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        [helper.make_node(op, ins, [out], **settings) for op, ins, out, settings in nodes],
        "layer",
        [described(name, *kind) for name, kind in inputs.items()],
        [described("y", *output)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    return model.SerializeToString()


def _options(threads: int) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
