"""Which machine a measurement was taken on: a figure without it says little."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from quantlab.deploy.machine import cpu_name


def describe_machine() -> str:
    """CPU, cores, system and the versions that matter, in one line."""
    import numpy
    import onnxruntime

    return (
        f"{cpu_name()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"numpy {numpy.__version__}, onnxruntime {onnxruntime.__version__}"
    )


def last_level_cache(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int | None:
    """Bytes of the CPU's largest cache; None where the system does not say (only Linux does)."""
    sizes = []
    for size in folder.glob("index*/size"):
        text = size.read_text().strip()
        unit = {"K": 2**10, "M": 2**20}.get(text[-1:], 1)
        sizes.append(int(text.rstrip("KM")) * unit)
    return max(sizes, default=None)
