"""COCO JSON and crops made of scenes."""

import hashlib
import json

import numpy as np
import pytest

from quantlab.scenes import CLASS_NAMES, Test, Train, Validation, crops, to_coco
from quantlab.scenes.object_crops import crop


def test_coco_json_holds_every_box_once():
    split = Validation(6, width=160, height=120)
    content = json.loads(json.dumps(to_coco(split)))
    assert [c["name"] for c in content["categories"]] == list(CLASS_NAMES)
    ids = [image["id"] for image in content["images"]]
    assert ids == list(range(1, 7))
    assert len({note["id"] for note in content["annotations"]}) == len(content["annotations"])
    for image, scene in zip(content["images"], split, strict=True):
        assert (image["width"], image["height"]) == (160, 120)
        assert set(image["slices"]) == scene.slices
        notes = [n for n in content["annotations"] if n["image_id"] == image["id"]]
        assert [(n["category_id"] - 1, *n["bbox"]) for n in notes] == [
            (b.label, b.left, b.top, b.width, b.height) for b in scene.boxes
        ]
        assert all(n["area"] == n["bbox"][2] * n["bbox"][3] for n in notes)


def test_crops_are_balanced_and_the_same_again():
    made = crops(Train, 2)
    assert made.images.shape == (20, 32, 32, 3)
    assert made.images.dtype == np.uint8
    assert made.labels.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(made.labels), np.full(10, 2))
    np.testing.assert_array_equal(made.images[:10], crops(Train, 1).images)


def test_a_seed_gives_the_same_crops():
    """One of each class; as for scenes, these change on purpose only."""
    made = np.stack([crop(7, label) for label in range(10)])
    assert hashlib.sha256(made.tobytes()).hexdigest() == (
        "aa14a12d6c0ef0aab17c9949b8c64471a629b66842113911f5e5ff202251aa09"
    )


def test_crops_of_two_splits_differ_and_none_is_blank():
    train, test = crops(Train, 1).images, crops(Test, 1).images
    assert not (train == test).all(axis=(1, 2, 3)).any()
    assert (train.reshape(10, -1).std(axis=1) > 4).all()


def test_a_crop_shows_what_it_is_called():
    """Cones are the most orange things of the street, and in their crops' middle."""
    orange = []
    for label in range(10):
        images = np.stack([crop(seed, label) for seed in range(6)]).astype(int)
        middle = images[:, 10:24, 12:20]
        orange.append(np.mean(middle[..., 0] - middle[..., 2]))
    assert CLASS_NAMES[int(np.argmax(orange))] == "cone"


def test_no_crops_are_refused():
    with pytest.raises(ValueError, match="at least one crop"):
        crops(Train, 0)
