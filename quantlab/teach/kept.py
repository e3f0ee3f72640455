"""What takes minutes to measure is kept as `kept.yaml` in the lesson's folder, to be remade by one
call of the function that found it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from quantlab.base.atomic import replacing


def kept_path(material: str) -> Path:
    """`kept.yaml` of the lesson that a file in its `material` folder, `__file__`, belongs to."""
    return Path(material).parents[1] / "kept.yaml"


def read_kept(path: Path) -> dict[str, Any]:
    """What was kept, as plain data of the reader's own."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def write_kept(path: Path, head: str, found: Mapping[str, Any]) -> None:
    """Keep `found` under `head`, comment lines that say what made it; whole or not at all."""
    text = yaml.safe_dump(dict(found), sort_keys=False, default_flow_style=None)
    with replacing(path) as fresh:
        fresh.write_text(head + text, encoding="utf-8")
