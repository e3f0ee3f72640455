"""A whole frame, part by part: preparing the picture, the network, decoding and suppression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from time import perf_counter
from typing import Any

import numpy as np
import onnx

from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.deploy import open_session
from quantlab.deploy.latency.timing import ratio_interval
from quantlab.zoo import detect, load

WARM_UPS, FEWEST = 3, 20
PARTS = ("prepare", "network", "decode")


def frame_times(
    models: Mapping[str, onnx.ModelProto], pictures: Sequence[np.ndarray], seconds: float = 4.0
) -> dict[str, np.ndarray]:
    """Milliseconds of each part of each frame: an array (frames, 3) a model.

    All models see the same pictures in the same order, in turn, on one thread.
    """
    sessions = {name: open_session(model) for name, model in models.items()}
    preprocessing: Any = load("detector").preprocessing
    times: dict[str, list[tuple[float, ...]]] = {name: [] for name in models}
    end, turn = perf_counter() + seconds, cycle(pictures)
    for number, picture in enumerate(turn):
        if number >= FEWEST + WARM_UPS and perf_counter() >= end:
            break
        for name, session in sessions.items():
            spent = _frame(session, preprocessing, picture)
            if number >= WARM_UPS:
                times[name].append(spent)
    return {name: 1e3 * np.array(rows) for name, rows in times.items()}


def frame_parts(times: Mapping[str, np.ndarray]) -> Listing:
    """Medians of each part and of the whole frame, and the speed-up of the whole with interval."""
    first = next(iter(times.values())).sum(axis=1)
    rows = []
    for name, parts in times.items():
        whole = parts.sum(axis=1)
        low, high = ratio_interval(np.stack([first, whole], axis=1))
        medians = dict(zip(PARTS, np.median(parts, axis=0), strict=True))
        frame = float(np.median(whole))
        ratio = float(np.median(first)) / frame
        rows.append({"model": name, **medians, "frame": frame, "ratio": ratio, "low": low,
                     "high": high})  # fmt: skip
    columns = (
        Column("ms, medians", "model"),
        Column("prepare", "prepare", ".1f"),
        Column("network", "network", ".1f"),
        Column("decode, NMS", "decode", ".1f"),
        Column("frame", "frame", ".1f"),
        Column("times as fast", "ratio", ".2f"),
        Column("95 %", ("low", "high"), ".2f"),
    )
    return Listing("A frame, end to end", Table(columns, tuple(rows)))


def frame_interval(parts: np.ndarray, resamples: int = 1000) -> tuple[float, float]:
    """95 % interval of the median frame in milliseconds, by a bootstrap over frames."""
    whole = parts.sum(axis=1)
    picks = np.random.default_rng(0).integers(0, len(whole), (resamples, len(whole)))
    low, high = np.quantile(np.median(whole[picks], axis=1), (0.025, 0.975))
    return float(low), float(high)


def _frame(session: Any, preprocessing: Any, picture: np.ndarray) -> tuple[float, float, float]:
    (given,) = session.get_inputs()
    started = perf_counter()
    pixels = given.type == "tensor(uint8)"
    x = picture[None] if pixels else preprocessing.batch([picture])
    prepared = perf_counter()
    outputs = session.run(None, {given.name: x})
    ran = perf_counter()
    detect(outputs)
    return prepared - started, ran - prepared, perf_counter() - ran
