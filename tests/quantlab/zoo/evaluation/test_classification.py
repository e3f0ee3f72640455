"""Top-1 over all crops and by class, counted by hand."""

import numpy as np
import pytest

from quantlab.scenes import CLASS_NAMES, Crops, Preprocessing, Validation, crops
from quantlab.zoo import Classifier, evaluate_classifier
from quantlab.zoo.evaluation.classification import BATCH
from tests.quantlab.zoo.evaluation.cases import Oracle

PREPROCESSING = Preprocessing(32, 32)


def test_top1_and_classes():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 9, BATCH + 30)  # no crop of the last class
    said = np.where(rng.random(len(labels)) < 0.3, rng.integers(0, 10, len(labels)), labels)
    images = rng.integers(0, 256, (len(labels), 32, 32, 3), np.uint8)
    oracle = Oracle([np.eye(10)[k] for k in said])
    scores = evaluate_classifier(oracle, PREPROCESSING, Crops(images, labels))
    assert scores.top1 == sum(a == b for a, b in zip(labels, said, strict=True)) / len(labels)
    for kind, name in enumerate(CLASS_NAMES[:9]):
        mine = [a == b for a, b in zip(labels, said, strict=True) if a == kind]
        assert scores.classes[name] == sum(mine) / len(mine)
        assert scores.objects[name] == len(mine)
    assert np.isnan(scores.classes[CLASS_NAMES[9]])
    assert scores.to_dict()["classes"][CLASS_NAMES[9]] is None
    np.testing.assert_array_equal(scores.predicted, said)
    np.testing.assert_array_equal(np.concatenate(oracle.seen), PREPROCESSING.batch(images))
    assert f"{100 * scores.top1:.1f}" in str(scores).splitlines()[-1]


def test_an_untrained_classifier_guesses(capsys):
    found = crops(Validation, 3)
    predict = Classifier().eval()
    scores = evaluate_classifier(predict, PREPROCESSING, found, progress=True)
    assert scores.top1 < 0.6
    assert "crops" in capsys.readouterr().err


def test_logits_of_another_network_are_refused():
    found = crops(Validation, 1)
    with pytest.raises(ValueError, match=r"shape \(10, 4\), but logits of shape \(10, 10\)"):
        evaluate_classifier(lambda x: np.zeros((10, 4)), PREPROCESSING, found)
