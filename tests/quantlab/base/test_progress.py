"""One bar on stderr, or nothing at all."""

from quantlab.base.progress import counting


def test_nothing_is_written_unless_asked_for(capsys):
    with counting("scenes", 2, shown=False) as done:
        done()
        done("half way")
    assert capsys.readouterr() == ("", "")


def test_a_bar_counts_from_where_it_started_and_ends_with_the_last_note(capsys):
    with counting("scenes", 5, shown=True, start=2) as done:
        for note in ("loss 3", "loss 2", "loss 1"):
            done(note)
    out, err = capsys.readouterr()
    assert out == ""
    assert "scenes" in err
    assert "5/5" in err
    assert "loss 1" in err
