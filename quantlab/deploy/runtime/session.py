"""Open a model in ONNX Runtime."""

import os
from pathlib import Path

import onnx
import onnxruntime as ort

from quantlab.deploy.onnx_graph.load import AnyModel, load_model
from quantlab.deploy.runtime.create_session import create_session, default_options
from quantlab.deploy.saturation.probe import sums_saturate

#: "1": UINT8 x INT8 products are summed in 32 bits, by slower kernels.
PRECISION_OPTION = "session.x64quantprecision"


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
        products in 16 bits and saturate; there, as `probe_saturation` finds out once, ONNX Runtime
        is told to take slower kernels that do not (session option "session.x64quantprecision").
        A CPU that is exact anyway runs what it always runs: ONNX Runtime by itself would take the
        other kernels on VNNI too.
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
    options = session_options(threads, needs_precision=exact and sums_saturate())
    if optimized_path is not None:
        options.optimized_model_filepath = os.fspath(optimized_path)
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = os.fspath(profile)
    source, name = _source(model)
    return create_session(source, options, name)


def session_options(threads: int, *, needs_precision: bool) -> ort.SessionOptions:
    """The options, with the slower kernels where they are needed and only there."""
    options = default_options(threads)
    if needs_precision:
        options.add_session_config_entry(PRECISION_OPTION, "1")
    return options


def _source(model: AnyModel | bytes) -> tuple[str | bytes, str]:
    """What ONNX Runtime reads, and what to call it in a sentence."""
    if isinstance(model, bytes):
        return model, "the model"
    if isinstance(model, onnx.ModelProto):
        return model.SerializeToString(), "the model"
    load_model(model)  # for its refusals; ONNX Runtime maps the weights of a file by itself
    return os.fspath(model), Path(model).name
