"""What a function's text says: the names it reads, at their true home, and code above the gap."""

from functools import partial

import numpy as np
import pytest
import torch

import quantlab as library
from quantlab.numerics import quantize as to_ticks
from quantlab.teach.judging.reading import code_above_the_marker, names_used


def imports_inside(x):
    from quantlab.numerics import quantize as q8

    return q8(x)


def imports_outside(x):
    return to_ticks(x, None)


def by_an_alias(x):
    return library.quantize(x, None)


def through_a_helper(x):
    return imports_outside(x)


def torchs_own(x):
    return torch.quantize_per_tensor(x, 1.0, 0, torch.quint8)


def innocent(x):
    ql, quantlab = 0, 255
    return np.clip(x, ql, quantlab)


def from_scratch(f):
    return any(n == "quantlab" or n.startswith("quantlab.") for n in names_used(f))


@pytest.mark.parametrize(
    "function",
    [imports_inside, imports_outside, by_an_alias, through_a_helper, to_ticks, partial(to_ticks)],
)
def test_the_library_is_known_by_whatever_name_it_is_called(function):
    assert from_scratch(function)


def test_a_variable_of_that_name_is_not_the_library():
    assert not from_scratch(innocent)
    assert "numpy.clip" in names_used(innocent)


def test_an_operator_of_torch_is_known_by_its_public_name():
    assert "torch.quantize_per_tensor" in names_used(torchs_own)


def test_without_its_text_a_function_still_shows_what_it_reads():
    space = {"to_ticks": to_ticks}
    exec("def f(x):\n    return [to_ticks(v, None) for v in x]", space)
    assert from_scratch(space["f"])


nothing = lambda: 0  # noqa: E731


@pytest.mark.parametrize("odd", [None, 3, len, np.rint, nothing, "text"])
def test_whatever_a_learner_defines_can_be_read(odd):
    assert not from_scratch(odd)


@pytest.mark.parametrize(
    ("body", "there"),
    [
        ("'''Text.'''\n    assert x\n    raise NotImplementedError()", False),
        ("'''Text.'''\n    y = x\n    raise NotImplementedError()", True),
        ("np.clip(x, 0, 1)\n    raise NotImplementedError()", True),
        ("if x:\n        return 1\n    raise NotImplementedError()", True),
        ("pass", False),
    ],
)
def test_code_above_the_marker(body, there):
    assert code_above_the_marker(f"def f(x):\n    {body}\n") is there
    assert not code_above_the_marker(None)
    assert not code_above_the_marker("def f(")
