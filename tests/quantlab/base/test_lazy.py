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
    monkeypatch.setitem(sys.modules, "late", package)
    monkeypatch.setitem(sys.modules, "late.inner", inner)
    package.__getattr__, package.__dir__ = lazy_names(
        "late", {"answer": ".inner", "quantize": "quantlab.numerics"}
    )
    return package


def test_a_name_comes_from_its_home_and_stays(package):
    import quantlab.numerics

    assert package.answer == 42
    assert package.quantize is quantlab.numerics.quantize
    assert vars(package)["answer"] == 42


def test_a_module_with_the_name_of_what_it_defines_does_not_hide_it(tmp_path, monkeypatch):
    room = tmp_path / "late_room"
    room.mkdir()
    (room / "__init__.py").write_text(
        "from quantlab.base.lazy import lazy_names\n"
        "__getattr__, __dir__ = lazy_names(__name__, {'measure': '.measure'})\n"
    )
    (room / "measure.py").write_text("def measure():\n    return 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    import late_room.measure  # the import system makes the module an attribute of its package

    assert late_room.measure() == 7
    for name in ("late_room", "late_room.measure"):
        del sys.modules[name]


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
