"""The networks of `networks`, quantized with the default recipe, as QDQ models."""

from dataclasses import dataclass

import numpy as np
import onnx

from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.methods import quantize_model
from tests.support.networks import NETWORKS, images

#: Images that the rulers are calibrated on, and how many a batch.
CALIBRATION, BATCH = 16, 8


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """One network in float32 and quantized, both as ONNX, and images to run."""

    float32: onnx.ModelProto
    quantized: onnx.ModelProto
    x: np.ndarray


def quantized_network(name: str, count: int, size: int, seed: int = 0) -> QuantizedNetwork:
    """Build, calibrate and export one network.

    Parameters
    ----------
    name : str
        One of NETWORKS.
    count, size : int
        Images to run, and their height and width; those for calibration are others.
    seed : int
        Of weights and images.
    """
    net = NETWORKS[name](seed=seed)
    seen = images(CALIBRATION, size, seed + 1)
    batches = [seen[start : start + BATCH] for start in range(0, CALIBRATION, BATCH)]
    return QuantizedNetwork(
        float32=build_onnx(net, seen[:1]),
        quantized=build_onnx(quantize_model(net, batches)),
        x=images(count, size, seed + 2),
    )
