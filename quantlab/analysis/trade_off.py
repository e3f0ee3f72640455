"""How much accuracy does each float layer buy, and how much speed does it cost?

The most sensitive layers are left in float, first one, then two, and so on. Each variant is scored
and timed, and the front says which of them are worth having. It may pleasantly surprise: a layer
with a slow integer kernel makes the model faster when it stays float.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from quantlab.analysis.float_layers import computing_layers, with_float_layers
from quantlab.analysis.pareto import Candidate, ParetoFront, pareto_front
from quantlab.analysis.sensitivity import Score, Sensitivity, scorer_of
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.latency.measure import measure_latency
from quantlab.methods.quantized_model import QuantizedModel


def trade_offs(
    model: QuantizedModel,
    sensitivity: Sensitivity,
    x: Any,
    *,
    counts: Iterable[int] = (1, 2, 4, 8),
    score: Score | None = None,
    threads: int = 1,
    seconds: float = 5.0,
) -> ParetoFront:
    """Score and time the model with its most sensitive layers in float.

    Parameters
    ----------
    model : QuantizedModel
    sensitivity : what layer_sensitivity said of it
    x : float32 array (N, C, H, W)
        One image is timed. Without a `score`, all are scored as `layer_sensitivity` scores by
        default.
    counts : iterable of int
        How many layers to leave in float, from the top of the ranking. More than there are layers
        are left out.
    score : callable QuantizedModel -> float, optional
        Higher is better.
    threads, seconds
        As in `measure_latency`.

    Returns
    -------
    ParetoFront
        "INT8" with every layer quantized, "INT8, 1 in float" and so on, and "FP32"; speed is the
        FP32 median latency over the variant's, measured once: what differs by a few per cent may
        change places when measured again. FP32 is left out where its score is infinite, as an
        SQNR is: it is exact at speed 1.

    Raises
    ------
    ValueError
        A count below 1; what the scoring and `measure_latency` raise.
    """
    ranked = [row.name for row in sensitivity.ranking]
    kept = sorted(set(counts))
    if not kept or kept[0] < 1:
        raise ValueError(
            f"counts is {kept}, but each says how many layers stay float: pass numbers from 1."
        )
    variants = {"FP32": with_float_layers(model, computing_layers(model)), "INT8": model}
    for count in kept:
        if count <= len(ranked):
            name = f"INT8, {count} in float"
            variants[name] = with_float_layers(model, ranked[:count])
    judge, _ = scorer_of(model, None if score else x, score, sensitivity.unit, exact=False)
    scores = {name: judge(variant) for name, variant in variants.items()}
    built = {name: build_onnx(variant) for name, variant in variants.items()}
    report = measure_latency(built, np.asarray(x)[:1], threads, seconds=seconds)
    speed = {"FP32": 1.0} | {ratio.name: ratio.ratio for ratio in report.speed_ups}
    return pareto_front(
        Candidate(name, value, speed[name])
        for name, value in scores.items()
        if name != "FP32" or np.isfinite(value)
    )
