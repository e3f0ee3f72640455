"""Splits: disjoint seeds, named slices, and a TypeError for the wrong one."""

from itertools import pairwise

import numpy as np
import pytest

from quantlab.scenes import (
    Cache,
    Calibration,
    Crops,
    Preprocessing,
    Split,
    Test,
    Train,
    Validation,
    crops,
    render,
    require,
)
from quantlab.scenes.splits import SEEDS_EACH

KINDS = (Calibration, Train, Validation, Test)


def test_no_seed_is_in_two_splits():
    """Every seed a split can ever use lies in its own range; the ranges do not meet."""
    ranges = [range(k.number * SEEDS_EACH, (k.number + 1) * SEEDS_EACH) for k in KINDS]
    assert all(a.stop <= b.start for a, b in pairwise(ranges))
    for kind, owned in zip(KINDS, ranges, strict=True):
        assert all(seed in owned for seed in kind(50).seeds)


def test_a_split_is_indexed_and_iterated():
    split = Train(3, width=64, height=48)
    assert len(split) == 3
    images = [scene.image for scene in split]
    assert len(images) == 3
    for index, image in enumerate(images):
        np.testing.assert_array_equal(image, split[index].image)
        np.testing.assert_array_equal(image, render(split.seeds[index], 64, 48).image)
    np.testing.assert_array_equal(split[-1].image, images[2])
    with pytest.raises(IndexError):
        split[3]


def test_a_longer_split_begins_with_the_shorter():
    assert Test(20).seeds[:5] == Test(5).seeds


def test_slices_choose_scenes():
    easy = Calibration(12, only=("day",), without=("small", "crowded", "rare class"))
    for scene in easy:
        assert scene.slices == {"day"}
    for scene in Validation(4, only=("night", "crowded"), width=64, height=64):
        assert {"night", "crowded"} <= scene.slices
    for scene in Test(2, only=("rare class",)):
        assert "rare class" in scene.slices


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_the_wrong_split_is_refused(kind, other):
    split = other(2)
    if kind is other:
        assert require(split, kind) is split
        return
    with pytest.raises(TypeError) as refusal:
        require(split, kind)
    sentence = str(refusal.value)
    assert f"This is a {other.__name__}" in sentence
    assert f"quantlab.scenes.{kind.__name__}(count)" in sentence


@pytest.mark.parametrize("thing", [None, [], np.zeros((1, 3, 8, 8)), Calibration])
def test_what_is_no_split_is_refused(thing):
    with pytest.raises(TypeError, match="a Calibration split is needed here"):
        require(thing, Calibration)


def test_splits_of_two_kinds_are_never_equal():
    assert Train(3) != Test(3)
    assert Train(3) == Train(3)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"count": 0}, "at least one scene"),
        ({"count": 2, "only": ("sunny",)}, "no slice 'sunny'"),
        ({"count": 2, "only": ("day", "night")}, "one condition"),
        ({"count": 2, "only": ("small", "crowded")}, "at most one of"),
        ({"count": 2, "only": ("day",), "without": ("day",)}, "No scene is in all of"),
        ({"count": 2, "without": ("day", "dusk", "night", "rain", "fog", "glare")}, "No scene"),
    ],
)
def test_bad_settings_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        Calibration(**settings)


def test_the_split_of_nobody_is_refused():
    with pytest.raises(TypeError, match="use Calibration, Train, Validation or Test"):
        Split(3)


def test_a_split_reads_from_its_cache(tmp_path):
    split = Train(2, width=64, height=64, cache=Cache(tmp_path))
    first = [scene.image for scene in split]
    assert len(list(tmp_path.rglob("*.scene"))) == 2
    for drawn, kept in zip(first, split, strict=True):
        np.testing.assert_array_equal(drawn, kept.image)


def test_every_split_says_what_it_is_for():
    roles = [kind.role for kind in KINDS]
    assert roles == ["calibration", "train", "validation", "test"]
    for kind in KINDS:
        assert kind(1).role == kind.role


def test_streets_and_crops_of_a_split_never_meet():
    """They come from both ends of the split's own seeds, and no other number is one of them."""
    for kind in KINDS:
        own = kind.own_seeds()
        assert (kind.street_seed(0), kind.crop_seed(0)) == (own[0], own[-1])
        assert kind.street_seed(7) < kind.crop_seed(7)
        assert kind.street_seed(len(own) - 1) == kind.crop_seed(0)
        for seed_of in (kind.street_seed, kind.crop_seed):
            with pytest.raises(IndexError):
                seed_of(len(own))


def test_batches_are_the_preprocessed_pictures_each_time_anew():
    pre = Preprocessing(32, 32, mean=(0.5, 0.4, 0.3))
    for source in (Calibration(5, width=32, height=32), crops(Validation, 1)):
        batches = source.batches(pre, size=4)
        first, again = list(batches), list(batches)
        assert len(batches) == len(first) == -(-len(source) // 4)
        assert batches.role == source.role in ("calibration", "validation")
        whole = pre.batch(list(source.pictures()))
        for made in (first, again):
            assert all(len(x) == 4 for x in made[:-1])
            np.testing.assert_array_equal(np.concatenate(made), whole)
    with pytest.raises(ValueError, match="size is 0"):
        source.batches(pre, size=0)


def test_crops_keep_their_split():
    found = crops(Test, 1)
    assert (found.split, found.role) == (Test, "test")
    own = Crops(found.images, found.labels)
    assert (own.split, own.role, own.batches(Preprocessing(32, 32)).role) == (None, None, None)
    with pytest.raises(ValueError, match="There are 10 images and 9 labels"):
        Crops(found.images, found.labels[:9])
