"""A made-up street with a good and a worse detector, for the tests of detection metrics."""

import numpy as np

from quantlab.analysis.detection import Objects

NAMES = ("car", "person", "dog", "never seen")


def street(images=30, seed=0, crowds=True):
    """Truth of some images: objects of three classes and all sizes, some images empty."""
    rng = np.random.default_rng(seed)
    truth = []
    for image in range(images):
        count = 0 if image % 7 == 3 else int(rng.integers(1, 7))
        low = rng.uniform(0, 200, (count, 2))
        boxes = np.concatenate([low, low + 2 ** rng.uniform(3, 7, (count, 2))], 1)
        crowd = rng.random(count) < 0.15 if crowds else np.zeros(count, bool)
        crowd[:1] = False
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        truth.append(Objects(boxes, rng.choice(3, count, p=(0.6, 0.3, 0.1)), crowd, 0.7 * areas))
    return truth


def detector(truth, seed=1, noise=0.08, ties=False):
    """Slipped boxes, misses, false alarms, now and then another class; all scores differ."""
    rng = np.random.default_rng(seed)
    found = []
    for each in truth:
        seen = rng.random(len(each.boxes)) < 0.85
        sides = np.tile(each.boxes[seen, 2:] - each.boxes[seen, :2], 2)
        boxes = each.boxes[seen] + rng.normal(size=sides.shape) * noise * sides
        low = rng.uniform(0, 200, (int(rng.integers(0, 5)), 2))
        boxes = np.concatenate(
            [boxes, np.concatenate([low, low + rng.uniform(5, 90, low.shape)], 1)]
        )
        classes = np.concatenate([each.classes[seen], rng.integers(0, 3, len(low))])
        scores = np.concatenate([rng.beta(4, 2, seen.sum()), rng.beta(2, 4, len(low))])
        found.append((boxes, np.round(scores, 1) if ties else scores, classes))
    return found
