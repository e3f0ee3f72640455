"""Which machine a measurement was taken on: a figure without it says little."""

from __future__ import annotations

from pathlib import Path

from quantlab.base.machine import machine, machine_line


def describe_machine() -> str:
    """CPU, cores, system and the version that matters, in one line."""
    return machine_line(machine())


def last_level_cache(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int | None:
    """Bytes of the CPU's largest cache; None where the system does not say (only Linux does)."""
    sizes = []
    for size in folder.glob("index*/size"):
        text = size.read_text().strip()
        unit = {"K": 2**10, "M": 2**20}.get(text[-1:], 1)
        sizes.append(int(text.rstrip("KM")) * unit)
    return max(sizes, default=None)
