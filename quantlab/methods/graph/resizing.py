"""What torch's interpolate is in ONNX's Resize: its mode, and one factor an axis.

A factor says three things in ONNX: the size of the output, floor(n * factor), where each
value is read, and how steep the weights are. torch reads by its own factor, rounded otherwise. So
the factor given here is the float32 next to torch's that makes the right size and, where nearest
values are copied, copies from the right places.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from quantlab.methods.graph.calls import TorchCall

#: torch's modes, and ONNX's attributes for them.
MODES: dict[str, dict[str, str]] = {
    "nearest": {
        "mode": "nearest",
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    },
    "nearest-exact": {
        "mode": "nearest",
        "coordinate_transformation_mode": "half_pixel",
        "nearest_mode": "round_prefer_ceil",
    },
    **{
        name: {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        for name in ("linear", "bilinear", "trilinear")
    },
    "bicubic": {"mode": "cubic", "coordinate_transformation_mode": "half_pixel"},
}
NEIGHBOURS = 8  # float32 numbers tried on each side of torch's factor


def resize_attributes(call: TorchCall) -> dict[str, Any] | str:
    """Attributes of a Resize, `scales` among them, or the reason why there is none."""
    mode = call.settings["mode"]
    if mode not in MODES:
        return f"ONNX Resize has no mode {mode!r}: {', '.join(MODES)} have one"
    attributes: dict[str, Any] = dict(MODES[mode])
    if call.settings["align_corners"]:
        attributes["coordinate_transformation_mode"] = "align_corners"
    if call.settings.get("antialias"):
        attributes |= {
            "antialias": 1,
            "exclude_outside": 1,
        }  # torch shares the weight among the rest
        if mode == "bicubic":
            attributes["cubic_coeff_a"] = -0.5  # torch's, where it filters; -0.75 elsewhere
    factors = [1.0, 1.0]
    given = _given(call)
    for axis, (n, out) in enumerate(zip(call.shape[2:], call.result[2:], strict=True)):
        factor = _factor(n, out, given[axis] if given else None, attributes)
        if factor is None:
            return f"no factor makes {n} values {out} as torch chooses them"
        factors.append(factor)
    return {**attributes, "scales": tuple(factors)}


def _given(call: TorchCall) -> tuple[float, ...] | None:
    """The factors by which torch reads; None where it reads by the sizes."""
    factor = call.settings["scale_factor"]
    if factor is None or call.settings.get("recompute_scale_factor"):
        return None
    axes = len(call.shape) - 2
    return tuple(factor) if isinstance(factor, tuple | list) else (float(factor),) * axes


def _factor(n: int, out: int, given: float | None, attributes: Mapping[str, Any]) -> float | None:
    wanted = out / n if given is None else given
    places = _places(n, out, given, attributes)
    for factor in _near(np.float32(wanted)):
        # ONNX's checker rounds the product to float64, ONNX Runtime to float32.
        if not int(np.float32(n) * factor) == int(n * float(factor)) == out:
            continue
        if places is None or np.array_equal(_read_at(n, out, factor, attributes), places):
            return float(factor)
    return None


def _near(factor: np.float32) -> Iterator[np.float32]:
    """The number itself, then its neighbours, nearer ones first."""
    yield factor
    up = down = factor
    for _ in range(NEIGHBOURS):
        up = np.nextafter(up, np.float32(np.inf))
        down = np.nextafter(down, np.float32(0))
        yield from (up, down)


def nearest_places(call: TorchCall) -> list[np.ndarray] | None:
    """For each axis behind the channels, which value torch copies to each place of the output.

    None where the mode mixes values.
    """
    if MODES.get(call.settings["mode"], {}).get("mode") != "nearest":
        return None
    given = _given(call)
    return [
        _copied(n, out, given[axis] if given else None, call.settings["mode"])
        for axis, (n, out) in enumerate(zip(call.shape[2:], call.result[2:], strict=True))
    ]


def _places(
    n: int, out: int, given: float | None, attributes: Mapping[str, Any]
) -> np.ndarray | None:
    if attributes["mode"] != "nearest":
        return None
    floor = attributes["nearest_mode"] == "floor"
    return _copied(n, out, given, "nearest" if floor else "nearest-exact")


def _copied(n: int, out: int, given: float | None, mode: str) -> np.ndarray:
    """torch itself says it, of numbers that are their own places."""
    target: dict[str, Any] = {"size": out} if given is None else {"scale_factor": given}
    numbers = torch.arange(n, dtype=torch.float32)[None, None]
    return F.interpolate(numbers, **target, mode=mode)[0, 0].numpy().astype(np.int64)


def _read_at(n: int, out: int, factor: np.float32, attributes: Mapping[str, Any]) -> np.ndarray:
    """Which value ONNX Runtime copies to each place: all in float32."""
    i = np.arange(out, dtype=np.float32)
    if attributes["nearest_mode"] == "floor":
        at = np.floor(i / factor)
    else:
        at = np.floor((i + np.float32(0.5)) / factor)
    return np.clip(at.astype(np.int64), 0, n - 1)
