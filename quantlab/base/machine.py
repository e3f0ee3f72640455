"""Which machine a figure was measured on: a figure without it says little."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "onnx", "onnxruntime", "openvino", "torch", "quantlab")


def machine() -> dict[str, Any]:
    """CPU, cores, system and versions, as plain data to store beside a result.

    Examples
    --------
    >>> sorted(machine())
    ['machine', 'versions']
    """
    return {
        "machine": {
            "cpu": cpu_name(),
            "cores": os.cpu_count(),
            "os": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
        },
        "versions": {name: installed_version(name) for name in PACKAGES},
    }


def machine_line(facts: Mapping[str, Any], package: str = "onnxruntime") -> str:
    """What `machine` returned, in one line, with the version of the package that ran."""
    at = facts["machine"]
    return f"{at['cpu']}, {at['cores']} cores, {at['os']}, {package} {facts['versions'][package]}"


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The CPU's name: from Linux' cpuinfo, else what the platform module knows.

    On x86 Linux it ends in whether the CPU has VNNI, which decides how INT8 products are summed.
    """
    said: dict[str, str] = {}
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            said.setdefault(key.strip(), value.strip())
    name = said.get("model name") or platform.processor() or platform.machine()
    if "flags" not in said:
        return name
    has_vnni = {"avx512_vnni", "avx_vnni"} & set(said["flags"].split())
    return f"{name}, {'VNNI' if has_vnni else 'no VNNI'}"


def is_x86(name: str = platform.machine()) -> bool:
    """Whether a machine of this name, by default this one, has an x86 CPU."""
    return name.lower() in ("x86_64", "amd64", "i386", "i686")


def installed_version(package: str) -> str | None:
    """The installed version of a package; None where it is absent."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def last_level_cache(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int | None:
    """Bytes of the CPU's largest cache; None where the system does not say (only Linux does)."""
    sizes = []
    for size in folder.glob("index*/size"):
        text = size.read_text().strip()
        unit = {"K": 2**10, "M": 2**20}.get(text[-1:], 1)
        sizes.append(int(text.rstrip("KM")) * unit)
    return max(sizes, default=None)
