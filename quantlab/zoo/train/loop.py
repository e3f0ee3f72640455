"""The training itself: a step for each batch, a checkpoint every few minutes, and on it goes."""

import os
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from math import cos, isfinite, pi
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from quantlab.base.atomic import replacing
from quantlab.zoo.train.interrupts import deferred, follow
from quantlab.zoo.train.outliers import add_outliers
from quantlab.zoo.train.recipe import TrainingRecipe
from quantlab.zoo.train.replicas import Replicas
from quantlab.zoo.train.tasks import Example, Task

#: Seconds between two checkpoints: what a kill can cost.
CHECKPOINT_EVERY = 30.0
#: Steps that the loss shown is a mean of.
RECENT = 50
#: Pictures that a part of a batch has at least.
LEAST_IN_A_PART = 4


@dataclass
class Progress:
    """How far a training is, and what it has seen.

    Attributes
    ----------
    step : int
        Batches done.
    losses : list of float
        One a step.
    seconds : float
        Spent in steps, over all runs of the training.
    """

    step: int = 0
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def recent_loss(self) -> float:
        """The mean of the last steps: a single one says little."""
        recent = self.losses[-RECENT:]
        return sum(recent) / len(recent)


class Training:
    """A training that can be stopped after any step and go on from its last checkpoint.

    Stopped or not, the weights at the end are the same, bit by bit, on the same machine.
    """

    def __init__(self, task: Task, recipe: TrainingRecipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.task, self.recipe, self.device = task, recipe, device
        network = task.network()
        self.model = task.learner(network).train().to(device)
        self._path = next(path for path, m in self.model.named_modules() if m is network)
        _lay_out(self.model, torch.channels_last)
        self.averaged = AveragedModel(
            self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
        )
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), weight_decay=recipe.weight_decay
        )
        self.progress = Progress()

    @property
    def parts(self) -> int:
        """Into how many parts a batch is split: one a core, but none so small that its own
        BatchNorm statistics would be poor; a GPU takes it whole.
        """
        if self.device.type != "cpu":
            return 1
        return max(1, min(os.cpu_count() or 1, self.recipe.batch // LEAST_IN_A_PART))

    def run(self, checkpoint: Path, show: Callable[[Progress], None]) -> None:
        """Go on to the end; `show` is called after each step.

        Raises
        ------
        ValueError
            The loss is no longer a number; the last checkpoint is from before.
        KeyboardInterrupt
            Ctrl-C, once the step is done and its checkpoint written.
        """
        replicas = Replicas(self.model, self.parts)
        self.save(checkpoint)
        saved = time.monotonic()
        with deferred() as stop:
            for batch in self._batches():
                self._step(replicas, batch)
                show(self.progress)
                if stop() or time.monotonic() - saved > CHECKPOINT_EVERY:
                    self.save(checkpoint)
                    saved = time.monotonic()
                if stop():
                    raise KeyboardInterrupt
        self.save(checkpoint)

    def finished(self) -> nn.Module:
        """The averaged weights, in eval mode, on the CPU."""
        model = self.averaged.module.get_submodule(self._path).eval().to("cpu")
        _lay_out(model, torch.contiguous_format)
        return model

    def save(self, checkpoint: Path) -> None:
        """Everything that the next step depends on."""
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": vars(self.progress),
            "recipe": vars(self.recipe),
        }
        with replacing(checkpoint) as temporary:
            torch.save(state, temporary)

    def restore(self, checkpoint: Path) -> None:
        """Go on where `save` was called.

        Raises
        ------
        ValueError
            The file is no checkpoint, or one of another recipe.
        """
        try:
            state = torch.load(checkpoint, map_location=self.device, weights_only=True)
        except (UnpicklingError, EOFError, RuntimeError, zipfile.BadZipFile) as problem:
            raise ValueError(
                f"{checkpoint} is no checkpoint of this program ({type(problem).__name__}): name "
                "another folder with --out."
            ) from None
        if state["recipe"] != vars(self.recipe):
            raise ValueError(
                f"{checkpoint} belongs to a training with {state['recipe']}, but this one has "
                f"{vars(self.recipe)}: name another folder with --out, or start anew without "
                "--resume."
            )
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])

    def _batches(self) -> Iterator[list[Tensor]]:
        first = self.progress.step * self.recipe.batch
        numbers = range(first, self.recipe.steps * self.recipe.batch)
        return iter(
            DataLoader(
                Examples(self.task.example, numbers, self.recipe.side),
                self.recipe.batch,
                num_workers=min(os.cpu_count() or 1, 8),
                worker_init_fn=partial(follow, os.getpid()),
            )
        )

    def _step(self, replicas: Replicas, batch: list[Tensor]) -> None:
        began = time.monotonic()
        if self.progress.step == self.recipe.cycle(self.recipe.steps - 1).start:
            add_outliers(self.model.get_submodule(self._path), self.recipe.outlier)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, self.progress.step)
        loss = replicas.backward(self._loss, [t.to(self.device) for t in batch])
        self.progress.losses.append(loss)
        if not isfinite(loss):
            raise ValueError(
                f"the loss is {loss} at step {self.progress.step}: lower the learning rate."
            )
        self.optimizer.step()
        self.averaged.update_parameters(self.model)
        self.progress.step += 1
        self.progress.seconds += time.monotonic() - began

    def _loss(self, model: nn.Module, batch: list[Tensor]) -> Tensor:
        pixels, *targets = batch
        return self.task.loss(model(self._input(pixels)), *targets)

    def _input(self, pixels: Tensor) -> Tensor:
        """What `Preprocessing.batch` makes of pictures of the right size, on the device."""
        pre = self.task.preprocessing
        mean, std = (torch.tensor(v, device=self.device) for v in (pre.mean, pre.std))
        # A picture's layout is channels last already: only the axes are named anew.
        return ((pixels * pre.scale - mean) / std).permute(0, 3, 1, 2)


def _lay_out(model: nn.Module, layout: torch.memory_format) -> None:
    """Convolutions run several times as fast on a CPU when channels lie side by side."""
    for weight in model.parameters():
        if weight.dim() == 4:
            weight.data = weight.data.contiguous(memory_format=layout)


class Examples(Dataset[Example]):
    """The training examples of these numbers, each at the size that `side` says for its number."""

    def __init__(
        self, example: Callable[[int, int], Example], numbers: range, side: Callable[[int], int]
    ) -> None:
        self.example, self.numbers, self.side = example, numbers, side

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> Example:
        number = self.numbers[index]
        return self.example(number, self.side(number))


def pick_device(name: str) -> torch.device:
    """The device of a name; "auto" is CUDA or Apple's GPU where there is one, else the CPU.

    Raises
    ------
    ValueError
        A device that torch does not know or that this machine lacks.
    """
    if name == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        return found or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as problem:
        raise ValueError(
            f"--device is {name!r}, but torch cannot use it here ({str(problem).splitlines()[0]}): "
            "choose auto or cpu."
        ) from None
    return device


def learning_rate(recipe: TrainingRecipe, step: int) -> float:
    """In each cycle up in a straight line over the warm-up, then down along a cosine to 0."""
    cycle = recipe.cycle(step)
    done = step - cycle.start
    if done < recipe.warm_up:
        return recipe.learning_rate * (done + 1) / recipe.warm_up
    rest = (done - recipe.warm_up) / max(1, len(cycle) - recipe.warm_up)
    return recipe.learning_rate * (1 + cos(pi * rest)) / 2
