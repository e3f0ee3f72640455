"""What judged: versions, and one hash that is another one when Python, a library or a lesson is."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import quantlab

NAMED = ("quantlab", "nbgrader", "numpy", "ipython", "torch", "onnx", "onnxruntime")
KINDS = frozenset({".py", ".yaml", ".safetensors"})


@lru_cache(maxsize=1)
def versions() -> tuple[tuple[str, str], ...]:
    """Python, the machine, and the libraries that a verdict may depend on."""
    named = {"python": platform.python_version(), "machine": platform.machine() or os.name}
    return tuple(sorted((named | {package: version(package) for package in NAMED}).items()))


@lru_cache(maxsize=1)
def environment_sha256() -> str:
    """Of the versions and of every file of quantlab: the judge, the oracles, the quiz keys."""
    digest = hashlib.sha256(repr(versions()).encode())
    root = Path(quantlab.__file__).parent
    for path in sorted(p for p in root.rglob("*") if p.suffix in KINDS):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
