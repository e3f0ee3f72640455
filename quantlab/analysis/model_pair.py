"""The quantized model and its float version as ONNX models, from whatever a caller has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from torch import nn

from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.onnx_graph.load import as_model
from quantlab.deploy.simulator.simulate import as_qdq
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.numerics.validation import finite_float32

#: Images at a time, where the model takes any number: what bounds the memory.
BATCH = 16


def model_pair(model: Any, reference: Any, x: Any) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """(quantized, float), as `layer_errors` takes them.

    Raises
    ------
    ValueError
        No reference for a file; the two have other numbers of outputs.
    """
    quantized = as_qdq(model)
    if isinstance(reference, nn.Module):
        floating = build_onnx(reference, np.asarray(x)[:1])
    elif reference is not None:
        floating = as_model(reference)
    elif isinstance(model, QuantizedModel):
        floating = build_onnx(model.graph)
    else:
        raise ValueError(
            "reference is missing, but an error is a difference from the float model: pass the "
            "FP32 .onnx file too, or a QuantizedModel, which brings its own."
        )
    counts = len(quantized.graph.output), len(floating.graph.output)
    if counts[0] != counts[1]:
        raise ValueError(
            f"the quantized model has {counts[0]} outputs and the float one {counts[1]}, but they "
            "are compared one by one: export both from one network."
        )
    return quantized, floating


def batches(model: onnx.ModelProto, x: Any, images: int = BATCH) -> Iterator[np.ndarray]:
    """x in parts of `images`, or of as many as the model's input says.

    Raises
    ------
    ValueError
        x is no batch of finite floats, or does not split into the model's batches.
    """
    every = finite_float32(x, "x")
    axes = model.graph.input[0].type.tensor_type.shape.dim
    fixed = axes[0].dim_value if axes else 0
    size = fixed or images
    if every.ndim == 0 or (fixed and len(every) % fixed):
        raise ValueError(
            f"x has shape {every.shape}, but the model takes {size} images at a time: pass a "
            "multiple of that."
        )
    for start in range(0, len(every), size):
        yield every[start : start + size]
