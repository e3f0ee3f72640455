"""The renderer: the same bytes everywhere, and labels that say what is seen."""

import hashlib
import subprocess
import sys
from collections import Counter
from math import sqrt

import numpy as np
import pytest

from quantlab.scenes import CLASS_NAMES, CLASSES, CONDITIONS, RARE_CLASS, SEGMENTS, Scene, render
from quantlab.scenes.labels import SMALLEST_SCALE, SMALLEST_SIDE
from quantlab.scenes.layout import CONDITION_WEIGHTS

# sha256 of picture, mask and boxes. A change of the world must change these on purpose, since
# shipped weights were trained on it, and raise `cache.WORLD` with them, or kept scenes stay old; a
# change on one system only is an error there.
CHECKSUMS = {
    (0, 320, 320): "fd8992f48c9fdd9f332f9963e1771d5a4d227b1412de7a9672d98b282580ae3d",
    (1, 320, 320): "6c7d604852cbba0c897e18abb8886426e9d05077c83494b6a83ef1bd4d23da05",
    (2, 320, 320): "ff3bcb0d7ae03221670a9e33517701a9a89b139a17e6f91b27c5146be2eeb0e6",
    (5, 320, 320): "b0e310031105336b5b83e86f21b7f82306ece16e906669b7efd5832a0f8c642a",
    (6, 320, 320): "7d2c31251dd45467f9c77a943ff652a882457e5a767a0537829ad0fa05ecab30",
    (9, 320, 320): "b1d72d4fb1081232686b3acff201c15d22856871dc73cd3caa774c533d15f1c3",
    (2, 224, 224): "6b61ec82cece6d064d159f6a90f5e9910c78ec89356a2e3107453b1c6298d934",
    (11, 200, 96): "32bbeb898886dc88dade07558f00af460d2ed41295468f1d7e25b0ee067acb1d",
}


def checksum(scene: Scene) -> str:
    digest = hashlib.sha256(scene.image.tobytes())
    digest.update(scene.mask.tobytes())
    for box in scene.boxes:
        digest.update(repr((box.label, box.left, box.top, box.width, box.height)).encode())
    digest.update(",".join(sorted(scene.slices)).encode())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [render(seed) for seed in range(400)]


@pytest.mark.parametrize(("seed", "width", "height"), CHECKSUMS)
def test_a_seed_gives_the_same_bytes(seed, width, height):
    assert checksum(render(seed, width, height)) == CHECKSUMS[seed, width, height]


def test_a_second_process_and_other_scenes_before_change_nothing():
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from quantlab.scenes import render\n"
        "import hashlib\n"
        "render(5, 100, 60)\n"
        "for seed in (3, 1): print(hashlib.sha256(render(seed).image.tobytes()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *sys.path[:1]], capture_output=True, text=True
    )
    assert run.stdout.split() == [
        hashlib.sha256(render(seed).image.tobytes()).hexdigest() for seed in (3, 1)
    ], run.stderr


def test_shapes_and_types(scenes):
    for scene in (*scenes[:5], render(9, 96, 64)):
        height, width = scene.mask.shape
        assert scene.image.shape == (height, width, 3)
        assert scene.image.dtype == scene.mask.dtype == np.uint8
        assert scene.mask.max() < len(SEGMENTS)


def test_boxes_lie_in_the_picture_and_are_large_enough(scenes):
    for scene in scenes:
        height, width = scene.mask.shape
        for box in scene.boxes:
            assert box.left >= 0
            assert box.top >= 0
            assert box.left + box.width <= width
            assert box.top + box.height <= height
            assert min(box.width, box.height) >= SMALLEST_SIDE
            assert box.scale >= SMALLEST_SCALE


def test_a_box_is_tight_around_its_segment(scenes):
    """The mask, which is made without the boxes, touches all four edges of each."""
    boxes = 0
    for scene in scenes[:120]:
        for box in scene.boxes:
            left, top = int(box.left), int(box.top)
            right, bottom = left + int(box.width), top + int(box.height)
            mine = scene.mask[top:bottom, left:right] == SEGMENTS.index(CLASSES[box.label].segment)
            assert mine[0].any(), "first row"
            assert mine[-1].any(), "last row"
            assert mine[:, 0].any(), "first column"
            assert mine[:, -1].any(), "last column"
            boxes += 1
    assert boxes > 300


def test_every_condition_and_density_is_drawn_as_often_as_meant(scenes):
    """Shares within five standard deviations of a binomial's: a chance below 1e-6 a slice."""
    expected = dict(zip(CONDITIONS, CONDITION_WEIGHTS, strict=True)) | {
        "small": 0.15,
        "crowded": 0.15,
    }
    counts = Counter(name for scene in scenes for name in scene.slices)
    for name, share in expected.items():
        spread = sqrt(len(scenes) * share * (1 - share))
        assert abs(counts[name] - len(scenes) * share) < 5 * spread, name


def test_classes_have_a_long_tail_that_ends_in_the_rare_class(scenes):
    counts = Counter(CLASS_NAMES[box.label] for scene in scenes for box in scene.boxes)
    total = counts.total()
    assert set(counts) == set(CLASS_NAMES)
    assert counts.most_common()[-1][0] == RARE_CLASS
    assert 0.004 < counts[RARE_CLASS] / total < 0.02
    assert counts["car"] / total > 10 * counts[RARE_CLASS] / total
    assert sum("rare class" in scene.slices for scene in scenes) <= counts[RARE_CLASS]


def test_scales_go_from_8_pixels_to_half_of_the_frame_and_more(scenes):
    scales = [box.scale for scene in scenes for box in scene.boxes]
    assert min(scales) < 9
    assert max(scales) > 160


def test_small_scenes_have_small_objects_and_crowded_ones_have_many(scenes):
    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    def scale(wanted: bool) -> float:
        return mean([b.scale for s in scenes if ("small" in s.slices) is wanted for b in s.boxes])

    def count(wanted: bool) -> float:
        return mean([len(s.boxes) for s in scenes if ("crowded" in s.slices) is wanted])

    assert scale(True) < 0.7 * scale(False)
    assert count(True) > 1.5 * count(False)


def test_light_follows_the_condition(scenes):
    light = {
        name: np.mean([s.image.mean() for s in scenes if name in s.slices]) for name in CONDITIONS
    }
    assert light["night"] < light["dusk"] < light["rain"] < light["day"]
    house = SEGMENTS.index("building")
    contrast = {
        name: np.mean([s.image[s.mask == house].std() for s in scenes if name in s.slices])
        for name in CONDITIONS
    }
    assert contrast["fog"] < 0.8 * contrast["day"]
    assert contrast["night"] < 0.8 * contrast["day"]


@pytest.mark.parametrize(("seed", "width", "height"), [(-1, 320, 320), (0, 31, 320), (0, 320, 0)])
def test_bad_input_is_refused_in_a_sentence(seed, width, height):
    with pytest.raises(
        ValueError, match=r"needs a seed of 0 or more and at least 32 x 32 pixels\."
    ):
        render(seed, width, height)
