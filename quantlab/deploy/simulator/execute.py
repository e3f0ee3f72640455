"""The execution of a plan: one step after the other, on numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch

import numpy as np

from quantlab.deploy.simulator.runtime_node import run_node
from quantlab.deploy.simulator.steps import (
    DequantizeStep,
    FloatStep,
    IntegerStep,
    Plan,
    QuantizeStep,
    RuntimeStep,
    Step,
)
from quantlab.numerics import dequantize, quantize

Values = dict[str, np.ndarray]


def execute(plan: Plan, inputs: Mapping[str, np.ndarray]) -> Values:
    """Every tensor of the plan, by name: inputs, constants and whatever the steps write.

    Raises
    ------
    ValueError
        As the operators in quantlab.numerics do; the message begins with the node's name.
    """
    values: Values = {**plan.constants, **inputs}
    for step in plan.steps:
        try:
            run(step, values)
        except ValueError as error:
            raise ValueError(f"node {step.name!r}: {error}") from error
    return values


@singledispatch
def run(step: Step, values: Values) -> None:
    """Compute one step: read from `values`, write into it."""
    raise TypeError(f"a step is one of {Step}, not {type(step).__name__}")


@run.register
def _(step: IntegerStep, values: Values) -> None:
    values[step.target] = step.kernel(*(values[name] for name in step.sources))


@run.register
def _(step: FloatStep, values: Values) -> None:
    values[step.target] = step.kernel(*(values[name] for name in step.sources))


@run.register
def _(step: QuantizeStep, values: Values) -> None:
    values[step.target] = quantize(values[step.source], step.qparams)


@run.register
def _(step: DequantizeStep, values: Values) -> None:
    values[step.target] = dequantize(values[step.source], step.qparams)


@run.register
def _(step: RuntimeStep, values: Values) -> None:
    arrays = {name: values[name] for name in step.sources}
    values.update(zip(step.targets, run_node(step, arrays), strict=True))
