"""Whether a graph's result is the model's, and if not, why: tensors in lists, tuples and dicts."""

from collections.abc import Callable
from typing import Any

import torch


def same_result(result: Any, expected: Any) -> bool:
    """Whether all tensors have the same shapes and values, to 1e-3 of the largest.

    A graph has the model's operators, so its results are the model's, but for a mean that became a
    pool: float32 sums in another order, far within that.
    """
    got, wanted = tensors_in(result), tensors_in(expected)
    return len(got) == len(wanted) and all(
        a.shape == b.shape
        and torch.allclose(a, b, rtol=0, atol=1e-3 * _magnitude(b), equal_nan=True)
        for a, b in zip(got, wanted, strict=True)
    )


def why_another(model: Callable[[torch.Tensor], Any], batch: torch.Tensor) -> str:
    """Why a graph of a model gives another result than the model, by what a second run tells."""
    first, again = model(batch.clone()), model(batch.clone())
    nudged = model(batch * (1 + 2**-22))
    if not same_result(again, first):
        cause = "the model draws random numbers; draw them outside of it."
    elif not same_result(nudged, first):
        cause = (
            "it depends on the last bits of its input, as a topk or argmax of scores that are all "
            "but equal; end the model before the choice, or try trained weights."
        )
    else:
        cause = "the model changes in place a tensor that it also uses elsewhere; change that."
    return f"the traced graph does not compute what the model does: {cause}"


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
