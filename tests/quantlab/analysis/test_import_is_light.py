"""Statistics need numpy alone; torch and ONNX Runtime come with what looks into models."""

import json
import subprocess
import sys

import pytest

import quantlab.analysis


def loaded_after(statement):
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def test_statistics_load_nothing_heavy():
    loaded = loaded_after("from quantlab.analysis import paired_bootstrap, by_group, mcnemar")
    assert not loaded & {"torch", "onnx", "onnxruntime", "matplotlib", "rich"}


def test_every_public_name_is_there():
    for name in quantlab.analysis.__all__:
        assert getattr(quantlab.analysis, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'layer_eror'"):
        quantlab.analysis.layer_eror  # noqa: B018
