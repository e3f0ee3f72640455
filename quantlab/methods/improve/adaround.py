"""AdaRound: learn for each weight of a layer whether to round up or down."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from quantlab.base.progress import counting
from quantlab.methods.improve.layer_by_layer import LayerAtWork, layer_by_layer
from quantlab.methods.improve.layers import layer_of
from quantlab.methods.ptq.weights import QuantizedWeight, from_integers
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import LearnedRounding
from quantlab.numerics import QParams, quantize

# The sigmoid is stretched over [0, 1] and cut there, so that it reaches both ends (equation 23).
STRETCH_LOW, STRETCH_HIGH = -0.1, 1.1
# First only the error is learned from. Then the regularizer's exponent falls from the first to the
# last value: at 20 it leaves all undecided roundings alone, at 2 it pulls at every one.
WARM_UP = 0.2
FIRST_EXPONENT, LAST_EXPONENT = 20.0, 2.0


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """What a layer with rounded weights is to reproduce.

    Parameters
    ----------
    layer : function of (weight, inputs)
        The layer's output for these weights, with its bias and the activation that is fused with
        it. It can be differentiated by the weights.
    weight : float32 tensor
        Before rounding.
    qparams : QParams
        The ruler of the weights, per-tensor or along axis 0.
    inputs : float32 tensor, samples along axis 0
        As the layers before it give them after their own quantization.
    targets : float32 tensor, samples along axis 0
        The outputs of the float model.
    """

    layer: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    weight: torch.Tensor
    qparams: QParams
    inputs: torch.Tensor
    targets: torch.Tensor

    def error(self, q: np.ndarray, samples_at_once: int = 32) -> float:
        """Mean squared difference from the targets when the weights are the integers q."""
        return self._mean_square(self._dequantized(q), samples_at_once, None)

    def cost_of(self, q: np.ndarray, samples_at_once: int = 32) -> float:
        """Mean squared difference that rounding to q makes on the same inputs."""
        return self._mean_square(self._dequantized(q), samples_at_once, self.weight)

    def _mean_square(
        self, weight: torch.Tensor, samples_at_once: int, other: torch.Tensor | None
    ) -> float:
        total = 0.0
        with torch.no_grad():
            for x, target in zip(
                self.inputs.split(samples_at_once),
                self.targets.split(samples_at_once),
                strict=True,
            ):
                aim = target if other is None else self.layer(other, x)
                total += float((self.layer(weight, x) - aim).double().square().sum())
        return total / self.targets.numel()

    def _dequantized(self, q: np.ndarray) -> torch.Tensor:
        scale, zero_point = self.ruler()
        return (torch.from_numpy(q.astype(np.float32)) - zero_point) * scale

    def ruler(self) -> tuple[torch.Tensor, torch.Tensor]:
        """scale and zero_point as float32 tensors that broadcast along axis 0 of the weights."""
        shape = (-1, *(1,) * (self.weight.ndim - 1))
        parts = (self.qparams.scale, self.qparams.zero_point)
        scale, zero = (
            torch.from_numpy(np.array(p, dtype=np.float32)).reshape(shape) for p in parts
        )
        return scale, zero


def learn_layer_rounding(
    task: Reconstruction, settings: LearnedRounding, on_step: Callable[[], None] = lambda: None
) -> np.ndarray:
    """Integers whose layer reproduces its float outputs better than rounding to nearest does.

    Each weight lies between two ticks; `h` from 0 to 1 says where between them to put it. Adam
    moves all h so that the squared error of the layer's output falls, while a regularizer
    `1 - |2h - 1|^exponent` with a falling exponent drives every h to 0 or 1. Errors that cancel in
    the sum are thus found, which rounding each weight for itself cannot. (Nagel et al. 2020, "Up or
    Down? Adaptive Rounding for Post-Training Quantization", equations 21 to 25.)

    The error is measured after the activation, where the next layer sees it, and in units of what
    rounding to nearest costs: so one `regularization` serves layers of every size and magnitude.

    Parameters
    ----------
    task : Reconstruction
    settings : LearnedRounding
    on_step : function
        Called after each step.

    Returns
    -------
    integer array of the weights' shape and dtype `qparams.storage`
        Each is at most one step from `quantize(weight, qparams)`, which is returned itself where
        learning found nothing better on these inputs.
    """
    nearest = quantize(task.weight.numpy(), task.qparams)
    cost = task.cost_of(nearest)
    if cost == 0:  # every weight lies on a tick, or nothing reads the ones that do not
        return nearest
    scale, zero_point = task.ruler()
    steps = task.weight / scale
    floor = steps.floor()
    qmin, qmax = task.qparams.qmin, task.qparams.qmax
    start = (steps - floor - STRETCH_LOW) / (STRETCH_HIGH - STRETCH_LOW)
    with torch.enable_grad():
        v = torch.logit(start).requires_grad_()
        adam = torch.optim.Adam([v], lr=settings.learning_rate)
        for step, chosen in enumerate(_draws(len(task.inputs), settings)):
            h = _rectified_sigmoid(v)
            soft = torch.clamp(floor + h + zero_point, qmin, qmax)
            output = task.layer((soft - zero_point) * scale, task.inputs[chosen])
            loss = (output - task.targets[chosen]).square().mean() / cost
            loss = loss + settings.regularization * _undecided(h, step / settings.steps)
            adam.zero_grad()
            loss.backward()
            adam.step()
            on_step()
        up = _rectified_sigmoid(v.detach()) >= 0.5
    learned = torch.clamp(floor + up + zero_point, qmin, qmax)
    integers = learned.numpy().astype(task.qparams.storage)
    return integers if task.error(integers) < task.error(nearest) else nearest


def learn_rounding(
    model: QuantizedModel,
    calibration: Iterable[Any],
    settings: LearnedRounding,
    *,
    progress: bool = False,
) -> QuantizedModel:
    """Learn the rounding of every layer, first to last.

    Each layer learns from the inputs that the layers before it give with their learned integers.
    Rulers and biases stay.

    Parameters
    ----------
    model : QuantizedModel
        It is not changed, also when learning is interrupted.
    calibration : iterable of float32 arrays or tensors (N, C, H, W)
        See `layer_by_layer` for the memory it takes.
    settings : LearnedRounding
    progress : bool
        Show a bar on stderr.

    Raises
    ------
    TypeError, ValueError
        As `checked_batches`.
    """
    total = len(model.weights) * settings.steps
    with counting("learning to round", total, progress) as count:

        def decide(layer: LayerAtWork) -> QuantizedWeight:
            task = Reconstruction(
                layer=lambda weight, x: layer.activation(layer.output(weight, x)),
                weight=layer_of(layer.graph, layer.node).weight.detach(),
                qparams=layer.weight.qparams,
                inputs=torch.cat(layer.inputs),
                targets=layer.activation(torch.cat(layer.targets)),
            )
            q = learn_layer_rounding(task, settings, count)
            return from_integers(q, layer.weight.bias, layer.weight.qparams, layer.x)

        return layer_by_layer(model, calibration, decide)


def _draws(samples: int, settings: LearnedRounding) -> Iterator[torch.Tensor]:
    """The samples of each step. All are used once before one is used again."""
    generator = torch.Generator().manual_seed(settings.seed)
    size = min(settings.batch_size, samples)
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(settings.steps):
        if len(order) < size:
            order = torch.randperm(samples, generator=generator)
        yield order[:size]
        order = order[size:]


def _rectified_sigmoid(v: torch.Tensor) -> torch.Tensor:
    return torch.clamp(torch.sigmoid(v) * (STRETCH_HIGH - STRETCH_LOW) + STRETCH_LOW, 0, 1)


def _undecided(h: torch.Tensor, progress: float) -> torch.Tensor | float:
    """0 where every h is 0 or 1, at most 1."""
    if progress < WARM_UP:
        return 0.0
    left = (1 - progress) / (1 - WARM_UP)
    exponent = LAST_EXPONENT + (FIRST_EXPONENT - LAST_EXPONENT) * left
    return (1 - (2 * h - 1).abs().pow(exponent)).mean()
