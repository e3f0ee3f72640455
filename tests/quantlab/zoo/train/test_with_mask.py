"""The head of the mask teaches a detector, and is gone when the training is done."""

import numpy as np
import torch

from quantlab.scenes import CLASS_NAMES, SEGMENTS
from quantlab.scenes.layout import lay_out
from quantlab.scenes.scene import draw
from quantlab.zoo import Detector
from quantlab.zoo.train.loop import Training
from quantlab.zoo.train.tasks import FEATURED, TASKS
from quantlab.zoo.train.with_mask import DetectorWithMask

TASK = TASKS["detector"]


@torch.no_grad()
def test_the_detectors_outputs_come_first():
    detector = Detector(3).eval()
    x = torch.randn(2, 3, 64, 96)
    *boxes, mask = DetectorWithMask(detector).eval()(x)
    for ours, expected in zip(boxes, detector(x), strict=True):
        assert torch.equal(ours, expected)
    assert mask.shape == (2, len(SEGMENTS), 8, 12)


def test_a_finished_training_gives_the_detector_alone():
    training = Training(TASK, TASK.recipe, torch.device("cpu"))
    assert isinstance(training.model, DetectorWithMask)
    finished = training.finished()
    assert type(finished) is Detector
    for key, value in training.model.detector.state_dict().items():
        assert torch.equal(value, finished.state_dict()[key]), key


def test_the_mask_teaches_what_the_boxes_read():
    training = Training(TASK, TASK.recipe, torch.device("cpu"))
    pairs = zip(TASK.example(0, 64), TASK.example(1, 64), strict=True)
    pictures, classes, offsets, cells = (torch.tensor(np.stack(pair)) for pair in pairs)
    output = training.model(training._input(pictures))
    without, whole = (TASK.loss(output, classes, offsets, c) for c in (cells, 0 * cells))
    assert without.item() != whole.item()
    tower = training.model.detector.towers[0][1][0].weight
    gradient = torch.autograd.grad(TASK.loss(output, 0 * classes, offsets, cells), tower)[0]
    assert gradient.abs().sum() > 0  # without an object only the mask has anything to say


def test_a_cell_is_labelled_by_its_middle_and_every_class_takes_its_turn():
    _, _, _, cells = TASK.example(1, 96)
    scene = draw(lay_out(20_000_001, 96, 96, [(FEATURED + k) % 10 for k in range(FEATURED)]))
    assert cells.shape == (12, 12)
    expected = [[scene.mask[8 * r + 4, 8 * c + 4] for c in range(12)] for r in range(12)]
    assert np.array_equal(cells, expected)


def test_featured_classes_are_placed_before_the_streets_own():
    plain, fuller = (lay_out(5, 320, 320, kinds) for kinds in ((), (9, 9, 8)))
    counts = [
        np.bincount([t.kind for t in layout.things if t.kind is not None], minlength=10)
        for layout in (plain, fuller)
    ]
    assert counts[1][9] >= 2
    assert counts[1][8] >= 1
    assert counts[1].sum() > counts[0].sum()
    assert len(CLASS_NAMES) == 10
