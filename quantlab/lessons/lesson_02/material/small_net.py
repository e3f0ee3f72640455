"""The network that lesson 02 weighs and times: four convolutions, written as ONNX files."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quantlab.numerics import LayerShape, QParams

#: Side of the square image, in pixels; each layer halves it.
SIDE = 640
WEIGHT_SHAPES = {
    "stem": (32, 3, 3, 3),
    "body": (64, 32, 3, 3),
    "neck": (128, 64, 3, 3),
    "head": (256, 128, 3, 3),
}


@dataclass(frozen=True)
class SmallNet:
    """The network's weights, and the folder for its files.

    `weights` maps a layer's name to its float32 weight, (out, in, 3, 3). Biases are zeros.
    """

    folder: Path
    weights: dict[str, np.ndarray]

    @property
    def file(self) -> Path:
        """The FP32 model, once `write` has written it."""
        return self.folder / "small_net.onnx"

    @property
    def parameters(self) -> int:
        """How many weights and biases there are."""
        return sum(layer.weights + layer.biases for layer in self.layers)

    @property
    def layers(self) -> tuple[LayerShape, ...]:
        return tuple(LayerShape(name, "conv", w.shape) for name, w in self.weights.items())

    @property
    def tensors(self) -> list[tuple[int, int, int]]:
        """(channels, height, width) of the image and of each layer's output, in order."""
        outputs = (len(weight) for weight in self.weights.values())
        return [(3, SIDE, SIDE)] + [
            (channels, SIDE >> place, SIDE >> place) for place, channels in enumerate(outputs, 1)
        ]

    def write(self) -> Path:
        """Write the FP32 model; returns its file."""
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        nodes, stored, x = [], [], "image"
        for name, weight in self.weights.items():
            bias = np.zeros(len(weight), np.float32)
            stored.append(numpy_helper.from_array(weight, f"{name}.weight"))
            stored.append(numpy_helper.from_array(bias, f"{name}.bias"))
            inputs, halve = [x, f"{name}.weight", f"{name}.bias"], [2, 2]
            nodes.append(helper.make_node("Conv", inputs, [name], strides=halve, pads=[1, 1, 1, 1]))
            nodes.append(helper.make_node("Relu", [name], [f"{name}.out"]))
            x = f"{name}.out"
        image, *_, result = self.tensors
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape])
            for name, shape in (("image", image), (x, result))
        ]
        graph = helper.make_graph(nodes, "small_net", ends[:1], ends[1:], stored)
        opset = [helper.make_opsetid("", 21)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=10), self.file)
        return self.file

    def runner(self, file: Path | None = None) -> Callable[[], object]:
        """A call that runs a model file once on one image of noise, on one thread."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            file or self.file, options, providers=["CPUExecutionProvider"]
        )
        feed = {"image": _image(np.random.default_rng(1))}
        return lambda: session.run(None, feed)


def small_net(folder: Path) -> SmallNet:
    """Draw the weights, always the same ones; the files are to go into `folder`."""
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
        for name, shape in WEIGHT_SHAPES.items()
    }
    return SmallNet(folder, weights)


def layer_arrays(name: str, ticks: np.ndarray, rulers: QParams) -> dict[str, np.ndarray]:
    """The four kinds of numbers that an INT8 layer stores, in their types, by name.

    ticks    int8 weight, (out, in, height, width)
    rulers   one for each output channel
    """
    return {
        f"{name}.weight": ticks,
        f"{name}.scale": rulers.scale.astype(np.float32),
        f"{name}.zero_point": rulers.zero_point.astype(np.int8),
        f"{name}.bias": np.zeros(len(ticks), np.int32),
    }


def quantize_net(net: SmallNet) -> Path:
    """The INT8 model by ONNX Runtime's own tool, per-channel; returns the file that it wrote.

    Calibrated on two images of noise: enough for bytes and milliseconds, useless for accuracy.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class TwoImages(CalibrationDataReader):
        def __init__(self) -> None:
            rng = np.random.default_rng(2)
            self.images: Iterator[np.ndarray] = iter([_image(rng), _image(rng)])

        def get_next(self) -> dict[str, Any] | None:
            image = next(self.images, None)
            return None if image is None else {"image": image}

    logging.getLogger().setLevel(logging.ERROR)  # it suggests steps that this network needs not
    written = net.folder / "small_net_int8.onnx"
    quantize_static(
        net.file,
        written,
        TwoImages(),
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return written


def missed_budget(milliseconds: float) -> float:
    """The milliseconds between two frames of the slowest camera that cannot be followed.

    Frame rates double: 25, 50, 100, 200 a second and so on in both directions. The budget is
    below `milliseconds`, and half of `milliseconds` would meet it.
    """
    if not (milliseconds > 0 and math.isfinite(milliseconds)):
        raise ValueError(
            f"milliseconds is {milliseconds:g}, but a frame takes some time: measure it first."
        )
    budget = 10 * 2.0 ** math.ceil(math.log2(milliseconds / 10))
    return budget if budget < milliseconds else budget / 2


def _image(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)
