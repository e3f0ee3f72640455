"""What stands before and behind the detector's graph needs numpy alone."""

import json
import subprocess
import sys

import pytest

import quantlab.zoo


def test_decoding_loads_no_torch():
    code = (
        "from quantlab.zoo import anchors, detect, match\nimport sys, json\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"torch", "onnx", "onnxruntime", "safetensors"}


def test_every_public_name_is_there():
    for name in quantlab.zoo.__all__:
        assert getattr(quantlab.zoo, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'detectr'"):
        quantlab.zoo.detectr  # noqa: B018
