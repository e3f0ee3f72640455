"""The segmenters of the lesson: a sound one, and those with one or more planted faults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
import onnx
from torch import nn

from quantlab.analysis.compared_tensors import compared_tensors
from quantlab.analysis.reference_tensors import ReferenceTensors
from quantlab.analysis.weight_rules import with_weight_rules
from quantlab.deploy import build_onnx, runtime_tensors
from quantlab.methods import QuantizedModel, Recipe, Rule, quantize_model
from quantlab.numerics import QParams
from quantlab.scenes import Calibration, Preprocessing, Validation
from quantlab.zoo import load

#: Scenes that rulers are measured on, and scenes that tensors are compared on.
CALIBRATION_SCENES, COMPARED_SCENES = 8, 2
FIRST, LAST = "enter.0", "head"


@cache
def network() -> nn.Module:
    """The shipped segmenter, in FP32."""
    return load("segmenter")


def right_pixels() -> Preprocessing:
    """What the segmenter was trained with: pixels from 0 to 1, less the mean, over the spread."""
    net: Any = network()
    found: Preprocessing = net.preprocessing
    return found


def wrong_pixels() -> Preprocessing:
    """The same without mean and spread: pixels stay between 0 and 1."""
    return replace(right_pixels(), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def recipe(
    weights: str = "int8", *, granularity: str = "per-channel", first: str | None = None
) -> Recipe:
    """A recipe of this lesson: activations UINT8, from the smallest value to the largest.

    Parameters
    ----------
    weights : str
        Type of all weights.
    granularity : str
        Of the weights' rulers: "per-channel" or "per-tensor".
    first : str, optional
        Another type for the weights of the first layer.
    """
    return Recipe(
        weights=Rule(weights, "symmetric", granularity),
        activations=Rule(observer="minmax"),
        layers={} if first is None else {FIRST: Rule(first)},
    )


@cache
def _calibrated(pixels: Preprocessing) -> QuantizedModel:
    # One picture a batch: the network is traced with the first batch, several times.
    batches = list(pixels.batches(_pictures(Calibration, CALIBRATION_SCENES), 1))
    return quantize_model(network(), batches, recipe(), progress=True)


@lru_cache(maxsize=8)
def _quantized(recipe_json: str, pixels: Preprocessing) -> QuantizedModel:
    how = Recipe.from_json(recipe_json)
    return with_weight_rules(_calibrated(pixels), how.weights, how.layers)


def quantized(how: Recipe, pixels: Preprocessing | None = None) -> QuantizedModel:
    """The segmenter quantized by a recipe, its rulers measured on eight calibration scenes.

    Calibration watches the FP32 network, so models that differ in their weights alone share it.

    Parameters
    ----------
    how : Recipe
        One of `recipe(...)`: only its weights are looked at.
    pixels : Preprocessing, optional
        What calibration makes of the pictures; as in training when left out.
    """
    return _quantized(how.to_json(), pixels or right_pixels())


def two_segmenters() -> dict[str, QuantizedModel]:
    """Two INT8 models by the same name in two folders; one of them is not what it says."""
    return {"A": quantized(recipe()), "B": quantized(recipe(granularity="per-tensor"))}


def handed_over() -> QuantizedModel:
    """The segmenter with all three faults of the lesson."""
    return quantized(recipe(granularity="per-tensor", first="int4"), wrong_pixels())


def calibrated_again() -> QuantizedModel:
    """The segmenter that was handed over, calibrated with the pixels of inference: two faults."""
    return quantized(recipe(granularity="per-tensor", first="int4"))


def a_riddle() -> QuantizedModel:
    """A segmenter with one fault, in one layer. (The lesson says at its end which one.)"""
    return quantized(recipe(first="int4"))


@cache
def _pictures(split: Any, count: int) -> tuple[np.ndarray, ...]:
    size = right_pixels()
    return tuple(scene.image for scene in split(count, width=size.width, height=size.height))


def images(pixels: Preprocessing | None = None, count: int = COMPARED_SCENES) -> np.ndarray:
    """Validation scenes as a pipeline hands them on, float32 (count, 3, 320, 320)."""
    return (pixels or right_pixels()).batch(_pictures(Validation, count))


@dataclass(frozen=True, eq=False)
class RuntimeTensor:
    """One layer's output: `q`, the integers that ONNX Runtime wrote, and what FP32 has there.

    `ruler` is that of the integers. All arrays have one shape.
    """

    q: np.ndarray
    ruler: QParams
    fp32: np.ndarray


def runtime_tensor(model: QuantizedModel, layer: str, x: np.ndarray) -> RuntimeTensor:
    """A layer's integers in the whole INT8 model, beside the same tensor of the FP32 model.

    Parameters
    ----------
    model : QuantizedModel
    layer : as the tables of this lesson name it; "input" for the model's input
    x : float32 array (N, 3, 320, 320)
    """
    files = _files(model)
    found = next(t for t in compared_tensors(*files) if t.layer == layer)
    floats, _ = ReferenceTensors(files[1], [found.reference])(x)
    integers = runtime_tensors(files[0], x).tensors[found.integers]
    return RuntimeTensor(integers, found.qparams, floats[found.reference])


@lru_cache(maxsize=4)
def _files(model: QuantizedModel) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    return build_onnx(model), build_onnx(model.graph)
