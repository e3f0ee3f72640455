"""The learner's own self-checks, run over several models: a row a model, a column a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.lessons.lesson_07.material.measuring import errors_of
from quantlab.lessons.lesson_07.material.models import images, runtime_tensor
from quantlab.methods import QuantizedModel

#: How far below the middle a layer is a suspect, in dB.
GAP = 12.0


def check_up(
    models: Mapping[str, QuantizedModel],
    suspects: Callable[[np.ndarray, float], Any],
    clipped_share: Callable[[np.ndarray, float, int], Any],
    per_channel_is_on: Callable[[tuple[int, ...], np.ndarray], Any],
) -> Listing:
    """What the functions of exercises 7.3, 7.6 and 7.7 say of each model.

    Parameters
    ----------
    models : mapping of name to QuantizedModel
    suspects, clipped_share, per_channel_is_on : the learner's
    """
    rows = tuple(
        {
            "name": name,
            "suspects": _names(model, suspects),
            "clipped": 100 * _clipped(model, clipped_share),
            "without": _without(model, per_channel_is_on),
        }
        for name, model in models.items()
    )
    columns = (
        Column("model", "name"),
        Column(f"suspects (≥ {GAP:g} dB below the middle)", "suspects"),
        Column("input clipped (%)", "clipped", ".1f"),
        Column("layers without per-channel", "without"),
    )
    return Listing("Your self-checks", Table(columns, rows))


def _names(model: QuantizedModel, suspects: Callable[[np.ndarray, float], Any]) -> str:
    layers = errors_of(model).layers
    alone = np.array([layer.isolated.sqnr_db for layer in layers])
    return ", ".join(layers[int(place)].name for place in suspects(alone, GAP)) or "none"


def _clipped(model: QuantizedModel, share: Callable[[np.ndarray, float, int], Any]) -> float:
    read = runtime_tensor(model, "input", images())
    return float(share(read.fp32, float(read.ruler.scale), int(read.ruler.zero_point)))


def _without(model: QuantizedModel, is_on: Callable[[tuple[int, ...], np.ndarray], Any]) -> str:
    weights = model.weights.values()
    off = sum(not is_on(w.q.shape, np.asarray(w.qparams.scale)) for w in weights)
    return f"{off} of {len(weights)}"
