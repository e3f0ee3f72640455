"""Why a model cannot be traced: what its Python wanted, and in which line of its source."""

import re
import sysconfig
from collections.abc import Iterator
from inspect import getfile
from pathlib import Path
from traceback import FrameSummary, extract_tb

import torch
from torch import fx, nn

#: What the model's Python or its graph may raise where it does not fit the batch.
DOES_NOT_RUN = (RuntimeError, ValueError, TypeError, IndexError, AssertionError)
#: And what torch.fx and torch.export raise besides, where they cannot follow it.
CANNOT_FOLLOW = (*DOES_NOT_RUN, AttributeError, LookupError, ArithmeticError, NameError)
STANDARD = Path(sysconfig.get_path("stdlib"))
PACKAGES = Path(sysconfig.get_path("purelib"))


class ReadsValueError(ValueError):
    """Python reads a value of a tensor, which no way of tracing knows.

    Parameters
    ----------
    said : str
        What the model called.
    line : str
        Where: file, line and source; "" where the traceback of this error says it.
    """

    def __init__(self, said: str, line: str = "") -> None:
        super().__init__(said)
        self.line = line


class NotTheModelError(ValueError):
    """A graph computes something else than the model; the message is for the model's author."""


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


def why_not(model: nn.Module, error: Exception) -> ValueError:
    """The refusal of a model, after the error that the last way of tracing it raised."""
    said, where = first_line(error), line_of_model(model, error)
    if _reads_value(error):
        cause = "its forward decides in Python by the values of a tensor"
    else:
        cause = "its forward does in Python what no graph can hold"
    return ValueError(
        f"{type(model).__name__} cannot be traced ({said}): {cause}"
        f"{f' ({where})' if where else ''}; move that out of the model, or write it with torch "
        f"operators such as torch.where."
    )


def _reads_value(error: Exception) -> bool:
    # torch.export's own error for it; its module is loaded by torch.export alone
    kinds = {kind.__name__ for kind in type(error).__mro__}
    by_export = {"GuardOnDataDependentSymNode", "DataDependentOutputException"}
    return isinstance(error, ReadsValueError | fx.proxy.TraceError) or bool(kinds & by_export)


def line_of_model(model: nn.Module, error: Exception) -> str:
    """Where the model's own source was: "net.py, line 12: if x.sum() > 0:", or ""."""
    if isinstance(error, ReadsValueError) and error.line:
        return error.line
    frames = [f for f in extract_tb(error.__traceback__) if f.line and _is_somebody_s(f)]
    files = set(_files(model))
    own = [frame for frame in frames if frame.filename in files] or frames
    if not own:
        return ""
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}: {own[-1].line}"


def line_of_node(node: fx.Node) -> str:
    """The same of a node that torch.export made: it keeps the stack of each."""
    frame, source = ("", "", *str(node.meta.get("stack_trace") or "").splitlines())[-2:]
    named = re.match(r'\s*File "(.*)", line (\d+)', frame)
    if named is None:
        return ""
    return f"{Path(named[1]).name}, line {named[2]}: {source.strip()}"


def _files(model: nn.Module) -> Iterator[str]:
    """The sources of a model's classes, torch's own left out."""
    for module in model.modules():
        try:
            file = getfile(type(module))
        except (TypeError, OSError):  # a class that was made in no file
            continue
        if not Path(file).is_relative_to(Path(torch.__file__).parent):
            yield file


def _is_somebody_s(frame: FrameSummary) -> bool:
    """Whether a line is neither torch's, nor Python's, nor of this tracing."""
    file = Path(frame.filename)
    if any(file.is_relative_to(p) for p in (Path(torch.__file__).parent, Path(__file__).parent)):
        return False
    return file.is_relative_to(PACKAGES) or not file.is_relative_to(STANDARD)
