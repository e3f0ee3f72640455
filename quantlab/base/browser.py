"""What a Python in a browser tab lacks, said in this one place.

There the course runs under Pyodide: one thread, no timer signals, no processes, and of the packages
that the lessons use only those that need no system of their own.
"""

import sys

IN_BROWSER = sys.platform == "emscripten"
#: What a lesson in the browser may ask for in vain.
ABSENT = ("onnx", "onnxruntime", "psutil", "torch")


def is_absent(module: str) -> bool:
    """Whether this is a package, or a room of quantlab, that only the installed course has.

    Examples
    --------
    >>> is_absent("onnx.helper"), is_absent("quantlab.deploy"), is_absent("numpyy")
    (True, True, False)
    """
    return module.partition(".")[0] in (*ABSENT, "quantlab")
