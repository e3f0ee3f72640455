"""What a network learns from: windows of a street that hold something to see."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from quantlab.scenes import Train
from quantlab.scenes.draws import Draws
from quantlab.scenes.layout import lay_out
from quantlab.scenes.scene import draw
from quantlab.zoo.anchors import INPUT_SIZE
from quantlab.zoo.segmentation_loss import segmentation_loss
from quantlab.zoo.train.tasks import FEATURED, RARITY, TASKS, detection_loss, window_start


def street(index: int):
    """The same training street, from the split's first seed on, without the task's help."""
    first = index * FEATURED
    featured = [number % 10 for number in range(first, first + FEATURED)]
    return draw(lay_out(Train(1).seeds[0] + index, INPUT_SIZE, INPUT_SIZE, featured))


@pytest.mark.parametrize("index", [0, 1, 7])
def test_a_segmenters_picture_is_a_window_of_a_street_with_its_mask(index):
    whole, side = street(index), 64
    image, mask = TASKS["segmenter"].example(index, side)
    views = np.lib.stride_tricks.sliding_window_view(whole.image, (side, side, 3))[:, :, 0]
    places = np.argwhere((views[:, :, 0, 0] == image[0, 0]).all(-1))
    top, left = next(p for p in places if np.array_equal(views[tuple(p)], image))
    np.testing.assert_array_equal(mask, whole.mask[top : top + side, left : left + side])
    assert mask.dtype == np.int64
    assert any(
        box.left < left + side
        and left <= box.left + box.width
        and box.top < top + side
        and top <= box.top + box.height
        for box in whole.boxes
    )


def test_a_window_as_large_as_the_street_is_the_street():
    whole = street(3)
    image, mask = TASKS["segmenter"].example(3, INPUT_SIZE)
    np.testing.assert_array_equal(image, whole.image)
    np.testing.assert_array_equal(mask, whole.mask)


@given(
    st.integers(0, 10**6),
    st.floats(0, INPUT_SIZE - 1),
    st.floats(0, 1),
    st.integers(16, INPUT_SIZE),
)
def test_a_window_lies_in_the_picture_and_holds_a_point_of_the_object(seed, start, share, side):
    length = share * (INPUT_SIZE - start)
    begin = window_start(start, length, side, Draws(seed))
    assert 0 <= begin <= INPUT_SIZE - side
    # Cut to a whole pixel, a window may begin one pixel before the point.
    assert begin < start + length + 1
    assert start < begin + side + 1


def test_a_street_without_objects_gives_a_window_all_the_same(monkeypatch):
    bare = lay_out(Train(1).seeds[0], INPUT_SIZE, INPUT_SIZE)
    empty = draw(type(bare)(**{**vars(bare), "things": ()}))
    monkeypatch.setattr("quantlab.zoo.train.tasks._full_street", lambda *_: empty)
    image, mask = TASKS["segmenter"].example(5, 64)
    assert image.shape == (64, 64, 3)
    assert mask.shape == (64, 64)


def test_the_segmenters_loss_weighs_rare_classes_more():
    torch.manual_seed(1)
    logits, mask = torch.randn(1, 9, 8, 8), torch.zeros(1, 8, 8, dtype=torch.int64)
    mask[0, 0, 0] = 6
    loss = TASKS["segmenter"].loss(logits, mask)
    assert loss == segmentation_loss(logits, mask, RARITY) != segmentation_loss(logits, mask)


def test_the_detectors_mask_weighs_each_pixel_alike():
    task = TASKS["detector"]
    image, *targets = (torch.from_numpy(each)[None] for each in task.example(0, 192))
    torch.manual_seed(1)
    *boxes, mask = task.learner(task.network()).eval()(image.float().movedim(-1, 1) / 255)
    assert mask.shape[2:] == targets[-1].shape[1:]
    expected = detection_loss(tuple(boxes), *targets[:-1]) + segmentation_loss(mask, targets[-1])
    assert task.loss((*boxes, mask), *targets) == expected
