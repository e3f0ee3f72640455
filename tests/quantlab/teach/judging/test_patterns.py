"""Each pattern is seen where it holds, and not where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quantlab.teach.judging.patterns import cut_digits, direction, find_pattern
from quantlab.teach.judging.seen import Seen
from quantlab.teach.judging.splits import find_split

TRUTH = (3.7, -12.25, 150.8, -0.6, 41.3)


def seen(got, want=TRUTH, args=None, about=""):
    """Cases with these answers; off where they differ."""
    args = args or [{}] * len(want)
    return [
        Seen(
            a,
            g,
            w,
            not np.array_equal(np.asarray(g), np.asarray(w)) or type(g) is not type(w),
            about,
        )
        for a, g, w in zip(args, got, want, strict=True)
    ]


def name_of(got, want=TRUTH, args=None):
    found = find_pattern(seen(got, want, args))
    return found.name if found else None


def sentence_of(got, want=TRUTH, args=None, about=""):
    return find_pattern(seen(got, want, args, about)).sentence


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (8, "Every answer is 8 times too large: bits or bytes?"),
        (1 / 8, "Every answer is 8 times too small: bits or bytes?"),
        (1 / 1024**2 * 1e6, "1000 or 1024 in each step?"),
        (1.024**2, "1000 or 1024 in each step?"),
        (256 / 255, "too large: levels or steps?"),
        (255 / 256, "too small: levels or steps?"),
        (-2, "is something counted twice"),
        (3.21, "by one and the same factor"),
    ],
)
def test_every_answer_off_by_one_factor(times, said):
    assert said in sentence_of([w * times for w in TRUTH], about="model_bytes")


@pytest.mark.parametrize("times", [8, 1000, 4, 1.024])
def test_a_unit_is_asked_about_only_where_it_has_a_place(times):
    said = sentence_of([w * times for w in TRUTH], about="squared_error")
    assert said.startswith("Every answer is too large by one and the same factor.")
    assert find_pattern([Seen({}, 0.2, 0.8, True, "minmax_error")]) is None
    assert "4 times" in find_pattern([Seen({}, 0.2, 0.8, True, "my_bytes")]).sentence


def test_one_number_is_not_called_every_answer():
    assert find_pattern([Seen({}, 63, 64, True)]).sentence.startswith("It is one too small.")
    assert find_pattern([Seen({}, -3.7, 3.7, True)]).sentence.startswith("It has the right size")
    assert find_pattern([Seen({}, 7.4, 3.7, True)]).sentence.startswith("It is 2 times too large")


def test_an_unknown_factor_is_not_printed():
    said = sentence_of([w * 3.21 for w in TRUTH])
    assert not any(c.isdigit() for c in said)


def test_a_factor_that_is_one_of_the_arguments_is_named_by_its_name():
    args = [{"bits": b} for b in (4, 8, 16, 8, 4)]
    got = [w * a["bits"] for w, a in zip(TRUTH, args, strict=True)]
    assert "`bits` times too large" in sentence_of(got, args=args)
    got = [w / a["bits"] for w, a in zip(TRUTH, args, strict=True)]
    assert "`bits` times too small" in sentence_of(got, args=args)


def test_every_answer_off_by_one_amount():
    assert "one too large: posts or gaps" in sentence_of([w + 1 for w in TRUTH])
    assert "128 too small: signed or unsigned?" in sentence_of([w - 128 for w in TRUTH])
    assert "by the same amount" in sentence_of([w + 7.3 for w in TRUTH])
    args = [{"zero_point": z} for z in (4, 80, 16, 9, 33)]
    got = [w - 2 * a["zero_point"] for w, a in zip(TRUTH, args, strict=True)]
    assert "twice `zero_point` too small: added, or taken away?" in sentence_of(got, args=args)


@pytest.mark.parametrize(
    ("got", "name"),
    [
        ([-w for w in TRUTH], "sign"),
        ([abs(w) for w in TRUTH], "sign"),
        ([1 / w for w in TRUTH], "upside_down"),
        ([255 - w for w in TRUTH], "mirrored"),
        ([5.0] * 5, "same_for_all"),
        ([float(int(w)) for w in TRUTH], "cut_off"),
        ([w if w > 0 else w * 3 + 1 for w in TRUTH], "one_side"),
        ([w * 1.0004 + 0.0001 * w * w for w in (3.7, -1.25, 1.8, -0.6, 4.3)], None),
        ([float("nan"), *TRUTH[1:]], "not_finite"),
    ],
)
def test_one_relation_at_a_time(got, name):
    assert name_of(got) == name


def test_rounded_to_some_decimals_is_said_with_their_number():
    want = (3.7412, -12.2519, 150.8871)
    assert "rounded to 2 decimals" in sentence_of([round(w, 2) for w in want], want)


def test_an_argument_that_comes_back():
    args = [{"hi": h} for h in (2.0, 3.0, 9.0, 4.0, 1.0)]
    assert "`hi` comes back unchanged" in sentence_of([a["hi"] for a in args], args=args)


def test_digits_of_half_precision():
    want = tuple(float(np.float32(v)) for v in (0.1234567, 31.25731, -7.77123))
    half = [float(np.float16(w)) for w in want]
    assert "float16" in sentence_of(half, want)


WHOLE = (12, 200, 39, 250, 7, 130)


@pytest.mark.parametrize(
    ("got", "name"),
    [
        ([12.2, 199.6, 39.4, 250.1, 6.8, 130.0], "unrounded"),
        ([12, 201, 39, 250, 8, 131], "neighbours"),
        ([12, 200 - 256, 39, 250 - 256, 7, 130 - 256], "wrapped"),
        ([12, 200, 39, 255, 7, 130], None),
    ],
)
def test_relations_between_whole_numbers(got, name):
    assert name_of(got, WHOLE) == name


def test_only_the_whole_numbers_of_a_tensor_have_ends():
    want = np.array([-127, -5, 127, 3, 127])
    assert name_of([np.array([-128, -5, 44, 3, 44])], [want]) == "ends"
    assert name_of([np.array([0.3, 0.2, 0.1, 9.0])], [np.array([0.3, 0.2, 0.1, 1.0])]) != "ends"


def test_a_whole_number_that_a_float32_holds_has_lost_no_digits():
    want = (32767, -32768, 2**24 + 2)
    assert name_of([32767, -32768 + 10, 2**24 + 2], want) != "precision"
    assert name_of([32767, -32768, 2**24 + 4], want) == "precision"


def test_right_below_zero_and_here_and_there_above_is_not_called_off_elsewhere():
    x = np.array([-2.0, 3.0, -1.0, 4.0, 5.0])
    want = np.array([5.0, 8.0, 6.0, 9.0, 7.0])
    mixed, all_above = want.copy(), np.where(x < 0, want, want * 1.7 + x)
    mixed[1] = 11.0
    assert "off elsewhere" in sentence_of([all_above], [want], [{"x": x}])
    assert name_of([mixed], [want], [{"x": x}]) is None


def test_an_overflow_before_bits_become_bytes_is_one_too():
    want = (300_000_000, 8, 1000)
    got = ((300_000_000 * 8 + 2**31) % 2**32 - 2**31) // 8
    assert name_of([got, 8, 1000], want) == "wrapped"


def test_a_multiple_of_256_that_no_type_explains_is_no_wrap():
    assert name_of([512, 9000 + 1024, 77], (256, 9000, 77)) != "wrapped"


def test_values_in_another_order():
    want = [np.array([3.0, 1.0, 2.0]), np.array([9.0, 7.0])]
    assert name_of([w[::-1] for w in want], want) == "order"
    assert name_of([np.sort(w) for w in want], want) == "order"


def test_off_just_where_an_argument_is_below_zero():
    x = np.array([-2.0, 3.0, -1.0, 4.0])
    want = np.array([5.0, 8.0, 6.0, 9.0])
    got = np.where(x < 0, want * 1.7 + x, want)
    assert "`x` is below 0" in sentence_of([got], [want], [{"x": x}])


@pytest.mark.parametrize(
    ("got", "want", "name", "said"),
    [
        (np.array([5.5]), 5.5, "container", "The numbers are right. Expected is a single number."),
        ([5.5], 5.5, "container", "a single number"),
        (np.array([4, 5], np.int64), np.array([4, 5], np.uint8), "dtype", "which type"),
        ([4, 5], np.array([4, 5], np.uint8), "dtype", "which type"),
        (np.arange(6.0).reshape(3, 2), np.arange(6.0).reshape(3, 2).T, "transposed", "axes"),
        (np.arange(6.0), np.arange(6.0).reshape(3, 2), "container", "another shape"),
        (np.array([1.0, 4.0, 2.0]), 4.0, "container", "Is the largest one what is asked for?"),
        ("5.5", 5.5, "kind", "quotes"),
        (True, "memory", "kind", "a text is expected"),
        ("Memory-bound", "memory", "spelling", "spell"),
        ("measure_more", "measure more", "spelling", "spell"),
    ],
)
def test_the_right_answer_in_another_form(got, want, name, said):
    found = find_pattern([Seen({}, got, want, True), Seen({}, got, want, True)])
    assert found.name == name
    assert said in found.sentence


def test_integers_are_never_called_right_when_they_are_only_near():
    want = np.array([600_000_004], np.int64)
    assert find_pattern([Seen({}, [600_000_000], want, True)]).name != "dtype"


def test_all_off_to_one_side():
    assert "too large" in direction(seen([w + abs(w) + 1 for w in TRUTH])).sentence
    assert "too small" in direction(seen([w - abs(w) - 1 for w in TRUTH])).sentence
    assert direction(seen([w * -3 for w in TRUTH])) is None


@given(st.floats(0.01, 100.0), st.lists(st.floats(0.5, 1e4), min_size=3, max_size=9, unique=True))
def test_a_factor_is_found_whatever_it_is(times, want):
    assume(abs(times - 1) > 1e-3)
    assume(max(want) / min(want) > 1.01)
    got = [w * times for w in want]
    assert name_of(got, want) in ("factor", "sign")


@given(
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=8),
    st.lists(st.integers(-1000, 1000), min_size=8, max_size=8),
)
def test_whatever_is_said_holds_for_every_case(want, numbers):
    """The sentence may be weak; it may not be untrue."""
    got = numbers[: len(want)]
    assume(got != want)
    found = find_pattern(seen(got, want))
    g, w = np.array(got, float), np.array(want, float)
    holds = {
        "factor": lambda: np.allclose((g / w)[w != 0], (g / w)[w != 0][0]),
        "offset": lambda: np.ptp(g - w) == 0,
        "sign": lambda: np.array_equal(np.abs(g), np.abs(w)),
        "mirrored": lambda: np.ptp(g + w) == 0,
        "neighbours": lambda: np.abs(g - w).max() == 1,
        "same_for_all": lambda: np.ptp(g) == 0,
        "one_side": lambda: np.array_equal(g != w, w < 0) or np.array_equal(g != w, w > 0),
        "ends": lambda: set(w[g != w]) <= {w.min(), w.max()},
        "cut_off": lambda: False,
        "unrounded": lambda: False,
    }
    if found is not None and found.name in holds:
        with np.errstate(divide="ignore", invalid="ignore"):
            assert holds[found.name]()


def test_a_single_small_whole_number_says_nothing():
    assert name_of([2.0], (2.4,)) is None
    assert name_of([14.0], (13.979,)) == "cut_off"


def test_a_number_where_there_is_no_bound():
    want = (float("inf"), 20.0, -3.5)
    assert name_of([127.0, 20.0, -3.5], want) == "unbounded"
    assert name_of([127.0, 20.0, -3.6], want) is None
    assert name_of([float("inf"), 40.0, -7.0], want) is None


@pytest.mark.parametrize(
    ("got", "name"),
    [
        ([True, True, True, True], "same_for_all"),
        ([False, True, True, False], "turned_round"),
        ([True, True, False, True], "too_often"),
        ([True, False, False, False], "too_seldom"),
        ([False, True, False, True], None),
    ],
)
def test_what_is_said_of_true_and_false(got, name):
    assert name_of(got, (True, False, False, True)) == name


def test_digits_that_were_cut():
    assert cut_digits(0.023, 0.0231373) == 3
    assert cut_digits(0.0230469, 0.0231373) is None
    assert cut_digits(0.0231373, 0.0231373) is None
    assert cut_digits(14, 13.979) == 0


@pytest.mark.parametrize(
    ("args", "off", "said"),
    [
        ([{"bits": b} for b in (4, 8, 16, 4, 8)], [1, 0, 0, 1, 0], "Off whenever `bits` is 4"),
        ([{"lo": v} for v in (-1.0, 2.0, 3.0, -4.0, -2.0)], [1, 0, 0, 1, 1], "`lo` is above 0"),
        ([{"signed": s} for s in (True, False, True, False)], [1, 0, 1, 0], "`signed` is True"),
        (
            [{"shape": (3, 3, *hw)} for hw in ((3, 3), (3, 5), (1, 1), (5, 3))],
            [0, 1, 0, 1],
            "Right whenever height and width are equal",
        ),
        ([{"shapes": [(1, 2, 3)] * n} for n in (2, 2, 3, 4)], [0, 0, 1, 1], "`shapes` has 2"),
        ([{"x": 1.0}, {"x": 2.0}, {"x": 3.0}], [1, 0, 0], None),
    ],
)
def test_what_the_right_cases_have_in_common(args, off, said):
    cases = [Seen(a, 0, 1, bool(o)) for a, o in zip(args, off, strict=True)]
    found = find_split(cases)
    assert (found is None) if said is None else said in found.sentence
