"""Class-wise and slice-wise drops."""

import json

import numpy as np
import pytest

from quantlab.analysis import by_group, paired_bootstrap

RNG = np.random.default_rng(3)
N = 400
CLASSES = RNG.choice(["car", "person", "tram"], size=N, p=[0.6, 0.37, 0.03])
BEFORE = RNG.random(N) < 0.9
AFTER = np.where((CLASSES == "tram") & (np.arange(N) % 2 == 0), False, BEFORE)


def test_each_class_is_the_bootstrap_of_its_own_images():
    table = by_group(BEFORE, AFTER, CLASSES)
    assert [group.name for group in table.groups] == ["car", "person", "tram"]
    for group in table.groups:
        own = group.name == CLASSES
        assert group.drop == paired_bootstrap(BEFORE[own], AFTER[own])
        assert group.images == own.sum()
    assert table.overall == paired_bootstrap(BEFORE, AFTER)
    assert table.worst.name == "tram"
    assert table["car"].verdict == "unchanged"


def test_a_mean_hides_what_the_table_shows():
    table = by_group(BEFORE, AFTER, CLASSES)
    assert table.overall.drop < 0.03 < 0.3 < table["tram"].drop.drop


def test_masks_may_overlap_and_keep_their_order():
    night, rain = np.arange(N) < 100, np.arange(N) % 2 == 0
    table = by_group(BEFORE, AFTER, {"rain": rain, "night": night})
    assert [group.name for group in table.groups] == ["rain", "night"]
    assert table["rain"].drop == paired_bootstrap(BEFORE[rain], AFTER[rain])


def test_small_groups_are_marked_and_tiny_ones_get_no_interval():
    labels = np.array(["a"] * 39 + ["b"] * 1 + ["c"] * 29 + ["d"] * 331)
    table = by_group(BEFORE, AFTER, labels)
    assert table["b"].drop is None
    assert table["b"].verdict == "too few"
    assert [group.few for group in table.groups] == [False, True, True, False]
    text = str(table)
    assert sum(line.endswith("*") for line in text.splitlines()) == 2
    assert "fewer than 30 images" in text
    assert table.by_chance == pytest.approx(3 * 0.05)  # three of the four have an interval
    json.dumps(table.to_dict())


def test_a_statistic_sees_the_images_of_its_group_only():
    def recall(records, index):
        return float(np.mean([records[i] for i in index]))

    settings = {"resamples": 50, "method": "percentile"}
    night = np.arange(N) >= 380
    table = by_group(BEFORE.tolist(), AFTER.tolist(), {"night": night}, recall, **settings)
    own = paired_bootstrap(BEFORE[night].tolist(), AFTER[night].tolist(), recall, **settings)
    assert table["night"].drop == own


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        (["a", "b"], "there are 400 images"),
        ({"night": [1, 2, 3]}, "the group 'night'"),
        ({"night": np.ones(3, bool)}, "each of the 400 images"),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups, sentence):
    with pytest.raises(ValueError, match=sentence):
        by_group(BEFORE, AFTER, groups)


def test_no_group_with_two_images_has_no_worst():
    labels = np.arange(3)
    with pytest.raises(ValueError, match="choose larger groups"):
        _ = by_group([1, 1, 0], [1, 0, 0], labels, resamples=50).worst


def test_an_unknown_group_names_the_known_ones():
    with pytest.raises(KeyError, match="car, person, tram"):
        by_group(BEFORE, AFTER, CLASSES)["bus"]
