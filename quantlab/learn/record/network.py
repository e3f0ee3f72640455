"""The network that is to be recorded: the course's own, a torch module or an .onnx file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from torch import nn

from quantlab.deploy.onnx_graph.load import load_model
from quantlab.learn.record.named import named_object
from quantlab.scenes import CLASS_NAMES, Preprocessing
from quantlab.zoo import detect, load

#: Shipped with the course; each brings its own preprocessing.
SHIPPED = ("detector", "segmenter", "classifier")
#: Outputs of a batch, in the model's order -> boxes, scores and classes of each picture.
Decode = Callable[[Sequence[np.ndarray]], Sequence[Any]]


@dataclass(frozen=True)
class Network:
    """A float network, what makes its input, and what makes boxes of its outputs.

    Attributes
    ----------
    name : str
        As it was asked for.
    model : torch.nn.Module in eval mode, or Path of an .onnx file
    preprocessing : Preprocessing
    decode : function of the outputs of a batch, or None
        Gives (boxes, scores, classes) for each picture: corners in pixels of the input.
    class_names : tuple of str, or None
        Of the numbers that `decode` gives; None: they are those of the data.
    """

    name: str
    model: nn.Module | Path
    preprocessing: Preprocessing
    decode: Decode | None = None
    class_names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Pixels:
    """What the command line says of an own network's input; None where it says nothing.

    size  (height, width)
    mean, std  per channel R, G, B, after division by 255
    """

    size: tuple[int, int] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def over(self, base: Preprocessing) -> Preprocessing:
        """`base` with what was said; ValueError where a number does not fit."""
        said: dict[str, Any] = {
            name: value for name in ("mean", "std") if (value := getattr(self, name)) is not None
        }
        if self.size is not None:
            said |= {"height": self.size[0], "width": self.size[1]}
        return replace(base, **said)


#: The command line says nothing.
AS_IT_IS = Pixels()


def open_network(name: str, pixels: Pixels, decode: str | None) -> Network:
    """The network that was asked for.

    Parameters
    ----------
    name : "detector", "segmenter", "classifier", "FILE.onnx", "module:function" or "file.py:name"
    pixels : Pixels
    decode : "module:function", or None

    Raises
    ------
    ValueError
        None of these; a file that is no float model of one picture input; a function that gives
        no torch module; a size that nobody says.
    OSError
        A file that cannot be read.
    """
    boxes = named_object(decode, "--decode") if decode else None
    if name in SHIPPED:
        return _shipped(name, pixels, boxes)
    if name.endswith(".onnx"):
        height, width, layout = _picture_input(load_model(name), name)
        if height and width:
            base = Preprocessing(height, width, layout=layout)
        else:
            _needs_size(name, pixels)
            base = Preprocessing(layout=layout)
        return Network(name, Path(name), pixels.over(base), boxes)
    if ":" not in name:
        raise ValueError(
            f"The model is {name!r}: name one of {', '.join(SHIPPED)}, an .onnx file, or a torch "
            "model as module:function."
        )
    module = named_model(name)
    own = getattr(module, "preprocessing", None)
    if isinstance(own, Preprocessing):
        return Network(name, module, pixels.over(own), boxes)
    _needs_size(name, pixels)
    return Network(name, module, pixels.over(Preprocessing()), boxes)


def _needs_size(name: str, pixels: Pixels) -> None:
    if pixels.size is None:
        raise ValueError(f"Nobody says how large the pictures of {name} are: pass --size 224 224.")


def _shipped(name: str, pixels: Pixels, boxes: Decode | None) -> Network:
    if pixels != AS_IT_IS:
        raise ValueError(f"The course's {name} brings its own preprocessing: leave size, mean and "
                         "std out.")  # fmt: skip
    model = load(name)
    own = cast(Preprocessing, model.preprocessing)
    if name != "detector":
        return Network(name, model, own, boxes)
    return Network(name, model, own, boxes or detect, CLASS_NAMES)


def named_model(name: str) -> nn.Module:
    """The torch model, or what the function returns, that "module:name" names."""
    made = named_object(name, "The model")
    if not isinstance(made, nn.Module) and callable(made):
        try:
            made = made()
        except Exception as error:  # other people's code may raise anything
            raise ValueError(f"{name}() failed ({type(error).__name__}: {error}).") from error
    if not isinstance(made, nn.Module):
        raise ValueError(
            f"{name} gives a {type(made).__name__}, but a torch.nn.Module is needed: name one, or "
            "a function without arguments that returns one."
        )
    return made.eval()


def _picture_input(model: onnx.ModelProto, name: str) -> tuple[int, int, str]:
    """Height, width (0 where the file leaves it open) and layout of the one input."""
    stored = {tensor.name for tensor in model.graph.initializer}
    inputs = [given for given in model.graph.input if given.name not in stored]
    if any(node.op_type in ("QuantizeLinear", "QLinearConv") for node in model.graph.node):
        raise ValueError(
            f"{name} is quantized already: name the float file, and this one with --int8."
        )
    if len(inputs) != 1:
        raise ValueError(f"{name} has {len(inputs)} inputs, but one, of pictures, is recorded.")
    tensor = inputs[0].type.tensor_type
    sides = [d.dim_value if d.HasField("dim_value") else 0 for d in tensor.shape.dim]
    if tensor.elem_type != onnx.TensorProto.FLOAT or len(sides) != 4 or 3 not in sides[1::2]:
        raise ValueError(
            f"{name} reads an input of {len(sides)} axes {sides}, but float pictures (N, 3, height,"
            " width) or (N, height, width, 3) are recorded."
        )
    if sides[0] > 1:
        raise ValueError(f"{name} reads {sides[0]} pictures at once: export it with a free batch.")
    first = sides[1] == 3
    height, width = sides[2:] if first else sides[1:3]
    return height, width, "NCHW" if first else "NHWC"
