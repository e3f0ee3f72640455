"""A street drawn from a seed, with boxes, masks and crops, in splits that cannot be mixed up.

Real data too: a COCO folder, CIFAR-10's own files, a folder of images.
"""

from quantlab.scenes.cache import Cache
from quantlab.scenes.cifar10 import Cifar10, read_cifar10
from quantlab.scenes.classes import CLASS_NAMES, CLASSES, RARE_CLASS, SEGMENTS
from quantlab.scenes.coco import to_coco, write_coco_folder
from quantlab.scenes.coco_folder import CocoFolder, LabelledImage
from quantlab.scenes.image_folder import ImageFolder
from quantlab.scenes.labels import Box
from quantlab.scenes.layout import DENSITIES
from quantlab.scenes.object_crops import Crops, crops
from quantlab.scenes.picture_batches import PictureBatches
from quantlab.scenes.preprocessing import Preprocessing
from quantlab.scenes.scene import Scene, render
from quantlab.scenes.splits import SLICES, Calibration, Split, Test, Train, Validation, require
from quantlab.scenes.weather import CONDITIONS

__all__ = [
    "CLASSES",
    "CLASS_NAMES",
    "CONDITIONS",
    "DENSITIES",
    "RARE_CLASS",
    "SEGMENTS",
    "SLICES",
    "Box",
    "Cache",
    "Calibration",
    "Cifar10",
    "CocoFolder",
    "Crops",
    "ImageFolder",
    "LabelledImage",
    "PictureBatches",
    "Preprocessing",
    "Scene",
    "Split",
    "Test",
    "Train",
    "Validation",
    "crops",
    "read_cifar10",
    "render",
    "require",
    "to_coco",
    "write_coco_folder",
]
