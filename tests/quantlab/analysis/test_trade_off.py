"""Variants along the ranking: the right layers, scored and timed."""

import pytest

from quantlab.analysis import layer_sensitivity, trade_offs
from quantlab.methods import quantize_model
from tests.support.networks import images, small_resnet

X = images(4, 32, seed=3)
MODEL = quantize_model(small_resnet(8), [images(4, 32, seed=1)])
RANKING = layer_sensitivity(
    MODEL,
    mode="float one",
    score=lambda variant: variant.nbytes,
    layers=["stem_0_0", "add", "head"],
)


def test_every_variant_is_scored_and_timed():
    seen = []

    def score(variant):
        seen.append({layer.path for layer in variant.float_layers})
        return float(len(variant.weights))

    front = trade_offs(MODEL, RANKING, X, counts=(2, 1, 9), score=score, seconds=0.1)
    every = {c.name: c for c in (*front.best, *front.dominated)}
    assert set(every) == {"FP32", "INT8", "INT8, 1 in float", "INT8, 2 in float"}
    assert every["FP32"].speed == 1.0
    assert every["FP32"].accuracy == 0
    assert every["INT8"].accuracy == len(MODEL.weights)
    assert all(c.speed > 0 for c in every.values())
    # RANKING[0] and [1] hold the most bytes in float: the stem and the head.
    first, second = (row.name for row in RANKING.ranking[:2])
    assert [first in s for s in seen] == [True, False, True, True]
    assert [second in s for s in seen] == [True, False, False, True]


def test_an_infinite_score_of_the_float_model_is_left_out():
    def score(variant):
        return float(len(variant.weights)) or float("inf")

    front = trade_offs(MODEL, RANKING, X, counts=(3,), score=score, seconds=0.1)
    names = {c.name for c in (*front.best, *front.dominated)}
    assert names == {"INT8", "INT8, 3 in float"}


def test_the_default_score_is_that_of_the_sensitivity():
    front = trade_offs(MODEL, RANKING, X, counts=(1,), seconds=0.1)
    every = {c.name: c.accuracy for c in (*front.best, *front.dominated)}
    first = RANKING.ranking[0].name
    judged = layer_sensitivity(MODEL, X, mode="float one", layers=[first])
    assert every == {
        "FP32": judged.float_score,
        "INT8": judged.int8_score,
        "INT8, 1 in float": judged.layers[0].score,
    }
    assert every["FP32"] == 0


def test_counts_begin_at_one():
    with pytest.raises(ValueError, match=r"counts is \[0, 1\]"):
        trade_offs(MODEL, RANKING, X, counts=(1, 0))
