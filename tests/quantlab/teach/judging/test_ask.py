"""The border: only plain data comes back, and nothing the learner's code does gets through."""

import enum
import re
import sys
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from quantlab.teach.judging.ask import LocalAsk, NotPlain, plain


def quantized(values):
    with warnings.catch_warnings():  # torch is going to take them away
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(values, 0.5, 3, torch.quint8)


class LyingInt(int):
    def __eq__(self, other):
        return True

    __add__ = __int__ = __index__ = lambda self, *other: 4
    __hash__ = int.__hash__


class LyingFloat(float):
    __mul__ = __float__ = lambda self, *other: 4.0


class LyingText(str):
    __getitem__ = __str__ = strip = lambda self, *other: "right"


class LyingList(list):
    __iter__ = lambda self: iter([4])  # noqa: E731
    __getitem__ = lambda self, n: 4  # noqa: E731


class LyingDict(dict):
    items = lambda self: [("a", 4)]  # noqa: E731


class LyingArray(np.ndarray):
    shape = property(lambda self: (4,))

    def view(self, *args):
        return np.full(2, 4.0)

    __array__ = astype = view


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "itself"),
    [
        (LyingInt(3), 3),
        (LyingFloat(-0.0), -0.0),
        (LyingText("wrong"), "wrong"),
        (LyingList([3]), [3]),
        (LyingDict(a=3), {"a": 3}),
        (Colour.RED, 1),
    ],
)
def test_what_may_lie_about_itself_is_read_past_its_own_methods(value, itself):
    found = plain(value)
    assert type(found) is type(itself)
    assert repr(found) == repr(itself)


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(2).view(LyingArray),
        np.zeros(2).view(np.recarray),
        np.ma.masked_array([0.0, 0.0], mask=False),
    ],
)
def test_an_array_of_another_class_is_the_numbers_that_it_holds(value):
    found = plain(value)
    assert type(found) is np.ndarray
    assert found.ravel().tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "value",
    [
        object(),
        np.array([None]),
        np.array(["a"]),
        np.ma.masked_array([1.0, 2.0], mask=[False, True]),
        [object()],
        {"a": object()},
    ],
)
def test_what_is_no_plain_data_is_refused_in_a_sentence(value):
    with pytest.raises(NotPlain, match=r"expected"):
        plain(value)


def test_deep_nesting_is_refused():
    value = []
    for _ in range(20):
        value = [value]
    with pytest.raises(NotPlain, match="8 levels"):
        plain(value)


def test_tensors_and_numpy_scalars_become_arrays():
    answer = plain((torch.tensor([1.5]), np.float32(2), {"a": [1, "b", None, True]}))
    assert type(answer[0]) is np.ndarray
    assert answer[0].tolist() == [1.5]
    assert type(answer[1]) is np.ndarray
    assert answer[1].dtype == np.float32
    assert answer[2] == {"a": [1, "b", None, True]}


def test_numbers_that_are_no_floats_are_the_float_next_to_them():
    assert plain(Fraction(1, 3)) == 1 / 3
    assert plain([Decimal("0.0231"), Fraction(39)]) == [0.0231, 39.0]
    assert plain({np.int64(3): np.str_("x")}) == {3: "x"}
    small = torch.tensor([0.5, -2.0])
    for kind in (torch.bfloat16, torch.float16, torch.float8_e4m3fn):
        np.testing.assert_array_equal(plain(small.to(kind)), [0.5, -2.0])
    np.testing.assert_array_equal(plain(small.to_sparse()), [0.5, -2.0])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (quantized(torch.ones(2)), r"`\.int_repr\(\)`"),
        (torch.ones(2, device="meta"), "tensor that numpy cannot hold"),
        (torch.tensor([1 + 1j]).conj(), "dtype complex64"),
        (Decimal("sNaN"), "no float holds"),
        (Fraction(10**400), "no float holds"),
        ({(np.float64(1),): 1}, "a tuple as key"),
    ],
)
def test_what_has_no_numbers_to_hold_is_refused_and_stops_no_check(value, said):
    reply = LocalAsk({"x": value}).value("x")
    assert reply.kind == "refused"
    assert re.search(said, reply.message), reply.message


