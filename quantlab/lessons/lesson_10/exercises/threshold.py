"""10.5: scores have shifted: where is the threshold now?"""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact

#: Right and wrong detections, the surest first.
HITS = "xx.xxx.xx.x...x....x....."


@exercise("10.5", "Tune the threshold again", points=4, difficulty=3, importance=5, minutes=10)
class TuneTheThreshold:
    answer = "best_threshold"
    hints = (
        "Shown is every detection whose score is at least the threshold. Which thresholds can "
        "change what is shown?",
        "F1 = 2 · hits / (shown + objects): `hits` of the shown ones are right. Try each score as "
        "a threshold.",
        "f1 = [2 * right[scores >= t].sum() / ((scores >= t).sum() + objects) for t in scores]; "
        "among the best, the largest t.",
    )
    insight = (
        "mAP looks at all thresholds, a product at one. Whoever ships an INT8 model with FP32's "
        "threshold may lose what mAP never showed."
    )
    within = exact()

    def cases(rng):
        scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
        right = np.array([True, True, False, True, False, False])
        # Drawn scores, hits in a fixed order: which threshold is the best hangs on no luck.
        places = rng.permutation(len(HITS))
        drawn = np.sort(rng.permutation(60)[: len(HITS)] / 64.0 + 1 / 64)[::-1][places]
        hits = np.array([mark == "x" for mark in HITS])[places]
        shuffled = rng.permutation(6)
        return [
            group(
                "a few detections",
                2,
                "The score from which on the shown detections have the best F1.",
                [
                    (scores, right, 4),
                    (scores, right, 12),
                    (scores[shuffled], right[shuffled], 4),
                    (drawn, hits, int(hits.sum()) + 4),
                ],
            ),
            group(
                "sure and wrong",
                1,
                "A sure detection may be wrong, and an unsure one right.",
                [
                    (np.array([0.9, 0.8, 0.3]), np.array([False, True, True]), 2),
                    (np.array([0.95, 0.5, 0.25, 0.125]), np.array([False, False, True, True]), 2),
                    (np.array([0.75, 0.5, 0.25]), np.array([True, False, False]), 5),
                ],
            ),
            group(
                "as good as another",
                1,
                "Of thresholds with the same F1 the largest one shows the fewest boxes.",
                [
                    (np.array([0.9, 0.75, 0.5, 0.25]), np.array([True, False, True, False]), 2),
                    (np.array([0.9, 0.5, 0.25]), np.array([True, False, True]), 1),
                    (np.array([0.5, 0.25]), np.array([False, False]), 3),
                ],
            ),
        ]

    def oracle(scores, right, objects):
        # Whole numbers: 2 a / b is larger than 2 c / d when a d is larger than c b.
        best, at = (-1, 1), None
        for t in sorted(set(scores.tolist()), reverse=True):
            shown = [bool(r) for s, r in zip(scores.tolist(), right, strict=True) if s >= t]
            hits, all_of_them = sum(shown), len(shown) + objects
            if hits * best[1] > best[0] * all_of_them:
                best, at = (hits, all_of_them), t
        return at

    @misconception("Precision alone is best with a single box. Which objects are missed then?")
    def best_precision(scores, right, objects):
        return _best(scores, right, lambda hits, shown: hits / shown)

    @misconception("Recall alone is best when everything is shown. How many of these are wrong?")
    def best_recall(scores, right, objects):
        return _best(scores, right, lambda hits, shown: hits / objects)

    @misconception("Is a detection with exactly the threshold's score shown?")
    def above_alone(scores, right, objects):
        values = [2 * right[scores > t].sum() / ((scores > t).sum() + objects) for t in scores]
        top = np.flatnonzero(np.array(values) == max(values))
        return float(scores[top].max())

    @misconception("Of two thresholds with the same F1, which one shows fewer boxes?")
    def smallest_of_the_best(scores, right, objects):
        f1 = _f1(scores, right, objects)
        return float(scores[f1 == f1.max()].min())

    @misconception("That is the best F1. At which score is it reached?")
    def gives_the_f1(scores, right, objects):
        return float(_f1(scores, right, objects).max())

    @misconception("Hits less false ones is no F1. How are the two weighed against the missed?")
    def hits_less_false(scores, right, objects):
        return _best(scores, right, lambda hits, shown: hits - (shown - hits))

    @misconception("Which detections are shown, those above the threshold or those below?")
    def shows_those_below(scores, right, objects):
        values = [2 * right[scores <= t].sum() / ((scores <= t).sum() + objects) for t in scores]
        top = np.flatnonzero(np.array(values) == max(values))
        return float(scores[top].max())


def _f1(scores, right, objects):
    return np.array([2 * right[scores >= t].sum() / ((scores >= t).sum() + objects)
                     for t in scores])  # fmt: skip


def _best(scores, right, value):
    values = np.array([value(right[scores >= t].sum(), (scores >= t).sum()) for t in scores])
    return float(scores[values == values.max()].max())
