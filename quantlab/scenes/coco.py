"""Boxes of scenes as COCO's detection JSON, which every evaluator reads."""

from collections.abc import Iterable
from typing import Any

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


def categories() -> list[dict[str, Any]]:
    """COCO's list of classes."""
    return [{"id": number, "name": name} for number, name in enumerate(CLASS_NAMES, 1)]
