"""Decoding and suppression against a naive reference: loops, one box at a time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.zoo import anchors, detect
from quantlab.zoo.anchors import CELLS
from quantlab.zoo.boxes import encode, overlaps
from quantlab.zoo.detections import suppress


def outputs(seed, images=1, background=8.0):
    """Random maps on which some hundred boxes are likelier than 0.02."""
    rng = np.random.default_rng(seed)
    first = (np.arange(66) % 11 == 0)[:, None, None] * background
    logits = [rng.normal(size=(images, 66, c, c)) * 1.5 + first for c in CELLS]
    offsets = [rng.normal(size=(images, 24, c, c)) for c in CELLS]
    return [m.astype(np.float32) for m in logits + offsets]


def naive_detect(maps, score):
    """[(score, class, box)], surest first, in float64 with loops."""
    found, anchor = [], 0
    for logits, offsets in zip(maps[:6], maps[6:], strict=True):
        kinds = logits.shape[0] // 6
        for shape in range(6):
            for row in range(logits.shape[1]):
                for column in range(logits.shape[2]):
                    ls = logits[shape * kinds : (shape + 1) * kinds, row, column].astype(float)
                    box = naive_box(offsets[4 * shape : 4 * shape + 4, row, column], anchor)
                    top = ls.max()
                    total = sum(math.exp(v - top) for v in ls)
                    for kind in range(1, kinds):
                        share = math.exp(ls[kind] - top) / total
                        if share >= score:
                            found.append((share, kind - 1, box))
                    anchor += 1
    found.sort(key=lambda f: -f[0])
    kept = []
    for one in found[:400]:
        if all(k[1] != one[1] or naive_overlap(k[2], one[2]) <= 0.5 for k in kept):
            kept.append(one)
    return kept[:100]


def naive_box(offset, anchor):
    x, y, w, h = map(float, anchors()[anchor])
    dx, dy, dw, dh = map(float, offset)
    x, y = x + dx * 0.1 * w, y + dy * 0.1 * h
    w, h = w * math.exp(dw * 0.2), h * math.exp(dh * 0.2)
    return [min(max(v, 0.0), 320.0) for v in (x - w / 2, y - h / 2, x + w / 2, y + h / 2)]


def naive_overlap(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / (sum((c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)) - shared)


@pytest.mark.parametrize("seed", range(2))
def test_equals_the_naive_reference(seed):
    maps = outputs(seed)
    expected = naive_detect([m[0] for m in maps], 0.02)
    found = detect(maps)[0]
    assert len(expected) > 50
    assert found.classes.tolist() == [e[1] for e in expected]
    # float32: a softmax of 11 terms is off by about 20 roundings of 6e-8; a corner of 320 pixels by
    # a few of 3e-5, and exp by 1e-6 of a side.
    np.testing.assert_allclose(found.scores, [e[0] for e in expected], rtol=2e-6)
    np.testing.assert_allclose(found.boxes, [e[2] for e in expected], atol=1e-3)


def test_a_batch_is_its_images():
    maps = outputs(5, images=3)
    for image, together in enumerate(detect(maps)):
        alone = detect([m[image : image + 1] for m in maps])[0]
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_array_equal(a, b)


def test_nothing_found_is_empty():
    found = detect(outputs(0, background=30.0))[0]
    assert [part.shape for part in found] == [(0, 4), (0,), (0,)]


@pytest.mark.parametrize(("rank", "boxes"), [(399, 2), (400, 1)])
def test_only_the_400_surest_are_looked_at(rank, boxes):
    """All anchors say the same box, the one at `rank` another."""
    count = 6 * 40 * 40
    logits = np.zeros((66, 40, 40), np.float32)
    logits[0::11] = 9
    logits[1::11] = 20 - np.arange(count).reshape(6, 40, 40) / 1000
    there = np.tile([10.0, 10.0, 60.0, 60.0], (count, 1))
    there[rank] = [100, 100, 200, 200]
    offsets = encode(there, anchors()[:count]).reshape(6, 1600, 4).transpose(0, 2, 1)
    maps = [np.zeros_like(m) for m in outputs(0)]
    for level in maps[1:6]:
        level[:, 0::11] = 99
    maps[0], maps[6] = logits[None], offsets.reshape(1, 24, 40, 40).astype(np.float32)
    assert len(detect(maps)[0].boxes) == boxes


def test_a_score_keeps_the_likely():
    assert (detect(outputs(0, background=2.0), score=0.6)[0].scores >= 0.6).all()


@given(st.integers(0, 10_000), st.integers(0, 40), st.integers(1, 3))
def test_suppression_equals_loops(seed, count, kinds):
    """Integer boxes and few scores: ties and exact halves happen."""
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 10, (count, 2))
    boxes = np.concatenate([low, low + rng.integers(0, 8, (count, 2))], 1).astype(float)
    scores, classes = rng.integers(1, 6, count) / 8, rng.integers(0, kinds, count)
    kept = []
    for i in sorted(range(count), key=lambda i: (-scores[i], i)):
        table = overlaps(boxes[[i]], boxes[kept])[0] if kept else []
        if all(classes[i] != classes[k] or v <= 0.5 for k, v in zip(kept, table, strict=True)):
            kept.append(i)
    assert suppress(boxes, scores, classes).tolist() == kept


def test_other_outputs_are_refused():
    maps = outputs(0)
    with pytest.raises(ValueError, match="all of its outputs, in its order"):
        detect(maps[6:] + maps[:6])
    with pytest.raises(ValueError, match="all of its outputs"):
        detect(maps[:6])
    maps[3][0, 1, 0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity"):
        detect(maps)
    ticks = [m.astype(np.uint8) for m in outputs(0)]
    with pytest.raises(ValueError, match="is the last DequantizeLinear of the file missing"):
        detect(ticks)
    with pytest.raises(ValueError, match="score is 0,"):
        detect(outputs(0), score=0)
