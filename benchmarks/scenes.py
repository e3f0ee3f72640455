"""How fast the street is drawn, against Pillow reading the same pictures from a file.

A data set on disk would be decoded: each scene's picture as PNG in memory, loaded by Pillow. In
turn with that, on one core, scenes are drawn, drawn scenes are read from the cache, and crops are
cut from streets drawn for them; all scenes one after the other before the next source's turn, as a
training reads them. The ratio is the time over Pillow's, of medians, with the 95 % interval of a
bootstrap over rounds.
"""

import argparse
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from quantlab.deploy.latency.timing import ratio_interval, rounds_in_turn
from quantlab.scenes import CLASS_NAMES, Cache, Train, render
from quantlab.scenes.object_crops import crop

GOAL = 150.0
#: Different scenes, in turn: a crowded one takes longer than an empty one.
SCENES = 60
DRAWN, CACHED, CROP, PILLOW = "scene drawn", "scene from the cache", "crop", "Pillow, PNG"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--seconds", type=float, default=30.0, help="time for all together")
    parser.add_argument("--size", type=int, default=320, help="side of a scene, 32 or more")
    parser.add_argument("--scenes", type=int, default=SCENES, help="different scenes")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Time every source: {size, scenes, rounds, goal, drawn_per_second, per_source}."""
    with TemporaryDirectory() as folder:
        calls = sources(args.scenes, args.size, Cache(Path(folder)))
        times = np.array(list(rounds_in_turn(list(calls.values()), args.seconds))) / args.scenes
    peer = times[:, list(calls).index(PILLOW)]
    rows = {
        name: {
            "ms": 1e3 * float(np.median(mine)),
            "per_second": 1 / float(np.mean(mine)),
            "ratio": float(np.median(mine) / np.median(peer)),
            "interval": list(ratio_interval(np.stack([mine, peer], 1))),
        }
        for name, mine in zip(calls, times.T, strict=True)
    }
    return {
        "size": args.size,
        "scenes": args.scenes,
        "rounds": len(times),
        "goal": GOAL,
        "drawn_per_second": rows[DRAWN]["per_second"],
        "per_source": rows,
    }


def sources(scenes: int, size: int, cache: Cache) -> dict[str, Callable[[], list[Any]]]:
    """What is timed, by name; every call goes through the same scenes."""
    seeds = Train(scenes, width=size, height=size).seeds
    files = [_png(cache.scene(seed, size, size).image) for seed in seeds]  # also fills the cache
    return {
        DRAWN: lambda: [render(seed, size, size) for seed in seeds],
        CACHED: lambda: [cache.scene(seed, size, size) for seed in seeds],
        CROP: lambda: [crop(seed, k % len(CLASS_NAMES)) for k, seed in enumerate(seeds)],
        PILLOW: lambda: [decoded(file) for file in files],
    }


def decoded(file: bytes) -> np.ndarray:
    """A picture file in memory as uint8 (height, width, 3)."""
    with Image.open(BytesIO(file)) as picture:
        return np.asarray(picture.convert("RGB"))


def _png(picture: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def show(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [
        f"{result['scenes']} scenes of {result['size']}×{result['size']} a turn, "
        f"{result['rounds']} rounds, one core",
        f"{'source':<22}{'ms':>8}{'a second':>10}{'of Pillow':>11}  95 %",
    ]
    for name, row in result["per_source"].items():
        low, high = row["interval"]
        lines.append(
            f"{name:<22}{row['ms']:>8.2f}{row['per_second']:>10.0f}{row['ratio']:>11.2f}  "
            f"{low:.2f} to {high:.2f}"
        )
    met = result["drawn_per_second"] >= result["goal"]
    lines.append(f"goal {result['goal']:.0f} drawn a second: {'met' if met else 'missed'}")
    return "\n".join(lines)
