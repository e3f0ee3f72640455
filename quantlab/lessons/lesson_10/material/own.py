"""A small COCO folder, as your own data might lie there."""

from __future__ import annotations

from pathlib import Path

from quantlab.scenes import Validation, write_coco_folder

#: Pictures of the folder.
PICTURES = 20


def small_coco_folder(folder: str | Path, pictures: int = PICTURES) -> Path:
    """Validation scenes as PNG files, with `instances.json` beside them."""
    return write_coco_folder(Validation(pictures), folder)
