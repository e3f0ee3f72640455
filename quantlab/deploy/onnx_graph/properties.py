"""What an exported file says about itself: properties of quantlab's own, JSON from name to text."""

from __future__ import annotations

import json

import onnx

#: Node name to module path in the torch model.
LAYERS = "quantlab.layers"
#: Name of a node that is kept float, to the reason.
FLOAT_LAYERS = "quantlab.float_layers"


def read_property(model: onnx.ModelProto, name: str) -> dict[str, str]:
    """The property of that name; empty where the file has none."""
    for entry in model.metadata_props:
        if entry.key == name:
            return dict(json.loads(entry.value))
    return {}
