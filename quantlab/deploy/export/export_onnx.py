"""From torch to an .onnx file: float32, or quantized as QuantizeLinear and DequantizeLinear."""

import os
from pathlib import Path
from typing import Any

import onnx
from torch import fx, nn
from torch.export import ExportedProgram

from quantlab.base.atomic import replacing
from quantlab.deploy.export.activation_type import shifted, signed_by_default
from quantlab.deploy.export.exporter import Exporter
from quantlab.deploy.export.pixels import Normalization, feed_pixels, reads_pixels
from quantlab.deploy.export.trial_run import check_runs
from quantlab.deploy.onnx_graph.graph import HELD
from quantlab.methods.graph.operators import path_of
from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.ptq.placement import Placement
from quantlab.methods.quantized_model import QuantizedModel


def export_onnx(
    model: QuantizedModel | nn.Module | ExportedProgram,
    path: str | os.PathLike[str],
    example: Any = None,
    *,
    signed_activations: bool | None = None,
    preprocessing: Normalization | None = None,
) -> Path:
    """Write a model as an .onnx file of opset 21, in float32 or quantized.

    A QuantizedModel becomes a QDQ graph: the float32 graph, with QuantizeLinear and
    DequantizeLinear at every tensor that has a ruler, and weights stored as integers. A runtime
    fuses these into integer operators; any other program computes the same numbers in float32.
    Inputs and outputs are float32, the batch size is free. A Relu or Clip that its ruler does
    anyway is left out. Weights of 4 bits are stored as ONNX INT4, two to a byte; ONNX Runtime
    computes such a layer, and one with weights or activations of 16 bits, in float32.

    Tensors and nodes have the names of the graph's nodes in torch.fx: `{name}` is a tensor's value,
    `{name}_q` its integers, `{name}_scale` and `{name}_zero_point` its ruler. The input is called
    "input". The file's property "quantlab.layers" holds the module path of each node, as JSON, and
    "quantlab.float_layers" why nodes stay float, which `precision_report` repeats.

    ONNX Runtime opens the model and runs it once before the file is written.

    Parameters
    ----------
    model : QuantizedModel, or torch.nn.Module or ExportedProgram for float32
        A module is traced, and exported as it stands, BatchNorm included.
    path : where the file shall stand
        Written under a temporary name first: there is never half a file.
    example : float32 tensor or array (N, C, H, W), optional
        A batch as the model is used with; a module needs it, unless `trace_model` made it.
    signed_activations : bool, optional
        Whether 8-bit activations are INT8, or UINT8. The real numbers are the same: zero_points and
        integers differ by 128. Left out, it is INT8 on ARM and UINT8 elsewhere, which is what ONNX
        Runtime is fast with.
    preprocessing : quantlab.scenes.Preprocessing, optional
        Or whatever else has its `scale`, `mean` and `std`. Given, the file is fed with the picture
        itself: its input is called "pixels", uint8 (N, H, W, C) of the size of the model's input,
        and the first convolution does (pixel * scale - mean) / std besides its own work. Give what
        the model was trained and calibrated with, and nothing else changes. With UINT8 activations
        nothing is computed before the first convolution; with INT8 ones and in float32 a Cast is.

    Returns
    -------
    pathlib.Path
        The path.

    Raises
    ------
    TypeError
        `model` is neither; no example for a module.
    ValueError
        The model cannot be traced; an operator has no ONNX form; an activation has a narrow ruler;
        activations of other than 8 or 16 bits, weights of other than 4, 8 or 16; the input is read
        by something that cannot take the preprocessing, such as a convolution that pads where there
        is a mean to subtract; ONNX Runtime does not run the model, with the layer at fault.
    OSError
        The path cannot be written.

    Examples
    --------
    `export_onnx(net, "net.onnx", images)`, `export_onnx(quantize_model(net, batches),
    "net_int8.onnx")`, and fed with pictures `export_onnx(quantized, "net_pixels.onnx",
    preprocessing=net.preprocessing)`.
    """
    built = build_onnx(
        model, example, signed_activations=signed_activations, preprocessing=preprocessing
    )
    check_runs(built, _batch(model, example))
    with replacing(path) as temporary:
        temporary.write_bytes(built.SerializeToString())
    return Path(path)


def build_onnx(
    model: QuantizedModel | nn.Module | ExportedProgram,
    example: Any = None,
    *,
    signed_activations: bool | None = None,
    preprocessing: Normalization | None = None,
) -> onnx.ModelProto:
    """The model that `export_onnx` writes, in memory. Takes and raises what it does."""
    if preprocessing is not None:
        if isinstance(model, QuantizedModel):
            model = reads_pixels(model, preprocessing)
        else:
            model = reads_pixels(_traced(model, example), preprocessing)
        return feed_pixels(build_onnx(model, signed_activations=signed_activations))
    if not isinstance(model, QuantizedModel):
        return Exporter(_traced(model, example), NOTHING_QUANTIZED, {}, {}).model()
    for name, ruler in model.activations.items():
        if ruler.narrow:
            raise ValueError(
                f"activations of {name!r} are on a narrow ruler ({ruler.dtype} from {ruler.qmin}), "
                f"but QuantizeLinear writes the whole range: use narrow=False for activations."
            )
    _check_held(model)
    signed = signed_by_default() if signed_activations is None else signed_activations
    activations = shifted(model.activations, signed)
    return Exporter(model.graph, model.placement, activations, model.weights).model()


def _check_held(model: QuantizedModel) -> None:
    """Refuse integers that ONNX Runtime has no place for."""
    paths = {node.name: path_of(node) for node in model.graph.graph.nodes}
    activations = {name: ruler.dtype for name, ruler in model.activations.items()}
    weights = {name: weight.qparams.dtype for name, weight in model.weights.items()}
    # Its fusion puts 4-bit activations into QLinearConv, which then refuses the model.
    for what, found, held, widths in (
        ("activations", activations, [t for t in HELD if "4" not in t], "8 and 16"),
        ("weights", weights, HELD, "4, 8 and 16"),
    ):
        for name, dtype in found.items():
            if dtype not in held:
                raise ValueError(
                    f"{what} of {paths[name]!r} are {dtype}, but ONNX Runtime holds {what} of "
                    f"{widths} bits: quantize to one of these, or call the QuantizedModel itself, "
                    f"which computes with any."
                )


def _batch(model: QuantizedModel | nn.Module | ExportedProgram, example: Any) -> int:
    """How many images the model was traced with."""
    if example is not None:
        return len(example)
    traced: Any = model.graph if isinstance(model, QuantizedModel) else model
    return int(
        next(node for node in traced.graph.nodes if node.op == "placeholder").meta["shape"][0]
    )


NOTHING_QUANTIZED = Placement(
    own_qparams=(), shared_qparams={}, fused={}, quantized=(), float_layers=()
)


def _traced(model: Any, example: Any) -> fx.GraphModule:
    if not isinstance(model, nn.Module | ExportedProgram):
        raise TypeError(
            f"model is a {type(model).__name__}, but a QuantizedModel or a torch.nn.Module is "
            f"exported: pass what quantize_model returned, or the network itself."
        )
    if example is not None:
        return trace_model(model, example)
    if isinstance(model, fx.GraphModule):
        inputs = [node for node in model.graph.nodes if node.op == "placeholder"]
        if all("shape" in node.meta for node in inputs):
            return model
    raise TypeError(
        "example is missing, but a module is traced with one: pass a float32 batch (N, C, H, W) "
        "as the model is used with."
    )
