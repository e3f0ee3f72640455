"""BM25 against its formula, written down again for one small collection."""

import math

import pytest

from quantlab.learn.asking.bm25 import K1, B, Bm25, counted
from quantlab.learn.asking.words import words

DOCUMENTS = ["scale scale tick", "tick step", "night fog rain night snow"]


def by_the_formula(word, n):
    """Robertson and Zaragoza 2009, equation 3.15, for one word of document n."""
    split = [text.split() for text in DOCUMENTS]
    have = sum(word in text for text in split)
    idf = math.log(1 + (len(split) - have + 0.5) / (have + 0.5))
    tf, mean = split[n].count(word), sum(map(len, split)) / len(split)
    return idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * len(split[n]) / mean))


@pytest.mark.parametrize("word", ["scale", "tick", "night", "snow"])
def test_every_score_is_the_formula_s(word):
    index = Bm25([counted((text.split(), 1.0)) for text in DOCUMENTS])
    got = index.scores(word)
    assert got.keys() == {n for n, text in enumerate(DOCUMENTS) if word in text.split()}
    for n, score in got.items():
        assert score == pytest.approx(by_the_formula(word, n), rel=1e-12)


def test_a_word_that_is_nowhere_tells_most_and_scores_nothing():
    index = Bm25([counted((text.split(), 1.0)) for text in DOCUMENTS])
    assert "guitar" not in index
    assert index.scores("guitar") == {}
    assert index.idf("guitar") > index.idf("snow") > index.idf("tick") > 0


def test_a_field_counts_with_its_weight():
    assert counted((["scale"], 1.0), (["scale", "tick"], 2.0)) == {"scale": 3.0, "tick": 2.0}


def test_inflection_fillers_and_the_parts_of_a_name_make_no_difference():
    assert words("Why are the zero_points clamped?") == words("zero point, clamping")
    assert words("two images") == words("2 image")
    assert words("quantise, normalisation") == words("quantize, normalization")
    assert words("E4M3 in 3x3") == ["e4m3", "3", "x3"]
    assert words("what is it about") == []
