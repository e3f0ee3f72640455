"""What stands before and behind the detector's graph needs numpy alone."""

import json
import subprocess
import sys

import pytest

import quantlab.zoo


def loaded_after(statement):
    code = f"{statement}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def test_decoding_loads_no_torch():
    loaded = loaded_after("from quantlab.zoo import anchors, detect, match")
    assert not loaded & {"torch", "onnx", "onnxruntime", "safetensors"}


def test_weights_load_no_runtime():
    loaded = loaded_after("import quantlab.zoo.weights")
    assert not loaded & {"onnx", "onnxruntime"}


def test_every_public_name_is_there():
    for name in quantlab.zoo.__all__:
        assert getattr(quantlab.zoo, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'detectr'"):
        quantlab.zoo.detectr  # noqa: B018
