"""The one place that creates a session of ONNX Runtime."""

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


def _first_sentence(error: Exception) -> str:
    """`[ONNXRuntimeError] : 10 : INVALID_GRAPH : This is ...` without what is for programs."""
    return str(error).splitlines()[0].split(" : ", 3)[-1].rstrip(". ")
