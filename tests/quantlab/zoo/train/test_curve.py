"""The loss as a line of text and as a picture."""

from pathlib import Path

import numpy as np
from PIL import Image

from quantlab.zoo.train.curve import save_curve, sparkline


def test_a_falling_loss_falls() -> None:
    line = sparkline(np.geomspace(10, 0.1, 1000).tolist())
    assert len(line) == 24
    assert list(line) == sorted(line, reverse=True)
    assert (line[0], line[-1]) == ("█", "▁")


def test_short_or_flat_losses_are_drawn_too() -> None:
    assert sparkline([2.0]) == "▁"
    assert sparkline([3.0] * 50) == "▁" * 24


def test_the_picture_is_written(tmp_path: Path) -> None:
    path = tmp_path / "loss.png"
    rng = np.random.default_rng(0)
    save_curve((np.geomspace(10, 0.5, 300) * rng.uniform(0.8, 1.2, 300)).tolist(), path, "detector")
    with Image.open(path) as picture:
        assert picture.width > picture.height > 200
        assert len(set(picture.convert("RGB").get_flattened_data())) > 10
    save_curve([1.0], tmp_path / "one.png", "detector")
