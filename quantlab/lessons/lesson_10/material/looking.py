"""FP32 and INT8 on the same scenes: class by class, slice by slice, and picture by picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from quantlab.analysis.detection import (
    DetectionScores,
    compare_boxes,
    evaluate_detections,
    most_changed,
)
from quantlab.base.figure_style import alt_text
from quantlab.base.progress import counting
from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.deploy import open_session
from quantlab.scenes import CLASS_NAMES, Scene
from quantlab.teach.pictures.figure import show
from quantlab.zoo import detect, load
from quantlab.zoo.evaluation.detection import objects_of
from quantlab.zoo.evaluation.slice_masks import slice_masks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A box is shown from this score on, where nobody has tuned it.
SHOWN = 0.3
#: Points that a class may lose, and objects that it needs for it to count.
CLASS_MAY_LOSE, FEWEST = 2.0, 30

Guardrail = Callable[[np.ndarray, np.ndarray, np.ndarray, float, int], Sequence[int]]


@dataclass(frozen=True, eq=False)
class Judged:
    """What two models found on the same scenes.

    Attributes
    ----------
    scenes : tuple of Scene
    truth : tuple of Objects
    found : mapping of "FP32" and "INT8" to what it found, scene by scene
    scores : mapping of the same to DetectionScores
    """

    scenes: tuple[Scene, ...]
    truth: tuple[Any, ...]
    found: Mapping[str, tuple[Any, ...]]
    scores: Mapping[str, DetectionScores]


def judged(fp32: onnx.ModelProto, int8: onnx.ModelProto, scenes: Sequence[Scene]) -> Judged:
    """Let both models look at every scene; each is fed with what it takes."""
    every = tuple(scenes)
    truth = tuple(objects_of(scene) for scene in every)
    found: dict[str, tuple[Any, ...]] = {}
    with counting("scenes", 2 * len(every), True) as done:
        for name, model in (("FP32", fp32), ("INT8", int8)):
            run = _finder(model)
            seen = []
            for scene in every:
                seen.append(run(scene.image))
                done()
            found[name] = tuple(seen)
    scores = {name: evaluate_detections(truth, f, CLASS_NAMES) for name, f in found.items()}
    return Judged(every, truth, found, scores)


def by_class(both: Judged, guardrail: Guardrail) -> Listing:
    """AP class by class, the largest loss first, and what your guardrail refuses."""
    fp32, int8 = (both.scores[name] for name in ("FP32", "INT8"))
    before, after = (100 * np.array(list(s.classes.values())) for s in (fp32, int8))
    objects = np.array(list(fp32.objects.values()))
    refused = {int(k) for k in guardrail(before, after, objects, CLASS_MAY_LOSE, FEWEST)}
    lost = before - after
    order = sorted(range(len(lost)), key=lambda k: -np.nan_to_num(lost[k], nan=-np.inf))
    rows = tuple(
        {
            "name": CLASS_NAMES[k],
            "fp32": before[k],
            "int8": after[k],
            "lost": lost[k],
            "objects": int(objects[k]),
            "said": "refuses" if k in refused else "too few" if objects[k] < FEWEST else "",
        }
        for k in order
    )
    title = f"By class: at most {CLASS_MAY_LOSE:g} points from {FEWEST} objects on"
    return Listing(title, Table(_columns("class", "objects"), rows))


def by_slice(both: Judged) -> Listing:
    """AP slice by slice, the largest loss first."""
    masks = slice_masks(both.scenes)
    fp32, int8 = (both.scores[name].slices(masks) for name in ("FP32", "INT8"))
    rows = [
        {
            "name": name,
            "fp32": 100 * fp32[name],
            "int8": 100 * int8[name],
            "lost": 100 * (fp32[name] - int8[name]),
            "objects": int(mask.sum()),
            "said": "",
        }
        for name, mask in masks.items()
    ]
    rows.sort(key=lambda row: -float(row["lost"]))  # type: ignore[arg-type]
    return Listing("By slice", Table(_columns("slice", "scenes"), tuple(rows)))


def hard_samples(both: Judged, count: int = 2) -> None:
    """Show the scenes on which INT8 lost most objects, FP32's boxes beside INT8's."""
    figure = hard_figure(both, count)
    show(figure, alt=alt_text(figure))


def hard_figure(both: Judged, count: int) -> Figure:
    """The figure that `hard_samples` shows."""
    picked = [int(k) for k in most_changed(both.scores["FP32"], both.scores["INT8"], count)]
    return compare_boxes(
        [both.scenes[k].image for k in picked],
        [both.truth[k] for k in picked],
        [both.found["FP32"][k] for k in picked],
        [both.found["INT8"][k] for k in picked],
        CLASS_NAMES,
        score=SHOWN,
    )


def _finder(model: onnx.ModelProto) -> Callable[[np.ndarray], Any]:
    """A picture in, its detections out."""
    session = open_session(model)
    (given,) = session.get_inputs()
    preprocessing: Any = load("detector").preprocessing

    def run(picture: np.ndarray) -> Any:
        pixels = given.type == "tensor(uint8)"
        x = picture[None] if pixels else preprocessing.batch([picture])
        return detect(session.run(None, {given.name: x}))[0]

    return run


def _columns(first: str, last: str) -> tuple[Column, ...]:
    return (
        Column(first, "name"),
        Column("FP32", "fp32", ".1f"),
        Column("INT8", "int8", ".1f"),
        Column("lost", "lost", ".1f"),
        Column(last, "objects", "d"),
        Column("", "said"),
    )
