"""Names that load late: found, listed, and unknown ones refused."""

import sys
import types

import pytest

from quantlab.base.lazy import lazy_names


@pytest.fixture
def package(monkeypatch):
    """A package in memory with two lazy names, one of a module of its own."""
    package = types.ModuleType("late")
    package.__path__ = []
    inner = types.ModuleType("late.inner")
    inner.answer = 42
    package.__getattr__, package.__dir__ = lazy_names(
        "late", {"answer": ".inner", "quantize": "quantlab.numerics"}
    )
    monkeypatch.setitem(sys.modules, "late", package)
    monkeypatch.setitem(sys.modules, "late.inner", inner)
    return package


def test_a_name_comes_from_its_home_and_stays(package):
    import quantlab.numerics

    assert package.answer == 42
    assert package.quantize is quantlab.numerics.quantize
    assert vars(package)["answer"] == 42


def test_dir_lists_names_that_were_not_loaded(package):
    assert {"answer", "quantize"} <= set(dir(package))
    assert "answer" not in vars(package)


def test_an_unknown_name_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="module 'late' has no attribute 'anser'"):
        package.anser  # noqa: B018


def test_a_module_of_the_package_needs_no_import(package):
    package.__getattr__, package.__dir__ = lazy_names("late", {}, modules=("inner",))
    assert package.inner.answer == 42
    assert "inner" in dir(package)
