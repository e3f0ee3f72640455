"""The process of `run_with_isa`: one inference, files in and files out.

`python -m quantlab.deploy.openvino.worker FOLDER` reads model.onnx and inputs.npz there and writes
outputs.npz and kernels.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from quantlab.deploy.onnx_graph.load import load_model
from quantlab.deploy.openvino.model import compiled_model, run


def main(folder: Path) -> None:
    """Do what the module says; an exception ends the process with its sentence on stderr."""
    compiled = compiled_model(load_model(folder / "model.onnx"))
    with np.load(folder / "inputs.npz") as stored:
        feeds = {name: stored[name] for name in stored.files}
    results, ran = run(compiled.create_infer_request(), feeds)
    outputs: dict[str, Any] = dict(results)
    np.savez(folder / "outputs.npz", **outputs)
    kernels = list(dict.fromkeys(node.exec_type for node in ran))
    (folder / "kernels.json").write_text(json.dumps(kernels), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
