"""The examples in the docstrings are true."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import quantlab.zoo as room

MODULES = sorted(m.name for m in walk_packages(room.__path__, f"{room.__name__}."))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(import_module(name)).failed == 0
