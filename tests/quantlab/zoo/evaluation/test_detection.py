"""The detector's numbers against pycocotools on COCO JSON made of the same scenes."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from quantlab.scenes import CLASS_NAMES, Cache, Preprocessing, Test, Validation, to_coco
from quantlab.zoo import Detector, detect, evaluate_detector, slice_masks
from quantlab.zoo.evaluation.scene_batches import BATCH
from tests.quantlab.zoo.evaluation.cases import Oracle, outputs_for

#: More than one batch, the last one not full.
SCENES = BATCH + 5
PREPROCESSING = Preprocessing(320, 320, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    return Validation(SCENES, cache=Cache(tmp_path_factory.mktemp("scenes")))


@pytest.fixture(scope="module")
def answers(split):
    """Slipped boxes, misses, wrong classes; all scores differ."""
    rng = np.random.default_rng(0)
    found = []
    for scene in split:
        seen = [box for box in scene.boxes if rng.random() < 0.8]
        sides = np.array([(b.width, b.height) for b in seen]).reshape(-1, 2)
        low = np.array([(b.left, b.top) for b in seen]).reshape(-1, 2)
        low = low + rng.normal(size=low.shape) * 0.05 * sides
        boxes = np.clip(np.concatenate([low, low + sides], 1), 0, 320)
        labels = [int(rng.integers(10)) if rng.random() < 0.1 else b.label for b in seen]
        found.append(outputs_for(boxes, labels, rng.uniform(0.1, 0.95, len(seen))))
    return found


def by_pycocotools(split, answers, images):
    """AP of some images from COCO's own files and sums."""
    truth = COCO()
    truth.dataset = to_coco(split)
    rows = [
        {"image_id": image, "category_id": int(kind) + 1, "score": float(score),
         "bbox": [float(v) for v in (*box[:2], *(box[2:] - box[:2]))]}
        for image, maps in enumerate(answers, 1)
        for box, score, kind in zip(*detect([m[None] for m in maps])[0], strict=True)
    ]  # fmt: skip
    with redirect_stdout(io.StringIO()):
        truth.createIndex()
        coco = COCOeval(truth, truth.loadRes(rows), "bbox")
        coco.params.imgIds = list(images)
        coco.evaluate(), coco.accumulate(), coco.summarize()
    return coco


def test_numbers_classes_and_slices_are_pycocotools_own(split, answers):
    oracle = Oracle(answers)
    scores = evaluate_detector(oracle, PREPROCESSING, split)
    coco = by_pycocotools(split, answers, range(1, SCENES + 1))
    # Sums of at most 10 × 101 × 10 numbers of 0 to 1 in another order: the mean is off by less
    # than 10,100 × 1e-16. A box written as a corner and a size is rounded once more, by 1e-14 of
    # an overlap, which moves a match only where an overlap lies that close to one of the ten.
    close = {"rtol": 0, "atol": 2e-12}
    numbers = np.nan_to_num([*scores.numbers.values()], nan=-1)
    np.testing.assert_allclose(numbers, coco.stats, **close)
    assert 0.1 < scores.numbers["AP"] < 0.9
    precision = coco.eval["precision"][..., 0, 2]
    for kind, name in enumerate(CLASS_NAMES):
        expected = precision[:, :, kind].mean()
        if expected >= 0:
            np.testing.assert_allclose(scores.classes[name], expected, **close)
    masks = slice_masks(split)
    slices = scores.slices(masks)
    assert len(slices) >= 4
    for name, mask in masks.items():
        part = by_pycocotools(split, answers, np.flatnonzero(mask) + 1)
        np.testing.assert_allclose(slices[name], part.stats[0], **close)


def test_the_network_sees_preprocessed_batches_in_order(split, answers):
    oracle = Oracle(answers)
    evaluate_detector(oracle, PREPROCESSING, split)
    assert [x.shape for x in oracle.seen] == [(BATCH, 3, 320, 320), (5, 3, 320, 320)]
    for i, x in enumerate(np.concatenate(oracle.seen)):
        expected = (split[i].image.transpose(2, 0, 1) / 255 - 0.5) / 0.25
        # float32 rounds three times, each by at most 2^-24 of values up to 2.
        np.testing.assert_allclose(x, expected, rtol=0, atol=6 * 2**-24)


def test_slice_masks_say_where_each_scene_lies(split):
    masks = slice_masks(split)
    for i, scene in enumerate(split):
        assert {name for name, mask in masks.items() if mask[i]} == scene.slices
    assert all(mask.dtype == bool and mask.any() for mask in masks.values())


def test_an_untrained_detector_finds_next_to_nothing(capsys):
    scores = evaluate_detector(Detector().eval(), PREPROCESSING, Test(1), progress=True)
    assert scores.numbers["AP"] < 0.05
    out, err = capsys.readouterr()
    assert out == ""
    assert "scenes" in err


def test_scenes_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"draw them .* with Test\(3, width=320, height=320\)"):
        evaluate_detector(Oracle([]), PREPROCESSING, Test(3, width=160, height=160))
