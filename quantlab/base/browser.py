"""What a Python in a browser tab lacks, said in this one place.

There the course runs under Pyodide: one thread, no timer signals, no processes, and of the packages
that the lessons use only those that need no system of their own.
"""

import sys
from pathlib import Path

IN_BROWSER = sys.platform == "emscripten"
#: What a lesson in the browser may ask for in vain.
ABSENT = ("jupyterlab", "nbclient", "nbformat", "onnx", "onnxruntime", "psutil", "torch")
#: Where the page's build wrote which modules of the course it left out; no such file elsewhere.
LEFT_OUT = Path(__file__).with_name("left_out.txt")


def is_absent(module: str) -> bool:
    """Whether this is a package, or a module of the course, that only the installed course has.

    Examples
    --------
    >>> is_absent("onnx.helper"), is_absent("numpyy"), is_absent("quantlab.numeriks")
    (True, False, False)
    """
    if module.partition(".")[0] in ABSENT:
        return True
    return LEFT_OUT.is_file() and module in LEFT_OUT.read_text(encoding="utf-8").splitlines()
