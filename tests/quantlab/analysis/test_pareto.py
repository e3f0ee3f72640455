"""The front, against the definition applied pair by pair."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantlab.analysis import Candidate, pareto_front

# Few distinct values, so that ties and equal points are common.
POINTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


def dominates(a, b):
    """At least as good in both and better in one: the definition, literally."""
    no_worse = a.accuracy >= b.accuracy and a.speed >= b.speed
    return no_worse and (a.accuracy > b.accuracy or a.speed > b.speed)


@given(POINTS)
def test_it_is_the_definition(points):
    every = [Candidate(str(i), float(a), float(s)) for i, (a, s) in enumerate(points)]
    front = pareto_front(every)
    undominated = {b.name for b in every if not any(dominates(a, b) for a in every)}
    assert {c.name for c in front.best} == undominated
    assert {c.name for c in front.best + front.dominated} == {c.name for c in every}
    by_name = {c.name: c for c in every}
    for loser, winner in front.beaten_by.items():
        assert dominates(by_name[winner], by_name[loser])
        assert winner in undominated
    speeds = [c.speed for c in front.best]
    assert speeds == sorted(speeds, reverse=True)
    json.dumps(front.to_dict())


def test_it_reads_as_a_table():
    rows = str(pareto_front([Candidate("slow", 0.9, 0.4), Candidate("fast", 0.95, 2.0)]))
    assert rows.splitlines()[-1].endswith("no, fast is better")


@pytest.mark.parametrize(
    ("candidates", "sentence"),
    [
        ([], "no candidates"),
        ([Candidate("a", 1, 1), Candidate("a", 2, 2)], "two candidates are called 'a'"),
        ([Candidate("a", float("nan"), 1)], "'a' has accuracy nan"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(candidates, sentence):
    with pytest.raises(ValueError, match=sentence):
        pareto_front(candidates)
