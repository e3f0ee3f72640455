"""A file is written after ONNX Runtime has opened it and run it once, as a user's session would."""

import re

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper

from quantlab.deploy.onnx_graph.graph import read_graph
from quantlab.deploy.onnx_graph.layer_labels import layer_labels
from quantlab.deploy.runtime.create_session import create_session, default_options

#: How ONNX Runtime names a node in its errors.
NAMED = re.compile(r"[Nn]ode:? ?\(([^)]+)\)|Name:'([^']+)'")


def check_runs(model: onnx.ModelProto, batch: int) -> None:
    """Open a model in a default session and run it on an image of zeros, or on `batch` of them.

    onnx's checker looks at each operator alone. ONNX Runtime also changes the graph, and may refuse
    what it made of it; that is seen only here.

    Raises
    ------
    ValueError
        It is refused or does not run, with the layer at fault.
    """
    images = next((n for n in (1, batch) if _refusal(model, n) is None), None)
    if images is None:
        said = str(_refusal(model, batch))
        layer = _at_fault(model, said, batch)
        raise ValueError(
            f"layer {layer!r} makes a file that ONNX Runtime {ort.__version__} does not run "
            f"({said}), so none is written: keep this layer float (keep_float), or "
            f"replace it by other operators."
        )


def _refusal(model: onnx.ModelProto, images: int) -> str | None:
    """What ONNX Runtime says against a model; None where it runs it."""
    try:
        session = create_session(model.SerializeToString(), default_options(), "the model")
        session.run(None, {entry.name: _zeros(entry, images) for entry in model.graph.input})
    except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
        return str(error.__cause__ or error).splitlines()[0].split(" : ", 3)[-1].rstrip(". ")
    return None


def _zeros(entry: onnx.ValueInfoProto, images: int) -> np.ndarray:
    """As many images; the free size is theirs."""
    tensor = entry.type.tensor_type
    shape = [dimension.dim_value or images for dimension in tensor.shape.dim]
    return np.zeros(shape, helper.tensor_dtype_to_np_dtype(tensor.elem_type))


def _at_fault(model: onnx.ModelProto, said: str, batch: int) -> str:
    """The layer that ONNX Runtime names; else the last of the fewest that it refuses together."""
    labels = layer_labels(model, read_graph(model))
    names = [node.name for node in model.graph.node]
    for found in NAMED.finditer(said):
        name = found.group(1) or found.group(2)
        if name in names:
            return labels.get(name, name)
    runs, refused = 0, len(names)
    while refused - runs > 1:
        middle = (runs + refused) // 2
        if _refusal(_beginning(model, middle), batch) is None:
            runs = middle
        else:
            refused = middle
    return labels.get(names[refused - 1], names[refused - 1])


def _beginning(model: onnx.ModelProto, nodes: int) -> onnx.ModelProto:
    """The first nodes of a model, and all they write that none of them reads."""
    part = onnx.ModelProto()
    part.CopyFrom(model)
    del part.graph.node[nodes:], part.graph.output[:]
    read = {tensor for node in part.graph.node for tensor in node.input}
    written = [tensor for node in part.graph.node for tensor in node.output]
    part.graph.output.extend(onnx.ValueInfoProto(name=t) for t in written if t not in read)
    return part
