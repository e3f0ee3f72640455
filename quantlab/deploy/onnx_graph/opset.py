"""A model in a later version of ONNX's own operators."""

from __future__ import annotations

import onnx
from onnx import version_converter

#: The first opset in which QuantizeLinear has one scale a channel, and that with 16 and 4 bits.
PER_CHANNEL, OTHER_WIDTHS = 13, 21
#: The file format that belongs to opset 21.
IR_VERSION = 10


def opset_of(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operators; 1 where the model does not say."""
    return next((int(o.version) for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)


def at_least_opset(model: onnx.ModelProto, wanted: int) -> onnx.ModelProto:
    """The model itself, or converted by onnx where it is older.

    Raises
    ------
    ValueError
        onnx cannot convert one of its operators.
    """
    if opset_of(model) >= wanted:
        return model
    try:
        newer = version_converter.convert_version(model, wanted)
    except Exception as error:  # what it raises is of no one kind
        reason = str(error).splitlines()[0].rpartition("failed: ")[2]
        raise ValueError(
            f"the model is of opset {opset_of(model)}, and onnx cannot bring it to opset {wanted}, "
            f"which integers need here ({reason}): export it again with that opset."
        ) from error
    if wanted >= OTHER_WIDTHS:
        newer.ir_version = max(newer.ir_version, IR_VERSION)
    return newer
