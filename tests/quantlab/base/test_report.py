"""A report as text, as HTML, in a list, and as the last expression of a cell."""

from dataclasses import dataclass
from math import inf, nan

import pytest
from IPython.lib.pretty import pretty

from quantlab.base.report import Listing, Report
from quantlab.base.table import Column, Table

COLUMNS = (
    Column("layer", "layer"),
    Column("error (LSB)", "error", ".2f"),
    Column("range", ("low", "high"), ".3g", absent="float"),
    Column("why", "why"),
)
ROWS = (
    {"layer": "conv", "error": 0.5, "low": -1.0, "high": 2.5, "why": None},
    {"layer": "a <b> & c", "error": nan, "low": None, "high": None, "why": None},
)


@dataclass(frozen=True, repr=False)
class Errors(Report):
    lines: tuple = ROWS

    @property
    def summary(self):
        return f"{len(self.lines)} layers"

    @property
    def notes(self):
        return ("A note.",)

    def tables(self):
        return Table(COLUMNS, self.lines, strong=frozenset([1])), Table(COLUMNS[:1], ROWS, "Again")


def test_text_has_the_line_the_tables_and_the_notes():
    assert str(Errors()).splitlines() == [
        "2 layers",
        "layer      error (LSB)      range",
        "conv              0.50  -1 to 2.5",
        "a <b> & c            –      float",
        "",
        "Again",
        "layer",
        "conv",
        "a <b> & c",
        "A note.",
    ]


def test_a_value_that_is_not_finite_is_written():
    column = Column("x", "x", ".1f")
    written = [column.text({"x": x}) for x in (inf, -inf, nan, 1.25, None, "free")]
    assert written == ["∞", "-∞", "–", "1.2", "", "free"]


def test_a_column_may_be_written_by_a_function():
    assert Column("x", "x", lambda x: f"{x}!").text({"x": 3}) == "3!"


def test_a_column_without_a_value_is_not_shown():
    table = Table(COLUMNS, ROWS)
    assert [column.header for column in table.shown] == ["layer", "error (LSB)", "range"]


def test_html_has_a_caption_scopes_and_escaped_text():
    html = Errors()._repr_html_()
    assert "<caption>2 layers</caption>" in html
    assert "<caption>Again</caption>" in html
    assert '<th scope="col" style="text-align:right">error (LSB)</th>' in html
    assert '<tr class="strong"><th scope="row" style="text-align:left">a &lt;b&gt; &amp; c' in html
    assert '<td class="whole" style="text-align:right">0.50</td>' in html
    assert "<p>A note.</p>" in html
    assert "<b>" not in html


def test_a_report_without_rows_is_its_line():
    none = Errors(())
    assert str(none).splitlines()[0] == "0 layers"
    assert "<p>0 layers</p>" in Listing("0 layers", Table(COLUMNS, ()))._repr_html_()
    assert str(Listing("0 layers", Table(COLUMNS, ()))) == "0 layers"


def test_it_reads_as_one_line_within_a_list_and_as_tables_alone():
    assert repr([Errors()]) == "[<Errors: 2 layers>]"
    assert pretty([Errors()]) == "[<Errors: 2 layers>]"
    assert pretty(Errors()) == str(Errors())


def test_rows_are_plain_and_json_has_no_nan():
    report = Errors()
    assert report.rows is ROWS
    data = report.to_dict()
    assert (data["summary"], data["notes"]) == ("2 layers", ["A note."])
    assert [row["error"] for row in data["rows"]] == [0.5, None]


def test_a_listing_is_a_report_of_its_own():
    listing = Listing("first", Table(COLUMNS, ROWS), ("... and 3 more",))
    assert listing.rows == ROWS
    assert str(listing).splitlines()[-1] == "... and 3 more"


@pytest.mark.parametrize("words", [3, 30])
def test_text_fits_a_hundred_columns(words):
    """Headers are broken first, then words; numbers never are."""
    columns = [Column(f"a long header {i}", f"n{i}", ",.2f") for i in range(6)]
    row = {f"n{i}": 1234.5 for i in range(6)} | {"why": "because " * words + "it is so"}
    table = Table((Column("layer", "why"), *columns, Column("why", "why")), (row,))
    text = str(Listing("wide", table))
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("1,234.50") == 6
    assert text.count("because") == 2 * words


def test_a_cell_may_have_lines():
    table = Table((Column("", "a"), Column("n", "n", "d")), ({"a": "one\ntwo", "n": 7},))
    assert str(Listing("x", table)).splitlines()[-2:] == ["one  7", "two"]
    assert "one<br>two" in Listing("x", table)._repr_html_()
