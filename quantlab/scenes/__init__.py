"""A street drawn from a seed, with boxes, masks and crops, in splits that cannot be mixed up.

Real data too: a COCO folder, CIFAR-10's own files, a folder of images.
"""

from quantlab.scenes.classes import CLASS_NAMES, CLASSES, RARE_CLASS, SEGMENTS
from quantlab.scenes.labels import Box
from quantlab.scenes.layout import DENSITIES
from quantlab.scenes.render import Scene, render
from quantlab.scenes.weather import CONDITIONS

__all__ = [
    "CLASSES",
    "CLASS_NAMES",
    "CONDITIONS",
    "DENSITIES",
    "RARE_CLASS",
    "SEGMENTS",
    "Box",
    "Scene",
    "render",
]
