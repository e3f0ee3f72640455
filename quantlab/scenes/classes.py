"""What can be seen on the street: classes of objects, and classes of pixels."""

from dataclasses import dataclass

#: Pixels of a segmentation mask, by their number in it. A dog counts as the person it walks with;
#: furniture is the street's: posts, signs, lights, cones, bins.
SEGMENTS = (
    "sky", "building", "road", "pavement", "plant", "vehicle", "person", "two-wheeler",
    "furniture",
)  # fmt: skip


@dataclass(frozen=True)
class ObjectClass:
    """A class of objects, its pixels' segment, and its weight among all that are placed.

    Fewer are seen: near things cover far ones, large ones cover most.
    """

    name: str
    weight: float
    segment: str


#: In the order of their numbers. A long tail on purpose: of a hundred labels one is a dog.
CLASSES = (
    ObjectClass("car", 0.31, "vehicle"),
    ObjectClass("person", 0.262, "person"),
    ObjectClass("traffic light", 0.09, "furniture"),
    ObjectClass("sign", 0.09, "furniture"),
    ObjectClass("bicycle", 0.06, "two-wheeler"),
    ObjectClass("truck", 0.06, "vehicle"),
    ObjectClass("cone", 0.05, "furniture"),
    ObjectClass("bus", 0.03, "vehicle"),
    ObjectClass("motorcycle", 0.03, "two-wheeler"),
    ObjectClass("dog", 0.015, "person"),
)
CLASS_NAMES = tuple(c.name for c in CLASSES)
#: The class that a quantizer can lose without anybody noticing in the mean.
RARE_CLASS = "dog"
