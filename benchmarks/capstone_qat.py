"""Light quantization-aware training: a few hundred training scenes, once."""

import sys
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from benchmarks.capstone_material import Material
from quantlab.base.progress import counting
from quantlab.methods import QuantizedModel, Recipe, convert_qat, prepare_qat, train_qat
from quantlab.scenes import Preprocessing
from quantlab.zoo.anchors import INPUT_SIZE
from quantlab.zoo.train.loop import Examples
from quantlab.zoo.train.tasks import TASKS, Example, detection_loss

BATCH = 8
# A batch as train_qat takes it: the input, and what the loss compares with.
Batch = tuple[Tensor, tuple[Tensor, ...]]


def light_qat(material: Material, recipe: Recipe) -> QuantizedModel:
    """The detector after `material.training` batches with the rounding of its integers.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C: a training cut short would not be the plan that was asked for.
    """
    task = TASKS["detector"]
    qat = prepare_qat(material.net, material.batches(), recipe)
    scenes = Examples(task.example, range(material.training * BATCH), lambda _: INPUT_SIZE)
    history = train_qat(
        qat,
        _batches(scenes, material.preprocessing),
        lambda output, targets: detection_loss(output, *targets),
    )
    if history.interrupted:
        raise KeyboardInterrupt
    print(f"loss {history.losses[0]:.3f} over the training", file=sys.stderr)
    return convert_qat(qat)


def _batches(scenes: Examples, preprocessing: Preprocessing) -> Iterator[Batch]:
    def stacked(examples: list[Example]) -> Batch:
        pictures, classes, offsets, _ = zip(*examples, strict=True)
        x = torch.from_numpy(preprocessing.batch(pictures))
        return x, tuple(torch.from_numpy(np.stack(each)) for each in (classes, offsets))

    loader = DataLoader(scenes, BATCH, collate_fn=stacked)
    with counting("batches", len(loader), shown=True) as done:
        for batch in loader:
            yield batch
            done()
