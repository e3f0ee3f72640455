"""The examples in the docstrings are true."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import quantlab

MODULES = sorted(
    module.name
    for module in walk_packages(quantlab.__path__, "quantlab.")
    if not module.name.endswith("__main__")  # importing one would run it
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(import_module(name)).failed == 0


def test_the_public_functions_of_numerics_have_examples():
    numerics = [name for name in MODULES if name.startswith("quantlab.numerics.")]
    tried = sum(doctest.testmod(import_module(name)).attempted for name in numerics)
    assert tried >= len(("choose", "quantize", "dequantize", "fake", "pack", "unpack", "observer"))
