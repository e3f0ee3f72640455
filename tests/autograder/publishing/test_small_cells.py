"""What stands for one to four people is not told, and cannot be reckoned from what is."""

from itertools import combinations_with_replacement, product

import pytest

from autograder.publishing.correlation import FEWEST
from autograder.publishing.small_cells import coded, parts, people, share

MOST = 9


def pairs():
    """Each number of people out of each total up to forty."""
    return combinations_with_replacement(range(41), 2)


def test_a_number_of_people_and_what_it_leaves_are_nobody_or_five_at_least():
    for n, of in pairs():
        told = people(n, of)
        assert told in (None, n)
        assert (told is None) == (n in range(1, FEWEST) or of - n in range(1, FEWEST))


def test_a_share_tells_no_count_of_one_to_four():
    for n, of in pairs():
        told = coded(n, of)
        assert told is None or told in (0, of) or FEWEST <= told <= of - FEWEST
        assert told != n or n in (0, of) or n in range(FEWEST, of - FEWEST + 1)
        if FEWEST <= n <= of - FEWEST:
            assert told == n
    assert share(38, 40) == share(36, 40) == 35 / 40
    assert share(0, 40) == 0.0
    assert share(0, 0) is share(3, 4) is share(4, 4) is None


@pytest.mark.parametrize("cells", [2, 3])
def test_no_part_of_a_total_is_reckoned_from_the_others(cells):
    """Every list of two and of three: who knows the total finds several values for each cell."""
    for counts in product(range(MOST + 1), repeat=cells):
        told = parts(counts)
        left_out = [n for n, count in enumerate(told) if count is None]
        assert all(told[n] in (None, counts[n]) for n in range(cells))
        if not left_out:
            assert not any(0 < count < FEWEST for count in counts)
            continue
        hidden = sum(counts[n] for n in left_out)
        assert hidden >= FEWEST or sum(counts) == hidden, counts
        assert len(left_out) > 1 or sum(counts) == hidden, counts


def test_where_nothing_is_small_everything_is_told():
    assert parts([7, 0, 12]) == [7, 0, 12]
    assert parts([3, 7, 12]) == [None, None, 12]
    assert parts([4, 1, 12]) == [None, None, 12]
    assert parts([1, 2, 7, 12]) == [None, None, None, 12]
    assert parts([3]) == [None]
