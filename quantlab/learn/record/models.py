"""The two files of a record: the float network, and its INT8 counterpart."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from quantlab.base.atomic import replacing
from quantlab.deploy import export_onnx
from quantlab.deploy.onnx_graph.load import load_model
from quantlab.learn.record.network import Network
from quantlab.learn.record.pictures import Material
from quantlab.methods import Recipe, fold_batchnorm, quantize_model, trace_model

#: Pictures that are in memory at once.
BATCH = 8
QUANTLAB, RUNTIME, GIVEN = "quantlab", "onnxruntime quantize_static", "given"


def write_models(
    network: Network, material: Material, folder: Path, recipe: Recipe, int8: Path | None
) -> tuple[Path, Path, str]:
    """`fp32.onnx` and `int8.onnx` in a folder, and who quantized.

    A torch module is quantized by quantlab with the recipe. An .onnx file has lost what quantlab
    starts from: ONNX Runtime quantizes it, weights per-channel, activations by their smallest and
    largest value. A file of your own (`int8`) is taken as it is.

    Raises
    ------
    ValueError
        A network that cannot be traced, quantized or run; an `int8` that is no ONNX model.
    OSError
        A file cannot be read or written.
    """
    float_path, path = folder / "fp32.onnx", folder / "int8.onnx"
    module = isinstance(network.model, nn.Module)
    if isinstance(network.model, nn.Module):
        graph = fold_batchnorm(trace_model(network.model, _first(network, material)))
        export_onnx(graph, float_path)
    else:
        _copied(network.model, float_path)
    if int8 is not None:
        load_model(int8)  # for its refusals
        _copied(int8, path)
        return float_path, path, GIVEN
    if isinstance(network.model, nn.Module):
        batches = list(calibration_batches(network, material, BATCH))
        export_onnx(quantize_model(network.model, batches, recipe, progress=True), path)
    else:
        _by_runtime(float_path, path, calibration_batches(network, material, 1))
    return float_path, path, QUANTLAB if module else RUNTIME


def calibration_batches(network: Network, material: Material, size: int) -> Iterator[np.ndarray]:
    """The calibration pictures as the network reads them, `size` at a time."""
    numbers = material.calibration
    for first in range(0, len(numbers), size):
        pictures = material.pictures(numbers[first : first + size])
        yield network.preprocessing.batch(pictures)


def _first(network: Network, material: Material) -> np.ndarray:
    return next(calibration_batches(network, material, 1))


def _copied(source: Path, target: Path) -> None:
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def _by_runtime(source: Path, target: Path, batches: Iterable[np.ndarray]) -> None:
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Reader(CalibrationDataReader):
        def __init__(self, name: str) -> None:
            self.feeds: Iterator[dict[str, Any]] = iter({name: batch} for batch in batches)

        def get_next(self) -> dict[str, Any] | None:
            return next(self.feeds, None)

    with replacing(target) as temporary, _without_advice():
        try:
            quantize_static(
                source,
                temporary,
                Reader(_input_name(source)),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
            )
        except Exception as error:  # it raises whatever its many parts raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(f"ONNX Runtime cannot quantize {source.name}: {reason}") from error


@contextmanager
def _without_advice() -> Iterator[None]:
    """Its advice on another tool goes to the root logger, and not to somebody who waits."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _input_name(path: Path) -> str:
    graph = load_model(path).graph
    stored = {tensor.name for tensor in graph.initializer}
    return next(str(given.name) for given in graph.input if given.name not in stored)
