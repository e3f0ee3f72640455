"""Rulers load neither the operators nor the observers; every public name is there all the same."""

import subprocess
import sys

import quantlab.numerics


def test_rulers_load_no_operator_and_no_observer():
    code = "import sys; from quantlab.numerics import quantize; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.startswith("quantlab.numerics.")}
    assert "quantlab.numerics.quantize" in loaded
    assert not [name for name in loaded if name.split(".")[2] in ("observers", "ops", "trace")]


def test_every_public_name_is_there():
    for name in quantlab.numerics.__all__:
        assert getattr(quantlab.numerics, name) is not None
    assert {*quantlab.numerics.__all__} <= {*dir(quantlab.numerics)}
