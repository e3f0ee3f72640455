"""A figure's numbers are those that it was drawn from, whatever drew them."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from quantlab.teach.pictures.numbers import MOST, numbers_of


@pytest.fixture
def axes():
    return Figure().subplots()


def rows(axes):
    (table,) = numbers_of(axes.figure)
    return [(row["series"], row["x"], row["y"]) for row in table.rows]


def test_a_line_a_cloud_and_bars(axes):
    axes.plot([1, 2], [10, 20], label="line")
    axes.scatter([3], [30], label="cloud")
    axes.bar([4, 6], [40, 60], label="bars")
    assert rows(axes) == [
        ("line", 1, 10),
        ("line", 2, 20),
        ("cloud", 3, 30),
        ("bars", 4, 40),
        ("bars", 6, 60),
    ]


def test_headers_are_the_labels_and_the_title_is_the_caption(axes):
    axes.plot([0], [1])
    axes.set(xlabel="bits\n1: stem", ylabel="ticks")
    axes.set_title("A ruler", loc="left")
    (table,) = numbers_of(axes.figure)
    assert [column.header for column in table.columns] == ["series", "bits", "ticks"]
    assert table.caption == "A ruler"


def test_bars_that_lie_have_the_names_of_their_ticks(axes):
    axes.barh([0, 1], [0.5, 2.0], label="error")
    axes.set_yticks([0, 1], ["stem", "head"])
    assert rows(axes) == [("error", 0.5, "stem"), ("error", 2.0, "head")]


def test_marks_without_a_legend_have_their_gid_and_a_mere_place_has_no_row(axes):
    axes.axvline(3)
    (mark,) = axes.plot([1], [2], "o")
    mark.set_gid("stem, INT8")
    assert rows(axes) == [("stem, INT8", 1, 2)]


def test_a_long_series_is_thinned_and_says_so(axes):
    x = np.arange(1000.0)
    axes.plot(x, x**2)
    (table,) = numbers_of(axes.figure)
    assert len(table.rows) == MOST
    assert (table.rows[0]["x"], table.rows[-1]["x"]) == (0, 999)
    assert all(row["y"] == row["x"] ** 2 for row in table.rows)
    assert f"{MOST} points" in table.caption


def test_a_picture_has_no_numbers(axes):
    axes.imshow(np.zeros((2, 2, 3)))
    assert numbers_of(axes.figure) == ()
