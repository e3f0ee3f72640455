"""A quiz of three questions, one of each kind, as plain data: copy it before you change it."""

from pathlib import Path

import yaml

SMALL = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
