"""Do training and deployment show the model the same pixels? Compare both and name the difference.

The commonest loss after deployment is no quantization error: channels in another order, a division
by 255 forgotten, a normalization done twice, another resize. Each leaves its mark in the pixels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlab.analysis.pixel_relation import PixelRelation, pixel_relation
from quantlab.analysis.plots.preprocessing import preprocessing_figure
from quantlab.analysis.preprocessing_findings import findings
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.numerics.validation import finite_float32

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS = 40


@dataclass(frozen=True)
class ChannelPixels:
    """One channel of one pipeline: ends, mean and standard deviation of its values, in its unit.

    `counts` is a histogram of BINS equal bins between the comparison's `edges`.
    """

    channel: int
    low: float
    high: float
    mean: float
    std: float
    counts: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class PreprocessingComparison(Report):
    """Two pipelines side by side. `findings` are sentences, the most important first.

    `edges` are those of each pipeline's histograms, first and second.
    """

    names: tuple[str, str]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    first: tuple[ChannelPixels, ...]
    second: tuple[ChannelPixels, ...]
    edges: tuple[tuple[float, ...], tuple[float, ...]]
    relation: PixelRelation
    findings: tuple[str, ...]

    @property
    def same(self) -> bool:
        """True when nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def plot(self) -> Figure:
        """Histograms of every channel, the two pipelines above each other, the finding on top."""
        both = self.first, self.second
        return preprocessing_figure(
            self.names,
            self.edges,
            [[channel.counts for channel in channels] for channels in both],
            [[channel.mean for channel in channels] for channels in both],
            self.findings,
        )

    @property
    def summary(self) -> str:
        return "; ".join(
            f"{name}: {' x '.join(map(str, shape))}"
            for name, shape in zip(self.names, self.shapes, strict=True)
        )

    def tables(self) -> tuple[Table, ...]:
        """Ranges, means and spreads of every channel."""
        pipelines = zip(self.names, (self.first, self.second), strict=True)
        rows = tuple(
            {"pipeline": name, **{k: v for k, v in vars(channel).items() if k != "counts"}}
            for name, channels in pipelines
            for channel in channels
        )
        numbers = [Column(name, name, ".4g") for name in ("low", "high", "mean", "std")]
        columns = (Column("pipeline", "pipeline"), Column("channel", "channel", "d"), *numbers)
        return (Table(columns, rows),)

    @property
    def notes(self) -> tuple[str, ...]:
        return self.findings or ("The pipelines agree.",)


def compare_preprocessing(
    first: Any,
    second: Any,
    *,
    mean: Any = None,
    std: Any = None,
    names: tuple[str, str] = ("training", "deployed"),
) -> PreprocessingComparison:
    """Compare what two pipelines make of the same images, and name the likeliest difference.

    Parameters
    ----------
    first, second : float arrays (N, C, H, W)
        Outputs of the two pipelines for the same images in the same order. Sizes may differ;
        (N, H, W, C) in second is recognised and said.
    mean, std : optional, one float a channel
        The normalization of the first pipeline, of pixels from 0 to 1. With it, a normalization
        left out or done twice is told from other scales.
    names : tuple of two str
        What to call the pipelines.

    Raises
    ------
    ValueError
        An array that is no batch of finite floats, other numbers of images or channels, mean
        without std.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((2, 3, 8, 8), np.float32)
    >>> for found in compare_preprocessing(images, 255 * images[:, ::-1]).findings:
    ...     print(found)
    deployed shows the channels in the order 2, 1, 0 of training: RGB and BGR are swapped.
    deployed is 255 times training: the division by 255 is missing.
    """
    a, b = (_images(x, name) for x, name in zip((first, second), names, strict=True))
    constants = _constants(mean, std, a.shape[1])
    shapes = a.shape, b.shape
    aligned, channels_last = _channels_first(a, b)
    if a.shape[:2] != aligned.shape[:2]:
        raise ValueError(
            f"{names[0]} has shape {a.shape} and {names[1]} {b.shape}, but both must show the same "
            "images in the same channels: run the two pipelines on one list of images."
        )
    relation = pixel_relation(a, aligned)
    ends = [np.linspace(*_ends(x), BINS + 1) for x in (a, aligned)]
    return PreprocessingComparison(
        names=names,
        shapes=shapes,
        first=_statistics(a, ends[0]),
        second=_statistics(aligned, ends[1]),
        edges=(tuple(ends[0].tolist()), tuple(ends[1].tolist())),
        relation=relation,
        findings=findings(relation, a, aligned, names, constants, channels_last),
    )


def _images(x: Any, name: str) -> np.ndarray:
    array = finite_float32(x, name)
    if array.ndim != 4:
        raise ValueError(
            f"{name} has shape {array.shape}, but a batch of images has four axes (N, C, H, W): "
            "stack the images of one size, or compare them one at a time as x[None]."
        )
    return array


def _channels_first(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, bool]:
    """b as (N, C, H, W), and whether it came as (N, H, W, C)."""
    last = b.shape[1] != a.shape[1] and b.shape[3] == a.shape[1]
    return (np.moveaxis(b, 3, 1) if last else b), last


def _ends(x: np.ndarray) -> tuple[float, float]:
    low, high = float(x.min()), float(x.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _statistics(images: np.ndarray, edges: np.ndarray) -> tuple[ChannelPixels, ...]:
    return tuple(
        ChannelPixels(
            channel=channel,
            low=float(x.min()),
            high=float(x.max()),
            mean=float(x.mean(dtype=np.float64)),
            std=float(x.std(dtype=np.float64)),
            counts=tuple(np.histogram(x, edges)[0].tolist()),
        )
        for channel, x in enumerate(np.moveaxis(images, 1, 0))
    )


def _constants(mean: Any, std: Any, channels: int) -> tuple[np.ndarray, np.ndarray] | None:
    if mean is None and std is None:
        return None
    pair = [np.asarray(x, dtype=np.float64) for x in (mean, std) if x is not None]
    fits = len(pair) == 2 and all(x.shape == (channels,) and np.isfinite(x).all() for x in pair)
    if not fits or (pair[1] <= 0).any():
        raise ValueError(
            f"mean is {mean} and std {std}, but a normalization of {channels} channels has one "
            "finite mean and one std above 0 for each: pass both, or neither."
        )
    return pair[0], pair[1]