def test_a_class_that_stops_whoever_looks_at_it_stops_no_check():
    class Meta(type):
        def __getattribute__(cls, name):
            raise RuntimeError("not to be looked at")

    class Shy(metaclass=Meta):
        pass

    reply = LocalAsk({"x": Shy()}).value("x")
    assert (reply.kind, "RuntimeError (not to be looked at)" in reply.message) == ("refused", True)


def test_an_answer_is_a_copy():
    mine = np.zeros(2)
    reply = LocalAsk({"f": lambda: mine}).call("f", ())
    mine[0] = 9
    assert reply.value.tolist() == [0, 0]


def test_arguments_are_copies_so_that_changing_them_in_place_harms_nobody():
    def clobber(x):
        x[:] = -1
        return x

    x = np.ones(3)
    LocalAsk({"f": clobber}).call("f", (x,))
    assert x.tolist() == [1, 1, 1]


def test_a_changed_argument_is_seen_by_its_place():
    def writes(x, shapes, scale):
        shapes.append((1, 2))
        x /= scale
        return x

    nan = np.array([np.nan, 1.0])
    ask = LocalAsk({"f": writes, "g": lambda x, shapes, scale: x / scale})
    assert ask.call("f", (np.ones(2), [(1, 1)], 2.0)).changed == (0, 1)
    assert ask.call("g", (nan, [(1, 1)], float("nan"))).changed == ()


def test_a_gap_in_another_function_is_told_by_its_name():
    space = {"_stub": _stub}
    exec("def outer(): return _stub()", space)
    assert LocalAsk(space).call("outer", ()).message == "_stub"
    assert LocalAsk({"stub": _stub}).call("stub", ()).message == ""


def test_named_tuples_and_numpys_texts_are_their_plain_selves():
    from collections import namedtuple

    pair = namedtuple("Ruler", "scale zero_point")(0.5, 3)
    assert type(plain(pair)) is tuple
    assert plain(pair) == (0.5, 3)
    for text in (np.str_("memory"), np.array("memory")):
        assert type(plain(text)) is str


def test_missing_unfilled_and_no_function():
    ask = LocalAsk({"gap": ..., "number": 3, "stub": _stub})
    assert ask.call("nothing", ()).kind == "missing"
    assert ask.value("nothing").kind == "missing"
    assert ask.call("gap", ()).kind == "unfilled"
    assert ask.value("gap").kind == "unfilled"
    assert ask.call("stub", ()).kind == "unfilled"
    reply = ask.call("number", ())
    assert (reply.kind, reply.message) == (
        "refused",
        "`number` is a int; expected is a function.",
    )


def _stub():
    raise NotImplementedError


def _divides(x):
    return x / 0


def test_an_error_comes_back_with_its_type_and_the_learners_line():
    reply = LocalAsk({"f": _divides}).call("f", (1,))
    assert (reply.kind, reply.error, reply.message) == (
        "raised",
        "ZeroDivisionError",
        "division by zero",
    )
    assert "`return x / 0`" in reply.line


def test_sys_exit_does_not_end_the_notebook_and_ctrl_c_does_pass():
    assert LocalAsk({"f": lambda: sys.exit(3)}).call("f", ()).error == "SystemExit"

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalAsk({"f": interrupted}).call("f", ())


def test_prints_and_warnings_stay_inside(capfd, recwarn):
    def noisy():
        import warnings

        print("hello")
        print("there", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return 1

    assert LocalAsk({"f": noisy}).call("f", ()).value == 1
    captured = capfd.readouterr()
    assert (captured.out, captured.err, len(recwarn)) == ("", "", 0)


def test_the_source_is_text_or_none():
    ask = LocalAsk({"f": _divides, "n": 3})
    assert "return x / 0" in ask.source("f")
    assert ask.source("n") is None
    assert ask.source("nothing") is None
