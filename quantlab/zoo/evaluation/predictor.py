"""Any network as one kind of function: what runs it makes no difference to who judges it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import nn

from quantlab.deploy import open_session
from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.onnx_graph.load import AnyModel
from quantlab.methods import QuantizedModel

#: What `predictor` takes.
AnyNetwork: TypeAlias = (
    nn.Module | QuantizedModel | AnyModel | ort.InferenceSession | Callable[[np.ndarray], Any]
)


@dataclass(frozen=True)
class Predictor:
    """A network as a function: one batch in, its outputs as a tuple of arrays, however many.

    Attributes
    ----------
    run : function of an array
        Gives an array, or a sequence of arrays.
    takes_pictures : bool
        Whether a batch is pictures as they are, uint8 (N, H, W, 3), and not preprocessed ones,
        float32 (N, 3, H, W).
    """

    run: Callable[[np.ndarray], Any]
    takes_pictures: bool = False

    def __call__(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        return _arrays(self.run(x))


def predictor(model: AnyNetwork) -> Predictor:
    """A network as a function from numpy to numpy.

    Parameters
    ----------
    model : torch.nn.Module in eval mode, on the CPU
        QuantizedModel: as it says of itself, simulated in float; export it to judge what a runtime
        makes of it. Path of an .onnx file or onnx.ModelProto: in ONNX Runtime, on all cores; with
        an input of uint8 (`export_onnx` with `preprocessing`) it takes pictures. A session of ONNX
        Runtime, opened as you wish. Or a function that does what a network does.

    Returns
    -------
    Predictor
        Gives a tuple of arrays, also for a network with one output.

    Raises
    ------
    ValueError
        The module is in training mode: BatchNorm would use, and change, the batch's statistics. A
        model with several inputs; what `open_session` refuses.
    TypeError
        None of these.
    OSError
        A file cannot be read.

    Examples
    --------
    >>> predictor(nn.ReLU().eval())(np.array([[-1.0, 2.0]], np.float32))
    (array([[0., 2.]], dtype=float32),)
    """
    if isinstance(model, Predictor):
        return model
    if isinstance(model, nn.Module):
        return Predictor(_in_torch(model))
    if isinstance(model, str | os.PathLike | onnx.ModelProto):
        model = open_session(model, threads=os.cpu_count() or 1)
    if isinstance(model, ort.InferenceSession):
        return _of_session(model)
    if callable(model):  # a QuantizedModel too
        return Predictor(model)
    raise TypeError(
        f"model is a {type(model).__name__}, but a network is expected: a torch module, a "
        "QuantizedModel, an .onnx file or its path, a session, or a function of one batch."
    )


def _in_torch(model: nn.Module) -> Callable[[np.ndarray], Any]:
    if model.training:
        raise ValueError(
            "The model is in training mode, in which BatchNorm normalizes by the batch at hand: "
            "call model.eval() first."
        )

    def run(x: np.ndarray) -> Any:
        with torch.inference_mode():
            return model(torch.from_numpy(x))

    return run


def _of_session(session: ort.InferenceSession) -> Predictor:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ValueError(
            f"the model has {len(inputs)} inputs ({', '.join(i.name for i in inputs)}), but is "
            "judged on one batch of pictures: pass a function that feeds the others."
        )
    return Predictor(
        lambda x: session.run(None, checked_feeds(session, x)),
        takes_pictures=inputs[0].type == "tensor(uint8)",
    )


def _arrays(outputs: Any) -> tuple[np.ndarray, ...]:
    if isinstance(outputs, Mapping):
        outputs = list(outputs.values())
    if isinstance(outputs, list | tuple):
        return tuple(array for output in outputs for array in _arrays(output))
    return (outputs.numpy() if isinstance(outputs, torch.Tensor) else np.asarray(outputs),)
