"""train_qat: a plain training loop for a QATModel."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from math import cos, pi
from statistics import fmean
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor

from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.methods.qat.held_scales import HeldScales
from quantlab.methods.qat.qat_model import QATModel
from quantlab.methods.recipe import Training

MOMENTUM = 0.9


@dataclass(frozen=True, repr=False)
class TrainingHistory(Report):
    """What `train_qat` did.

    Parameters
    ----------
    losses : tuple of float
        Mean loss of the batches of each finished epoch.
    interrupted : bool
        Ctrl-C ended the training; the model is as the last finished epoch left it.
    notes : tuple of str
        What was done on the way to keep the training going, a sentence each.
    """

    losses: tuple[float, ...]
    interrupted: bool
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        ended = ", ended by Ctrl-C" if self.interrupted else ""
        epochs = f"{len(self.losses)} epoch{'s' * (len(self.losses) != 1)}{ended}"
        if not self.losses:
            return epochs
        return f"{epochs}: mean loss {self.losses[0]:.4g}, then {self.losses[-1]:.4g}"

    def tables(self) -> tuple[Table, ...]:
        rows = tuple({"epoch": i, "loss": loss} for i, loss in enumerate(self.losses, start=1))
        return (Table((Column("epoch", "epoch", "d"), Column("mean loss", "loss", ".4g")), rows),)


def train_qat(
    qat: QATModel,
    batches: Iterable[tuple[Any, Any]],
    loss: Callable[[Any, Any], Tensor],
    training: Training | None = None,
    *,
    after_epoch: Callable[[TrainingHistory], bool | None] | None = None,
    progress: bool = False,
) -> TrainingHistory:
    """Train in place, by stochastic gradient descent with momentum 0.9; eval mode afterwards.

    Every epoch goes over all batches once and ends with `qat.end_epoch()`, which freezes rulers and
    BatchNorm as the schedule says. Ctrl-C puts the model back to where the last finished epoch left
    it, and returns. A learned scale (LSQ) that a step would take to zero or below keeps its value
    instead, and the history has a note.

    Parameters
    ----------
    qat : QATModel
    batches : iterable of (images, targets)
        Gone over once an epoch, so a list or a loader, not a generator. Images are a float32 tensor
        or array (N, C, H, W); targets are whatever `loss` takes. The batches of a list come in an
        order drawn from the seed; a loader that shuffles with torch's own random numbers is seeded
        too.
    loss : callable
        `loss(output, targets)` gives a scalar tensor.
    training : Training, optional
        Default: that of the recipe the model was prepared with. Only epochs, learning_rate, decay
        and seed are read here; the model itself keeps the schedule.
    after_epoch : callable, optional
        Called after each epoch with the history so far, the model in eval mode: to draw a curve, to
        score the model, to keep a copy. True ends the training there. The optimizer goes on with
        its momentum, and the order of the batches does not depend on random numbers drawn here.
    progress : bool
        Show a bar on stderr.

    Returns
    -------
    TrainingHistory

    Raises
    ------
    ValueError
        No batches, or the loss, a weight, an activation or a learned scale has left its range; the
        model is then as the last finished epoch left it.

    Examples
    --------
    >>> from quantlab.methods.qat.qat_model import prepare_qat
    >>> from quantlab.methods.recipe import Recipe
    >>> x, y = torch.randn(8, 3, 4, 4), torch.arange(8) % 4
    >>> model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 4), torch.nn.Flatten())
    >>> qat = prepare_qat(model, [x], Recipe(training=Training(epochs=2, learning_rate=0.1)))
    >>> history = train_qat(qat, [(x, y)], torch.nn.functional.cross_entropy)
    >>> history.losses[1] < history.losses[0]
    True
    """
    settings = training or qat.training_settings
    learned = [p for p in qat.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learned, settings.learning_rate, momentum=MOMENTUM)
    scales = HeldScales(qat)
    losses: list[float] = []
    kept = deepcopy(qat.state_dict())
    interrupted = False
    try:
        with _seeded(settings.seed), _bar(settings.epochs, progress) as show:
            for epoch in range(settings.epochs):
                order = _in_order(batches)
                rate = _rate(settings, epoch, order)
                losses.append(_one_epoch(qat, order, loss, optimizer, scales, epoch, rate))
                qat.end_epoch()
                kept = deepcopy(qat.state_dict())
                show(losses[-1])
                if _is_enough(
                    qat, after_epoch, TrainingHistory(tuple(losses), False, scales.notes)
                ):
                    break
    except KeyboardInterrupt:
        interrupted = True
        qat.load_state_dict(kept)
    except ValueError:
        qat.load_state_dict(kept)
        raise
    finally:
        qat.eval()
    return TrainingHistory(tuple(losses), interrupted, scales.notes)


def _is_enough(
    qat: QATModel,
    after_epoch: Callable[[TrainingHistory], bool | None] | None,
    history: TrainingHistory,
) -> bool:
    """Whether the caller ends the training here."""
    if after_epoch is None:
        return False
    qat.eval()
    with torch.random.fork_rng(devices=[]):
        answer = after_epoch(history)
    if answer not in (None, True, False):
        raise TypeError(
            f"after_epoch gave {answer!r}, but it says True to end the training and False or None "
            f"to go on: compare the loss or score with a target there."
        )
    return bool(answer)


def _one_epoch(
    qat: QATModel,
    batches: Iterable[tuple[Any, Any]],
    loss: Callable[[Any, Any], Tensor],
    optimizer: torch.optim.Optimizer,
    scales: HeldScales,
    epoch: int,
    rate: Callable[[int], float],
) -> float:
    """One pass over the batches; the mean of their losses."""
    qat.train()
    values = []
    for index, (images, targets) in enumerate(batches):
        value = loss(qat(torch.as_tensor(images)), targets)
        if not torch.isfinite(value):
            raise ValueError(
                f"the loss is {value.item()} at batch {index} of epoch {epoch}: lower the "
                f"learning rate, or check images and targets for NaN."
            )
        for group in optimizer.param_groups:
            group["lr"] = rate(index)
        optimizer.zero_grad()
        value.backward()
        with scales.held():
            optimizer.step()
        values.append(value.item())
    if not values:
        raise ValueError(
            f"epoch {epoch} holds no batch, but each epoch goes over the data anew: pass a list or "
            f"a loader; a generator is empty after the first epoch."
        )
    return fmean(values)


def _rate(
    settings: Training, epoch: int, batches: Iterable[tuple[Any, Any]]
) -> Callable[[int], float]:
    """The learning rate of each batch of an epoch, by its index.

    Half a cosine over all steps; over epochs where a loader does not say how long it is.
    """
    if not settings.decay:
        return lambda index: settings.learning_rate
    length = len(batches) if isinstance(batches, Sized) else None

    def falling(index: int) -> float:
        done = (epoch + (index / length if length else 0.0)) / settings.epochs
        return settings.learning_rate * (1 + cos(pi * done)) / 2

    return falling


def _in_order(batches: Iterable[tuple[Any, Any]]) -> Iterable[tuple[Any, Any]]:
    """The batches of a list in an order drawn now; any others as they come."""
    if not isinstance(batches, Sequence):
        return batches
    return [batches[int(k)] for k in torch.randperm(len(batches))]


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """torch's random numbers begin at `seed`, and go on as before afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def _bar(epochs: int, shown: bool) -> Iterator[Callable[[float], None]]:
    """A function to call with each epoch's loss."""
    if not shown:
        yield lambda loss: None
        return
    columns = (
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=epochs)
        yield lambda loss: bar.update(task, advance=1, description=f"loss {loss:.4g}")
