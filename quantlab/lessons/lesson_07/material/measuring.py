"""Scores and layer errors of the lesson's segmenters, each measured once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from torch import nn

from quantlab.analysis import LayerErrors, layer_errors, with_float_layers
from quantlab.base.progress import counting
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.deploy import build_onnx, open_session
from quantlab.lessons.lesson_07.material.models import FIRST, LAST, images, network, right_pixels
from quantlab.methods import QuantizedModel
from quantlab.scenes import Preprocessing, Test
from quantlab.zoo import evaluate_segmenter

#: Test scenes that models are judged by: few, so that a learner does not wait.
SCENES = 24


@lru_cache(maxsize=32)
def miou(model: QuantizedModel | None, pixels: Preprocessing) -> float:
    """mIoU in points of 100 on the test scenes, run by ONNX Runtime; None is the FP32 network."""
    size = right_pixels()
    source = build_onnx(network(), images(count=1)) if model is None else build_onnx(model)
    # The model is judged here, not this CPU's sums: see lesson 05.
    run = open_session(source, exact=True)
    scenes = Test(SCENES, width=size.width, height=size.height)
    return 100 * evaluate_segmenter(run, pixels, scenes).mean


def miou_table(
    models: Mapping[str, QuantizedModel | nn.Module | None], pixels: Preprocessing | None = None
) -> Listing:
    """mIoU of some models on the test scenes, and what each lost against FP32 in its first row.

    Parameters
    ----------
    models : mapping of name to QuantizedModel
    pixels : Preprocessing, optional
        What inference makes of the pictures; as in training when left out. FP32 gets the same.
    """
    used = pixels or right_pixels()
    wanted: dict[str, Any] = {"FP32": None, **models}
    scores = {}
    with counting("mIoU", len(wanted), True) as done:
        for name, model in wanted.items():
            scores[name] = miou(model, used)
            done(name)
    rows = tuple(
        {"name": name, "score": score, "lost": scores["FP32"] - score}
        for name, score in scores.items()
    )
    columns = (
        Column("model", "name"),
        Column("mIoU", "score", ".1f"),
        Column("points lost", "lost", "+.1f"),
    )
    return Listing(f"mIoU on {SCENES} test scenes", Table(columns, rows))


@lru_cache(maxsize=16)
def errors_of(model: QuantizedModel) -> LayerErrors:
    """Every layer alone and accumulated, on the lesson's validation scenes."""
    return layer_errors(model, images())


def first_or_last(model: QuantizedModel) -> Listing:
    """The model with its first layer left in float, then with its last one."""
    return miou_table(
        {
            "as it is": model,
            f"first layer ({FIRST}) in float": with_float_layers(model, [FIRST]),
            f"last layer ({LAST}) in float": with_float_layers(model, [LAST]),
        }
    )
