"""Boxes of scenes as COCO's detection JSON, which every evaluator reads."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from quantlab.scenes.classes import CLASS_NAMES
from quantlab.scenes.scene import Scene


def to_coco(scenes: Iterable[Scene]) -> dict[str, Any]:
    """The labels of scenes in the form of COCO's `instances*.json`.

    Parameters
    ----------
    scenes : iterable of Scene
        Such as a split. The first image's id is 1.

    Returns
    -------
    dict
        Plain data for `json.dump`: "images" (with "slices" beside COCO's own keys), "annotations"
        and "categories", whose ids are class numbers plus 1. An annotation's area is its box's.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, scene in enumerate(scenes, 1):
        height, width = scene.mask.shape
        images.append({"id": image_id, "file_name": f"{image_id:06d}.png", "width": width,
                       "height": height, "slices": sorted(scene.slices)})  # fmt: skip
        for box in scene.boxes:
            annotations.append({
                "id": len(annotations) + 1, "image_id": image_id, "category_id": box.label + 1,
                "bbox": [box.left, box.top, box.width, box.height],
                "area": box.width * box.height, "iscrowd": 0,
            })  # fmt: skip
    return {"images": images, "annotations": annotations, "categories": categories()}


def write_coco_folder(scenes: Iterable[Scene], folder: str | Path) -> Path:
    """Pictures as PNG files and `instances.json` beside them, as `CocoFolder` reads them.

    Parameters
    ----------
    scenes : iterable of Scene
        Such as a split.
    folder : str or Path
        Is made where there is none; files of the same names are replaced.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    OSError
        It cannot be written.
    """
    place, drawn = Path(folder), list(scenes)
    place.mkdir(parents=True, exist_ok=True)
    content = to_coco(drawn)
    for entry, scene in zip(content["images"], drawn, strict=True):
        Image.fromarray(scene.image).save(place / entry["file_name"])
    (place / "instances.json").write_text(json.dumps(content), encoding="utf-8")
    return place


def categories() -> list[dict[str, Any]]:
    """COCO's list of classes."""
    return [{"id": number, "name": name} for number, name in enumerate(CLASS_NAMES, 1)]
