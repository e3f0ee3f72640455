"""A network's model card: what it is, what it learned from, how good it is, and its limits."""

import inspect
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from torch import nn

from quantlab.base.atomic import replacing
from quantlab.base.machine import machine
from quantlab.deploy import export_onnx
from quantlab.deploy.onnx_graph.macs import macs_of
from quantlab.scenes import CLASS_NAMES, RARE_CLASS, SEGMENTS, Preprocessing, Train
from quantlab.scenes.labels import SMALLEST_SCALE
from quantlab.zoo.train.card_text import card_text
from quantlab.zoo.train.loop import Training
from quantlab.zoo.train.measure import TEST_PICTURES, measure
from quantlab.zoo.train.tasks import FEATURED, RARITY
from quantlab.zoo.weights import packed_weights

LICENCE = "BSD-3-Clause, as all of QuantLab"
#: The loss at the start and at the end is the mean of so many steps; of half of a short training.
LOSS_STEPS = 50
LIMITS = (
    "It knows drawn streets only. What it does on photographs was never measured.",
    "Not for use on real roads, nor for any decision about people: it is made to be quantized and "
    "studied.",
    "Test pictures are drawn by the same program as training pictures, from other seeds: the "
    "figures say nothing about another world.",
)


def evaluate_and_describe(
    name: str,
    model: nn.Module,
    training: Training,
    sha256: str,
    pictures: int | None = None,
) -> dict[str, Any]:
    """Measure a trained network on the test split and write down all that is known of it.

    Parameters
    ----------
    name : str
        "classifier", "segmenter" or "detector".
    model : torch.nn.Module
        What `Training.finished` returned.
    training : Training
        The one that it comes from.
    sha256 : str
        What `save_weights` returned.
    pictures : int, optional
        Of the test split; `TEST_PICTURES` where it is left out.

    Returns
    -------
    dict
        Plain data; a JSON round trip gives an equal one.
    """
    preprocessing = training.task.preprocessing
    test = measure(name, model, preprocessing, pictures or TEST_PICTURES[name])
    return {
        "name": name,
        "network": type(model).__name__,
        "description": inspect.getdoc(type(model)) or "",
        "classes": list(SEGMENTS if name == "segmenter" else CLASS_NAMES),
        "preprocessing": preprocessing.to_dict(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "macs": _macs(model, preprocessing),
        "bytes": len(packed_weights(model)),
        "sha256": sha256,
        "training": _training(name, training),
        "test": {"split": "Test", **test},
        "limits": [*LIMITS, *_own_limits(name, test)],
        "licence": LICENCE,
        **machine(),
    }


def write_card(folder: str | os.PathLike[str], name: str, card: dict[str, Any]) -> None:
    """Write {name}.json for programs and {name}.md for people.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    for suffix, content in (("json", text), ("md", card_text(card))):
        with replacing(Path(folder, f"{name}.{suffix}")) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="\n")


def _training(name: str, training: Training) -> dict[str, Any]:
    progress, recipe = training.progress, training.recipe
    seen = progress.step * recipe.batch
    mean_of = min(LOSS_STEPS, max(1, len(progress.losses) // 2))
    seed_of = Train.crop_seed if name == "classifier" else Train.street_seed
    own: dict[str, Any] = {} if name == "classifier" else {"featured": FEATURED}
    if name == "segmenter":
        own["rarity"] = RARITY
    return {
        "split": "Train",
        "pictures": seen,
        "seeds": sorted([seed_of(0), seed_of(seen - 1)]),
        **own,
        "recipe": {**vars(recipe), "sides": list(recipe.sides)},
        "steps": progress.step,
        "seconds": round(progress.seconds),
        "device": str(training.device),
        "loss": {
            "first": _mean(progress.losses[:mean_of]),
            "last": _mean(progress.losses[-mean_of:]),
        },
    }


def _mean(losses: list[float]) -> float | None:
    return float(np.mean(losses)) if losses else None


def _macs(model: nn.Module, preprocessing: Preprocessing) -> int:
    """Multiply-accumulates for one picture, counted in the exported graph."""
    picture = np.zeros((1, 3, preprocessing.height, preprocessing.width), np.float32)
    with TemporaryDirectory() as folder:
        graph = onnx.load(export_onnx(model, Path(folder, "model.onnx"), picture))
    layers = macs_of(graph)
    unknown = [layer for layer, count in layers.items() if count is None]
    if unknown:
        raise ValueError(f"The shapes of {unknown} cannot be inferred, so nobody can count MACs.")
    return sum(count for count in layers.values() if count is not None)


def _own_limits(name: str, test: dict[str, Any]) -> list[str]:
    """What only this network must be told apart by, with the test split's own counts."""
    if name == "classifier":
        return ["A crop shows one object of the ten classes; there is no answer for none of them."]
    if name == "segmenter":
        return ["A dog counts as the person it walks with; posts, bins and cones are furniture."]
    rare, every = test["objects"][RARE_CLASS], sum(test["objects"].values())
    return [
        f"Objects of a scale under {SMALLEST_SCALE:g} pixels are not labelled: to find one counts "
        "against it.",
        f"Of the {every:,} test objects {rare:,} belong to the rare class, {RARE_CLASS}: its AP is "
        "the least certain.",
    ]
