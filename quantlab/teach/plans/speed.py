"""How fast a plan's model is: FP32, the plan and a plan known to be good, in turn in one process.

The good plan is there for the machine's sake: where even it does not reach a speed, no target asks
for it, and what disturbs a round disturbs all three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from quantlab.teach.plans.inference import Inference

#: So few rounds are done however long they take.
FEWEST_ROUNDS = 20


@dataclass(frozen=True)
class Ratio:
    """FP32's median time over a model's, with its 95 % interval: 2.0 is half the time."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f}× ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Speed:
    """What was timed.

    plan    of the plan's model.
    good    of the shipped good plan's graph, in the same rounds.
    ms      median of one run of FP32, of the plan and of the good plan, in milliseconds.
    rounds  how often each ran.
    """

    plan: Ratio
    good: Ratio
    ms: tuple[float, float, float]
    rounds: int


def measured(model: str, content: bytes, inference: Inference, seconds: float) -> Speed:
    """Time an .onnx file beside FP32 and the good plan's graph, one picture, threads as asked.

    Parameters
    ----------
    model : "classifier", "segmenter" or "detector"
    content : bytes
        The plan's file.
    inference : Inference
    seconds : float
        For all three together; 20 rounds are done however long they take.
    """
    from quantlab.deploy.latency.timing import ratio_interval, rounds_in_turn

    files = (float_content(model), content, good_content(model))
    calls = [_call(model, file, inference.threads) for file in files]
    times = np.array(list(rounds_in_turn(calls, seconds, fewest=FEWEST_ROUNDS)))
    fp32, plan, good = (float(ms) for ms in 1e3 * np.median(times, axis=0))
    return Speed(
        Ratio(fp32 / plan, *ratio_interval(times[:, [0, 1]])),
        Ratio(fp32 / good, *ratio_interval(times[:, [0, 2]])),
        (fp32, plan, good),
        len(times),
    )


@lru_cache(maxsize=4)
def float_content(model: str) -> bytes:
    """The shipped model in FP32, BatchNorm folded, as an .onnx file's bytes."""
    from quantlab.deploy.export.export_onnx import build_onnx
    from quantlab.methods import fold_batchnorm, trace_model
    from quantlab.zoo import load

    network = load(model)
    graph = fold_batchnorm(trace_model(network, _input(model)))
    content: bytes = build_onnx(graph).SerializeToString()
    return content


@lru_cache(maxsize=4)
def good_content(model: str) -> bytes:
    """The graph of a plan that is fast: all in integers, fed with pictures where that can be.

    Its rulers come of a few pictures: how long a kernel takes does not depend on them.
    """
    from quantlab.deploy.export.export_onnx import build_onnx
    from quantlab.methods import Recipe, Rule, quantize_model
    from quantlab.zoo import load

    network: Any = load(model)
    recipe = Recipe(activations=Rule(observer="minmax"))
    quantized = quantize_model(network, [_input(model)], recipe)
    pixels = network.preprocessing if model == "detector" else None
    content: bytes = build_onnx(quantized, preprocessing=pixels).SerializeToString()
    return content


def _call(model: str, content: bytes, threads: int) -> Callable[[], object]:
    from quantlab.deploy import open_session

    session = open_session(content, threads)
    (given,) = session.get_inputs()
    x = _picture(model)[None] if given.type == "tensor(uint8)" else _input(model)
    return partial(session.run, None, {given.name: x})


def _input(model: str) -> np.ndarray:
    from quantlab.zoo import load

    network: Any = load(model)
    batch: np.ndarray = network.preprocessing.batch([_picture(model)])
    return batch


@lru_cache(maxsize=4)
def _picture(model: str) -> np.ndarray:
    from quantlab.scenes import Calibration
    from quantlab.zoo import load

    size: Any = load(model).preprocessing
    return next(iter(Calibration(1, width=size.width, height=size.height))).image
