"""Intersection over union against sets of pixels counted one class at a time."""

import numpy as np
import pytest

from quantlab.scenes import SEGMENTS, Preprocessing, Test, Validation
from quantlab.zoo import Segmenter, evaluate_segmenter, slice_masks
from quantlab.zoo.evaluation import SegmentationScores
from tests.quantlab.zoo.evaluation.cases import Oracle

SIDE = 48
PREPROCESSING = Preprocessing(SIDE, SIDE)


@pytest.fixture(scope="module")
def split():
    return Validation(20, width=SIDE, height=SIDE)


@pytest.fixture(scope="module")
def predicted(split):
    """The truth with a fifth of the pixels guessed."""
    rng = np.random.default_rng(0)
    masks = np.stack([scene.mask for scene in split])
    guess = rng.integers(0, len(SEGMENTS), masks.shape)
    return np.where(rng.random(masks.shape) < 0.2, guess, masks)


def logits(pixels):
    return [np.eye(len(SEGMENTS), dtype=np.float32)[p].transpose(2, 0, 1) for p in pixels]


def by_sets(split, predicted, images):
    """IoU of each class that is in a union: sets of (image, row, column)."""
    shares = {}
    for kind, name in enumerate(SEGMENTS):
        true = {(i, *p) for i in images for p in np.argwhere(split[i].mask == kind).tolist()}
        said = {(i, *p) for i in images for p in np.argwhere(predicted[i] == kind).tolist()}
        if true | said:
            shares[name] = len(true & said) / len(true | said)
    return shares


def test_classes_mean_and_slices(split, predicted):
    scores = evaluate_segmenter(Oracle(logits(predicted)), PREPROCESSING, split)
    # One division of the same two integers each; a mean of nine in another order.
    expected = by_sets(split, predicted, range(len(split)))
    assert dict(scores.classes) == expected
    assert scores.mean == pytest.approx(np.mean([*expected.values()]), rel=1e-14)
    assert 0.3 < scores.mean < 0.9
    masks = slice_masks(split)
    slices = scores.slices(masks)
    assert len(slices) >= 4
    for name, mask in masks.items():
        part = by_sets(split, predicted, np.flatnonzero(mask).tolist())
        assert slices[name] == pytest.approx(np.mean([*part.values()]), rel=1e-14), name


def test_pixels_are_counted(split, predicted):
    scores = evaluate_segmenter(Oracle(logits(predicted)), PREPROCESSING, split)
    every = np.concatenate([scene.mask.ravel() for scene in split])
    assert [*scores.pixels.values()] == [int((every == k).sum()) for k in range(len(SEGMENTS))]
    assert scores.to_dict()["images"] == len(split)
    assert f"{every.size:,}" in str(scores).splitlines()[-1]


def test_a_class_that_is_nowhere_does_not_count():
    confusion = np.zeros((1, len(SEGMENTS), len(SEGMENTS)), np.int64)
    confusion[0, :2, :2] = [[3, 1], [0, 4]]
    scores = SegmentationScores(confusion)
    assert scores.mean == (3 / 4 + 4 / 5) / 2
    assert scores.to_dict()["classes"]["person"] is None


def test_an_untrained_segmenter_is_poor():
    pre = Preprocessing(32, 32)
    split = Test(2, width=32, height=32)
    assert evaluate_segmenter(Segmenter().eval(), pre, split).mean < 0.3


def test_bad_input_gets_one_sentence(split, predicted):
    with pytest.raises(ValueError, match=r"logits of shape \(16, 9, 48, 48\) are expected"):
        evaluate_segmenter(lambda x: x, PREPROCESSING, split)
    with pytest.raises(ValueError, match="The logits hold NaN"):
        evaluate_segmenter(lambda x: np.full((16, 9, 48, 48), np.nan), PREPROCESSING, split)
    scores = evaluate_segmenter(Oracle(logits(predicted)), PREPROCESSING, split)
    with pytest.raises(ValueError, match=r"The slice 'fog' has dtype bool and shape \(3,\)"):
        scores.slices({"fog": np.ones(3, bool)})
