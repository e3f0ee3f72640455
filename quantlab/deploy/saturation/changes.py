"""How a layer's integers and a model's outputs differ between exact and saturating sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from quantlab.numerics import PairsAtRisk


@dataclass(frozen=True)
class LayerSaturation:
    """One Conv, Gemm or MatMul on a CPU without VNNI.

    Attributes
    ----------
    name, operator : str
        Of the ONNX node.
    label : str
        The layer's path in the torch model where the file says it, else `name`.
    pairs : int
        Pairs of products that are added in 16 bits; 0 where the kernel adds in 32 bits on every
        CPU: depthwise convolutions, UINT8 weights.
    at_risk : int
        How many of them leave INT16.
    outputs, affected : int
        Values that the layer writes, and those with such a pair in their sum.
    changed : int
        How many values differ from those of exact sums, in this layer or in one before it.
    largest : int or None
        By how many LSB the worst of them differs; None for a layer that writes float32.
    """

    name: str
    label: str
    operator: str
    pairs: int
    at_risk: int
    outputs: int
    affected: int
    changed: int
    largest: int | None

    @property
    def share(self) -> float:
        """Pairs that leave INT16 as a share of all, 0 to 1; 0 where there are none."""
        return self.at_risk / self.pairs if self.pairs else 0.0

    def __add__(self, other: LayerSaturation) -> LayerSaturation:
        """The same layer over two batches."""
        counts = ("pairs", "at_risk", "outputs", "affected", "changed")
        largest = [one.largest for one in (self, other) if one.largest is not None]
        return replace(
            self,
            **{name: getattr(self, name) + getattr(other, name) for name in counts},
            largest=max(largest, default=None),
        )


def layer_saturation(
    name: str,
    label: str,
    operator: str,
    risk: PairsAtRisk,
    exact: np.ndarray,
    saturating: np.ndarray,
) -> LayerSaturation:
    """Compare what a layer writes in both runs."""
    largest = None
    if exact.dtype.kind != "f":
        largest = int(np.abs(exact.astype(np.int32) - saturating.astype(np.int32)).max())
    return LayerSaturation(
        name=name,
        label=label,
        operator=operator,
        pairs=risk.pairs,
        at_risk=risk.saturated,
        outputs=risk.outputs,
        affected=risk.affected,
        changed=int((exact != saturating).sum()),
        largest=largest,
    )


@dataclass(frozen=True)
class OutputChange:
    """A float output of the model, compared.

    Attributes
    ----------
    name : str
        As in the model.
    values : int
        How many numbers were compared.
    largest, mean : float
        Largest and mean absolute difference.
    rows : int or None
        How many rows an output of shape (N, classes) has; None for another shape, which has no
        top-1.
    same_top1 : int or None
        In how many of them both runs have the same largest entry.
    right_exact, right_saturating : int or None
        How many of them have their label there; None where no labels were given.
    """

    name: str
    values: int
    largest: float
    mean: float
    rows: int | None = None
    same_top1: int | None = None
    right_exact: int | None = None
    right_saturating: int | None = None

    @property
    def agreement(self) -> float | None:
        """Share of rows with the same top-1, 0 to 1."""
        return self._share(self.same_top1)

    @property
    def accuracy_exact(self) -> float | None:
        """Top-1 accuracy with sums of 32 bits, 0 to 1."""
        return self._share(self.right_exact)

    @property
    def accuracy_saturating(self) -> float | None:
        """Top-1 accuracy predicted for a CPU without VNNI, 0 to 1."""
        return self._share(self.right_saturating)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        shares = ("agreement", "accuracy_exact", "accuracy_saturating")
        return {**asdict(self), **{name: getattr(self, name) for name in shares}}

    def _share(self, count: int | None) -> float | None:
        return None if count is None or self.rows is None else count / self.rows


def output_change(
    name: str, exact: Sequence[np.ndarray], saturating: Sequence[np.ndarray], labels: Any = None
) -> OutputChange:
    """Compare an output, batch by batch in both lists.

    Parameters
    ----------
    labels : integer array (N,), optional
        The right class of each row of all batches together.

    Raises
    ------
    ValueError
        Labels of another number, type or range than the rows and classes of the output.
    """
    apart = np.concatenate(
        [
            np.abs(a.astype(np.float64) - b).reshape(-1)
            for a, b in zip(exact, saturating, strict=True)
        ]
    )
    change = OutputChange(name, apart.size, float(apart.max()), float(apart.mean()))
    if not has_classes(exact[0]):
        return change
    first, second = (np.concatenate([b.argmax(axis=1) for b in run]) for run in (exact, saturating))
    change = replace(change, rows=first.size, same_top1=int((first == second).sum()))
    if labels is None:
        return change
    right = _checked(labels, name, first.size, exact[0].shape[1])
    return replace(
        change,
        right_exact=int((first == right).sum()),
        right_saturating=int((second == right).sum()),
    )


def has_classes(output: np.ndarray) -> bool:
    """Whether an output is (N, classes)."""
    return output.ndim == 2 and output.shape[1] > 1


def _checked(labels: Any, name: str, rows: int, classes: int) -> np.ndarray:
    right = np.asarray(labels)
    if right.shape != (rows,) or right.dtype.kind not in "iu":
        raise ValueError(
            f"labels is {right.dtype} of shape {right.shape}, but output {name!r} has {rows} rows: "
            f"pass one integer a row."
        )
    if right.min() < 0 or right.max() >= classes:
        raise ValueError(
            f"labels run from {right.min()} to {right.max()}, but output {name!r} has classes 0 to "
            f"{classes - 1}: pass indices of classes."
        )
    return right
