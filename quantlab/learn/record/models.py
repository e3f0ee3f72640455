"""The two files of a record: the float network, and its INT8 counterpart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from torch import nn

from quantlab.base.atomic import replacing
from quantlab.deploy import export_onnx, quantize_onnx
from quantlab.deploy.onnx_graph.load import load_model, stored_elsewhere
from quantlab.learn.record.network import Network
from quantlab.learn.record.pictures import Material
from quantlab.methods import Recipe, fold_batchnorm, quantize_model, trace_model

#: Pictures that are in memory at once.
BATCH = 8
QUANTLAB, GIVEN = "quantlab", "given"


def write_models(
    network: Network, material: Material, folder: Path, recipe: Recipe, int8: Path | None
) -> tuple[Path, Path, str]:
    """`fp32.onnx` and `int8.onnx` in a folder, and who quantized.

    A torch module or an .onnx file is quantized by quantlab with the recipe. A file of your own
    (`int8`) is taken as it is.

    Raises
    ------
    ValueError
        A network that cannot be traced, quantized or run; an `int8` that is no ONNX model.
    OSError
        A file cannot be read or written.
    """
    float_path, path = folder / "fp32.onnx", folder / "int8.onnx"
    if isinstance(network.model, nn.Module):
        graph = fold_batchnorm(trace_model(network.model, _first(network, material)))
        export_onnx(graph, float_path)
    else:
        _copied(network.model, float_path)
    if int8 is not None:
        _copied(int8, path)
        return float_path, path, GIVEN
    batches = list(calibration_batches(network, material, BATCH))
    if isinstance(network.model, nn.Module):
        export_onnx(quantize_model(network.model, batches, recipe, progress=True), path)
    else:
        quantize_onnx(network.model, batches, path, recipe, progress=True)
    return float_path, path, QUANTLAB


def calibration_batches(network: Network, material: Material, size: int) -> Iterator[np.ndarray]:
    """The calibration pictures as the network reads them, `size` at a time."""
    numbers = material.calibration
    for first in range(0, len(numbers), size):
        pictures = material.pictures(numbers[first : first + size])
        yield network.preprocessing.batch(pictures)


def _first(network: Network, material: Material) -> np.ndarray:
    return next(calibration_batches(network, material, 1))


def _copied(source: Path, target: Path) -> None:
    """A file on its own: weights that lie beside the source are in it."""
    model = load_model(source)
    with replacing(target) as temporary:
        if any(stored_elsewhere(onnx.load(source, load_external_data=False))):
            onnx.save(model, temporary)
        else:
            shutil.copyfile(source, temporary)
