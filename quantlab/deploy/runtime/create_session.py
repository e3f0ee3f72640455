"""The one place that creates a session of ONNX Runtime, and the one that says why it fails."""

import re
from collections.abc import Mapping, Sequence
from textwrap import shorten

import numpy as np
import onnxruntime as ort

# ONNX Runtime's levels: 0 verbose ... 4 fatal. Its errors come to us as exceptions, once.
FATAL = 4


def default_options(threads: int = 1) -> ort.SessionOptions:
    """Options of every session here: a fixed number of threads, and silence."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1  # operators of one graph run one after the other anyway
    options.log_severity_level = FATAL
    return options


def create_session(
    source: str | bytes, options: ort.SessionOptions, name: str
) -> ort.InferenceSession:
    """A session on the CPU.

    Parameters
    ----------
    source : path of an .onnx file, or a serialized model
    options : onnxruntime.SessionOptions
    name : str
        What a refusal calls the model.

    Raises
    ------
    ValueError
        ONNX Runtime refuses the model, with its first sentence.
    """
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class of their own
        raise ValueError(
            f"{name} is refused by ONNX Runtime {ort.__version__} ({_first_sentence(error)}): "
            f"check it with onnx.checker.check_model."
        ) from error


def run_session(
    session: ort.InferenceSession,
    feeds: Mapping[str, np.ndarray],
    outputs: Sequence[str] | None = None,
    name: str = "the model",
) -> list[np.ndarray]:
    """One run: the named outputs, or all of them in order.

    Raises
    ------
    ValueError
        ONNX Runtime opened the model and cannot run it on this input, with its first sentence.
    """
    try:
        return [np.asarray(array) for array in session.run(outputs, dict(feeds))]
    except Exception as error:  # its exceptions share no base class of their own
        raise ValueError(
            f"{name} is opened by ONNX Runtime {ort.__version__}, but does not run on this input "
            f"({_first_sentence(error)}): give inputs of the size that it was exported for."
        ) from error


#: Where in ONNX Runtime's source it happened: a file, a line and the signature of a function.
PLACE = re.compile(r"/\S+\.(cc|h):\d+ .+\) (?=[A-Z])")
#: Letters of what it says; some of its sentences are pages.
LONGEST = 300
LOADING = re.compile(r"^Load model from .+? failed:")


def _first_sentence(error: Exception) -> str:
    """`[ONNXRuntimeError] : 10 : INVALID_GRAPH : This is ...` without what is for programs."""
    said = str(error).splitlines()[0].split(" : ", 3)[-1]
    return shorten(PLACE.sub("", LOADING.sub("", said)).rstrip(". "), LONGEST, placeholder=" …")
