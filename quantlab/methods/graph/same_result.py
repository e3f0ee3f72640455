"""Whether two results are the same: tensors in lists, tuples and dicts, to float32 rounding."""

from typing import Any

import torch


def same_result(result: Any, expected: Any) -> bool:
    """Whether all tensors have the same shapes and values, to 1e-3 of the largest."""
    got, wanted = tensors_in(result), tensors_in(expected)
    return len(got) == len(wanted) and all(
        a.shape == b.shape
        and torch.allclose(a, b, rtol=0, atol=1e-3 * _magnitude(b), equal_nan=True)
        for a, b in zip(got, wanted, strict=True)
    )


def tensors_in(value: Any) -> list[torch.Tensor]:
    """The tensors of a result, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return (
        [t for part in parts for t in tensors_in(part)]
        if isinstance(value, dict | list | tuple)
        else []
    )


def _magnitude(x: torch.Tensor) -> float:
    finite = x[torch.isfinite(x)]
    return float(finite.abs().max()) if finite.numel() else 0.0
