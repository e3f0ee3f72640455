"""The examples in the docstrings are true."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import quantlab.numerics as room

MODULES = sorted(m.name for m in walk_packages(room.__path__, f"{room.__name__}."))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(import_module(name)).failed == 0


def test_the_public_functions_have_examples():
    tried = sum(doctest.testmod(import_module(name)).attempted for name in MODULES)
    assert tried >= len(("choose", "quantize", "dequantize", "fake", "pack", "unpack", "observer"))
