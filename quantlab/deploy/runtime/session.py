"""The one place that opens ONNX Runtime."""

import os
from pathlib import Path

import onnx
import onnxruntime as ort

from quantlab.deploy.onnx_graph.load import AnyModel, load_model

# ONNX Runtime's levels: 0 verbose ... 4 fatal. Its errors come to us as exceptions, once.
FATAL = 4


def open_session(
    model: AnyModel | bytes,
    threads: int = 1,
    *,
    exact: bool = False,
    optimized_path: str | os.PathLike[str] | None = None,
    profile: str | os.PathLike[str] | None = None,
) -> ort.InferenceSession:
    """A session on the CPU with a fixed number of threads and every optimization.

    Parameters
    ----------
    model : path of an .onnx file, onnx.ModelProto, or a serialized one
        A path is refused as `load_model` refuses it.
    threads : int
        Threads inside an operator, 1 or more. 1 makes timings comparable.
    exact : bool
        Sum UINT8 x INT8 products in 32 bits on every CPU. Without VNNI, x86 kernels add pairs of
        products in 16 bits and saturate; ONNX Runtime then takes slower kernels that do not
        (session option "session.x64quantprecision").
    optimized_path : path, optional
        Where ONNX Runtime writes the graph it really runs.
    profile : path, optional
        Beginning of the profile's file name; `session.end_profiling()` writes it and returns
        the whole name.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    ValueError
        Fewer than one thread; a model that ONNX Runtime refuses, with its first sentence.
    OSError
        As load_model.

    Examples
    --------
    `session = open_session("small.onnx")`, then `session.run(None, {"input": x})`.
    """
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ValueError(
            f"threads is {threads!r}, but a session needs a whole number of 1 or more."
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1  # operators of one graph run one after the other anyway
    options.log_severity_level = FATAL
    if exact:
        options.add_session_config_entry("session.x64quantprecision", "1")
    if optimized_path is not None:
        options.optimized_model_filepath = os.fspath(optimized_path)
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = os.fspath(profile)
    source, name = _source(model)
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base class of their own
        raise ValueError(
            f"{name} is refused by ONNX Runtime {ort.__version__} ({_first_sentence(error)}): "
            f"check it with onnx.checker.check_model."
        ) from error


def _source(model: AnyModel | bytes) -> tuple[str | bytes, str]:
    """What ONNX Runtime reads, and what to call it in a sentence."""
    if isinstance(model, bytes):
        return model, "the model"
    if isinstance(model, onnx.ModelProto):
        return model.SerializeToString(), "the model"
    load_model(model)  # for its refusals; ONNX Runtime maps the weights of a file by itself
    return os.fspath(model), Path(model).name


def _first_sentence(error: Exception) -> str:
    """`[ONNXRuntimeError] : 10 : INVALID_GRAPH : This is ...` without what is for programs."""
    return str(error).splitlines()[0].split(" : ", 3)[-1].rstrip(". ")
