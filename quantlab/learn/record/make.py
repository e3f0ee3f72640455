"""From settings to a record: quantize, compare, time, and say what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from quantlab.analysis import layer_errors
from quantlab.analysis.detection import map_drop
from quantlab.analysis.layer_error import LayerErrors
from quantlab.deploy import measure_latency, precision_report, saturation_report
from quantlab.deploy.saturation.report import SaturationReport
from quantlab.learn.record.compare import compare_files
from quantlab.learn.record.models import GIVEN, QUANTLAB, write_models
from quantlab.learn.record.network import AS_IT_IS, Network, Pixels, open_network
from quantlab.learn.record.pictures import Material, open_material
from quantlab.learn.record.record import Record
from quantlab.methods import Recipe


@dataclass(frozen=True)
class Settings:
    """What a record is made of; `quantlab record --help` says each in words."""

    model: str
    data: Path
    out: Path
    int8: Path | None = None
    recipe: Path | None = None
    calibration: int = 64
    evaluation: int = 200
    decode: str | None = None
    pixels: Pixels = AS_IT_IS
    threads: int = 1
    seconds: float = 5.0
    most_lost: float | None = None
    least_speed_up: float | None = None
    seed: int = 0


def make_record(settings: Settings) -> Record:
    """Quantize, compare and time; both models and the record are in `settings.out` afterwards.

    Raises
    ------
    ValueError
        What was asked for cannot be done: one sentence says why.
    OSError
        A file or folder is missing, or cannot be written.
    """
    recipe = _recipe(settings)
    network = open_network(settings.model, settings.pixels, settings.decode)
    material = open_material(
        settings.data, settings.calibration, settings.evaluation, settings.seed
    )
    if settings.most_lost is not None and not (network.decode and material.class_names):
        raise ValueError(
            "A loss of mAP needs labels and boxes: give a COCO folder, and --decode for a model "
            "that is not the course's detector."
        )
    settings.out.mkdir(parents=True, exist_ok=True)
    fp32, int8, who = write_models(network, material, settings.out, recipe, settings.int8)
    record = _measured(settings, network, material, {"FP32": fp32, "INT8": int8}, who, recipe)
    record.write(settings.out)
    return record


def _measured(
    settings: Settings,
    network: Network,
    material: Material,
    files: Mapping[str, Path],
    who: str,
    recipe: Recipe,
) -> Record:
    compared = compare_files(network, material, list(files.values()))
    latency = measure_latency(
        files,
        _one_picture(network, material),
        threads=settings.threads,
        target=settings.least_speed_up or 1.0,
        seconds=settings.seconds,
    )
    ran = precision_report(files["INT8"], inputs=_one_picture(network, material), profile=False)
    layers, saturation, unsaid = _looked_into(network, material, files)
    return Record(
        model=settings.model,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        quantized_by=who,
        recipe=recipe.to_dict() if who == QUANTLAB else None,
        data={
            "folder": settings.data.resolve().name,
            "calibration": 0 if who == GIVEN else len(material.calibration),
            "evaluation": len(material.evaluation),
            "seed": settings.seed,
            "preprocessing": network.preprocessing.to_dict(),
        },
        compared=compared,
        lost=None if compared.scores is None else map_drop(*compared.scores),
        latency=latency,
        files=files,
        int8_macs=ran.macs_share("INT8"),
        stayed_float=tuple(
            f"{node.label}: {node.reason}"
            for node in ran.nodes
            if node.precision == "FP32" and node.macs
        ),
        most_lost=settings.most_lost,
        faster=settings.least_speed_up is not None,
        layers=layers,
        saturation=saturation,
        unsaid=unsaid,
    )


def _looked_into(
    network: Network, material: Material, files: Mapping[str, Path]
) -> tuple[LayerErrors | None, SaturationReport | None, tuple[str, ...]]:
    """Every layer's error, and what older CPUs do; where a file of others cannot be looked into,
    why not."""
    x, unsaid = _one_picture(network, material), []
    layers = saturation = None
    try:
        layers = layer_errors(files["INT8"], x, files["FP32"])
    except ValueError as error:
        unsaid.append(f"Errors by layer cannot be told: {error}")
    try:
        saturation = saturation_report(files["INT8"], x)
    except ValueError as error:
        unsaid.append(f"What a CPU without VNNI does cannot be told: {error}")
    return layers, saturation, tuple(unsaid)


def _one_picture(network: Network, material: Material) -> np.ndarray:
    return network.preprocessing.batch(material.pictures(material.evaluation[:1]))


def _recipe(settings: Settings) -> Recipe:
    if settings.recipe is None:
        return Recipe()
    if settings.int8 is not None:
        raise ValueError(
            "A recipe is for quantlab, and --int8 brings a file that is quantized already: leave "
            "one of them out."
        )
    return Recipe.from_json(settings.recipe.read_text(encoding="utf-8"))
