"""LSTM, GRU and RNN: along a sequence step by step, in one ONNX node a layer."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from quantlab.deploy.export.lowering.call import LoweringCall

# torch's gates in ONNX's order: an LSTM's input, output, forget, cell; a GRU's update, reset, new.
GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN": (0,)}


def recurrent(call: LoweringCall) -> None:
    """All layers, both ways where the layer is bidirectional, from a state of zeros."""
    layer = call.module
    kind = "RNN" if layer.mode.startswith("RNN") else str(layer.mode)
    _check(call, layer)
    x = call.x
    if layer.batch_first:
        x = call.before("Transpose", x, part="steps_first", perm=[1, 0, 2])
    states: list[list[str]] = [[], []]
    for at in range(layer.num_layers):
        x, *last = _layer(call, layer, kind, at, x)
        for found, state in zip(states, last, strict=False):
            found.append(state)
    if layer.batch_first:
        x = call.before("Transpose", x, part="images_first", perm=[1, 0, 2])
    call.put((0,), x)
    ends = [_joined(call, f"state_{at}", found) for at, found in enumerate(states) if found]
    if kind == "LSTM":
        for at, end in enumerate(ends):
            call.put((1, at), end)
    else:
        call.put((1,), ends[0])


def _check(call: LoweringCall, layer: Any) -> None:
    if len(call.node.args) + len(call.node.kwargs) > 1:
        raise ValueError(
            f"layer {call.name!r} is given its first state, but the export knows a state of zeros: "
            f"leave the state out."
        )
    if len(call.shape) != 3:
        raise ValueError(
            f"layer {call.name!r} reads a sequence without an axis for the images: give it three "
            f"axes."
        )
    if getattr(layer, "proj_size", 0):
        raise ValueError(
            f"layer {call.name!r} projects its state (proj_size), which ONNX does not have: use a "
            f"linear layer behind it."
        )


def _layer(call: LoweringCall, layer: Any, kind: str, at: int, x: str) -> list[str]:
    """What one layer gives at each step, (steps, images, features), and its last states."""
    ways = 2 if layer.bidirectional else 1
    parts = [_parameters(layer, kind, f"l{at}{end}") for end in ("", "_reverse")[:ways]]
    stored = [
        call.tensor(torch.stack(list(part)), f"{name}_{at}")
        for name, part in zip(
            ("weights", "recurrence", "biases"), zip(*parts, strict=True), strict=True
        )
    ]
    name = f"{call.name}_layer_{at}"
    outputs = [
        f"{name}_{result}" for result in ("steps", "state", "cell")[: 3 if kind == "LSTM" else 2]
    ]
    settings: dict[str, Any] = {"linear_before_reset": 1} if kind == "GRU" else {}
    if kind == "RNN":
        settings["activations"] = ["Tanh" if layer.mode.endswith("TANH") else "Relu"] * ways
    call.writer.node(
        kind,
        [x, *stored],
        outputs,
        name,
        hidden_size=layer.hidden_size,
        direction="bidirectional" if ways == 2 else "forward",
        **settings,
    )
    turned = call.before("Transpose", outputs[0], part=f"turned_{at}", perm=[0, 2, 1, 3])
    shape = call.whole("joined", [0, 0, ways * layer.hidden_size])
    return [call.before("Reshape", turned, shape, part=f"both_{at}"), *outputs[1:]]


def _parameters(layer: Any, kind: str, end: str) -> tuple[torch.Tensor, ...]:
    """Weights, recurrent weights and both biases of one direction, gates in ONNX's order."""

    def ordered(name: str) -> torch.Tensor:
        gates = getattr(layer, f"{name}_{end}").detach().chunk(len(GATES[kind]))
        return torch.cat([gates[gate] for gate in GATES[kind]])

    weight, recurrence = ordered("weight_ih"), ordered("weight_hh")
    if not layer.bias:
        return weight, recurrence, torch.zeros(2 * len(weight))
    return weight, recurrence, torch.cat([ordered("bias_ih"), ordered("bias_hh")])


def _joined(call: LoweringCall, part: str, states: list[str]) -> str:
    """The last state of all layers, one after another."""
    return states[0] if len(states) == 1 else call.before("Concat", *states, part=part, axis=0)


LOWERINGS: dict[Any, Callable[[LoweringCall], None]] = dict.fromkeys(
    (nn.LSTM, nn.GRU, nn.RNN), recurrent
)
