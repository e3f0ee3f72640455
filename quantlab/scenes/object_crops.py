"""Crops of single objects, 32 x 32, as many of each class: a task of CIFAR-10's shape."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from quantlab.scenes.camera import Camera
from quantlab.scenes.classes import CLASS_NAMES
from quantlab.scenes.draws import Draws
from quantlab.scenes.labels import Box
from quantlab.scenes.layout import Thing, lay_out
from quantlab.scenes.picture_batches import PictureBatches
from quantlab.scenes.preprocessing import Preprocessing
from quantlab.scenes.scene import draw
from quantlab.scenes.splits import Split

#: Side of a crop, and of the picture that it is cut from.
SIDE, FRAME = 32, 64
# Metres that a class takes across, about, and the height of its middle.
_SIZES = {
    "car": (4.0, 0.8), "person": (1.9, 0.9), "traffic light": (1.1, 2.8), "sign": (0.8, 2.0),
    "bicycle": (2.0, 0.9), "truck": (5.0, 1.4), "cone": (0.8, 0.35), "bus": (7.0, 1.6),
    "motorcycle": (2.0, 0.9), "dog": (1.2, 0.4),
}  # fmt: skip


@dataclass(frozen=True)
class Crops:
    """Pictures of single objects.

    Attributes
    ----------
    images : uint8 array (N, 32, 32, 3), RGB
    labels : int64 array (N,), class numbers
    split : type of Split, or None
        Whose seeds they were drawn from; None for pictures of your own.

    Raises
    ------
    ValueError
        Not as many labels as images.
    """

    images: np.ndarray
    labels: np.ndarray
    split: type[Split] | None = None

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise ValueError(
                f"There are {len(self.images)} images and {len(self.labels)} labels, but each "
                "image has one label."
            )

    @property
    def role(self) -> str | None:
        """What the crops are for: the role of their split, or None for your own."""
        return None if self.split is None else self.split.role

    def __len__(self) -> int:
        return len(self.labels)

    def pictures(self) -> Iterator[np.ndarray]:
        """The crops one by one."""
        return iter(self.images)

    def batches(self, preprocessing: Preprocessing, size: int = 16) -> PictureBatches:
        """The crops as a network's input, `size` at a time; gone over as often as you like."""
        return PictureBatches(self, preprocessing, size)


def crops(split: type[Split], per_class: int) -> Crops:
    """`per_class` crops of each of the ten classes, from streets of the split's own seeds.

    Parameters
    ----------
    split : type of Split
        `Calibration`, `Train`, `Validation` or `Test`.
    per_class : int
        1 or more.

    Returns
    -------
    Crops
        N = 10 * per_class; classes take turns, so that any leading part is balanced too.

    Raises
    ------
    ValueError
        `per_class` under 1.
    """
    if per_class < 1:
        raise ValueError(f"per_class is {per_class}, but a class has at least one crop.")
    classes = len(CLASS_NAMES)
    labels = np.arange(per_class * classes) % classes
    images = [crop(split.crop_seed(k), int(label)) for k, label in enumerate(labels)]
    return Crops(np.stack(images), labels.astype(np.int64), split)


def crop(seed: int, label: int) -> np.ndarray:
    """An object of a class on the street of a seed, seen through a lens that points at it.

    Returns
    -------
    uint8 array (32, 32, 3), RGB
    """
    draws = Draws(seed)
    for street in _streets(draws):
        layout = lay_out(street, FRAME, FRAME, featured=(label,))
        things = [t for t in layout.things if t.kind == label]
        if not things:
            continue
        scene = draw(replace(layout, camera=_pointed_at(things[-1], layout.camera)))
        box = max((b for b in scene.boxes if b.label == label and _is_central(b)),
                  key=lambda b: b.scale, default=None)  # fmt: skip
        if box:
            return _cut(Image.fromarray(scene.image), box, draws.between(1.05, 1.35))
    raise AssertionError("streets do not end")


def _streets(draws: Draws) -> Iterator[int]:
    """Seeds without end: the object may be hidden on the first streets."""
    while True:
        yield draws.seed()


def _pointed_at(thing: Thing, camera: Camera) -> Camera:
    """The camera with its lens turned and drawn out until the thing fills most of the picture."""
    size, middle = _SIZES[thing.name]
    x, z = thing.pose.x, thing.pose.z
    focal = 0.62 * z / size
    return replace(camera, focal=focal, centre=0.5 - focal * x / z,
                   horizon=0.5 - focal * (camera.eye - middle) / z)  # fmt: skip


def _is_central(box: Box) -> bool:
    middle = FRAME / 2
    across = box.left <= middle <= box.left + box.width
    return across and box.top <= middle <= box.top + box.height and box.scale >= SIDE / 3


def _cut(picture: Image.Image, box: Box, margin: float) -> np.ndarray:
    """A square around the box, `margin` times its longer side, not beyond the picture."""
    half = min(margin * max(box.width, box.height), FRAME) / 2
    u = min(max(box.left + box.width / 2, half), FRAME - half)
    v = min(max(box.top + box.height / 2, half), FRAME - half)
    area = (u - half, v - half, u + half, v + half)
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR, area))
