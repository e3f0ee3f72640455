"""A folder in COCO's format: pictures and a file of instances."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quantlab.scenes.image_folder import existing_folder, read_image
from quantlab.scenes.labels import Box


@dataclass(frozen=True)
class LabelledImage:
    """A picture with its boxes.

    Attributes
    ----------
    image : uint8 array (height, width, 3), RGB
    boxes : tuple of Box
        Labels are numbers of `CocoFolder.class_names`. Empty where nothing is labelled.
    crowds : tuple of Box
        Boxes around groups. They are no single objects: what is found there is neither right nor
        wrong, so an evaluator leaves it out and nothing is trained on it.
    """

    image: np.ndarray
    boxes: tuple[Box, ...]
    crowds: tuple[Box, ...]


class CocoFolder:
    """Pictures and `instances*.json`, as COCO itself is laid out or all in one folder.

    Indexable and iterable in the order of the file; a picture is read when asked for. Category
    ids, which may have gaps, become 0, 1, ... in their order. A box without an area is left out:
    COCO itself has some.

    Parameters
    ----------
    folder : str or Path
        Holds the pictures, or folders of them.
    instances : str or Path, optional
        Needed where the folder and its `annotations` hold several `instances*.json`.

    Raises
    ------
    FileNotFoundError
        No such folder or file.
    ValueError
        A file that is not COCO's, or several without a choice.
    """

    def __init__(self, folder: str | Path, instances: str | Path | None = None) -> None:
        self.folder = existing_folder(folder)
        self.file = Path(instances) if instances else _only_instances(self.folder)
        content = _parsed(self.file)
        try:
            categories = sorted(content["categories"], key=lambda c: c["id"])
            self.class_names = tuple(str(c["name"]) for c in categories)
            self._images = [(i["id"], str(i["file_name"])) for i in content["images"]]
            labels = {c["id"]: number for number, c in enumerate(categories)}
            self._boxes, self._crowds = _boxes_by_image(content, labels, dict(self._images))
        except (KeyError, TypeError, IndexError, ValueError) as problem:
            raise ValueError(
                f"{self.file} is not a COCO instances file: {type(problem).__name__} {problem}."
            ) from problem

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> LabelledImage:
        number, name = self._images[index]
        image = read_image(self._place(name))
        return LabelledImage(image, tuple(self._boxes[number]), tuple(self._crowds[number]))

    def __iter__(self) -> Iterator[LabelledImage]:
        return (self[index] for index in range(len(self)))

    def _place(self, name: str) -> Path:
        """In the folder, its `images`, or the folder that the instances file is named after."""
        after = self.file.stem.removeprefix("instances").lstrip("_")
        root = self.folder.resolve()
        for place in (
            self.folder / name,
            self.folder / "images" / name,
            self.folder / after / name,
        ):
            if place.is_file() and place.resolve().is_relative_to(root):
                return place
        raise FileNotFoundError(
            f"{self.file} names a picture {name}, but it is neither in {self.folder} nor in its "
            f"folders images or {after or 'train'}."
        )


def _only_instances(folder: Path) -> Path:
    found = sorted([*folder.glob("instances*.json"), *folder.glob("annotations/instances*.json")])
    if not found:
        raise FileNotFoundError(
            f"{folder} and its folder annotations hold no instances*.json: name the file."
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ValueError(f"{folder} holds several instance files ({names}): name one of them.")
    return found[0]


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except ValueError as problem:
        raise ValueError(f"{path} is not JSON ({problem}): is it complete?") from problem
    if not isinstance(content, dict) or not {"images", "annotations", "categories"} <= set(content):
        raise ValueError(
            f"{path} is not a COCO instances file: images, annotations and categories are expected."
        )
    return content


Boxes = dict[Any, list[Box]]


def _boxes_by_image(
    content: dict[str, Any], labels: dict[Any, int], images: dict[Any, str]
) -> tuple[Boxes, Boxes]:
    boxes: Boxes = {number: [] for number in images}
    crowds: Boxes = {number: [] for number in images}
    for note in content["annotations"]:
        left, top, width, height = (float(v) for v in note["bbox"])
        if not np.isfinite((left, top, width, height)).all():
            raise ValueError(f"annotation {note.get('id')} has the box {note['bbox']}")
        if width > 0 and height > 0:
            kept = crowds if note.get("iscrowd") else boxes
            kept[note["image_id"]].append(
                Box(labels[note["category_id"]], left, top, width, height)
            )
    return boxes, crowds
