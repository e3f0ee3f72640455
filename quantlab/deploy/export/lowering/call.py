"""One operator of a torch.fx graph, seen by whoever writes it down in ONNX."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import getitem
from typing import Any

import numpy as np
import torch
from torch import fx

from quantlab.deploy.export.graph_writer import GraphWriter
from quantlab.methods.graph.calls import read_call
from quantlab.methods.graph.constants import fetched


@dataclass(frozen=True, eq=False)
class LoweringCall:
    """What an operator is called with, and where its result goes.

    Attributes
    ----------
    writer : GraphWriter
        Receives the nodes.
    graph : torch.fx.GraphModule
        Holds the modules.
    node : torch.fx.Node
        The operator.
    values : mapping
        fx node name to the ONNX tensor that holds its value.
    output : str
        The ONNX tensor to write.
    results : dict
        Of operators that give several tensors: the ONNX tensor of each, by the node's name and the
        indices that take it out.
    """

    writer: GraphWriter
    graph: fx.GraphModule
    node: fx.Node
    values: Mapping[str, str]
    output: str
    results: dict[tuple[str, tuple[int, ...]], str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The node's name in torch.fx and in ONNX."""
        return str(self.node.name)

    @property
    def module(self) -> Any:
        """The torch.nn.Module called. Only where the node calls one."""
        return self.graph.get_submodule(str(self.node.target))

    @property
    def shown(self) -> str:
        """What the model calls, in the model's words."""
        return read_call(self.graph, self.node).shown

    @property
    def x(self) -> str:
        """The ONNX tensor of the first input."""
        return self.tensor(self.argument(0, "input"))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the first input."""
        return tuple(self.argument(0, "input").meta["shape"])

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """One argument: a node where it is a tensor, otherwise its plain value."""
        args, kwargs = self.node.args, self.node.kwargs
        value = args[position] if position < len(args) else kwargs.get(name, default)
        return fx.node.map_arg(value, lambda n: n.meta.get("value", n))

    def tensor(self, value: Any, part: str = "constant") -> str:
        """The ONNX tensor behind an argument; a number is stored as a float32 one."""
        if isinstance(value, fx.Node):
            return self.values[value.name]
        if isinstance(value, torch.Tensor):
            value = value.detach().numpy()
        return self.constant(part, np.asarray(value, dtype=np.float32))

    def array(self, value: Any) -> np.ndarray:
        """A parameter's numbers, where they must be known while the graph is written.

        Raises
        ------
        ValueError
            The parameter is computed in the graph.
        """
        if isinstance(value, fx.Node):
            if value.op != "get_attr":
                raise ValueError(
                    f"layer {self.name!r} computes its own parameter {value.name!r}, but it is "
                    f"stored in the file: make it an nn.Parameter or a buffer."
                )
            value = fetched(self.graph, value)
        return np.asarray(value.detach().numpy())

    def whole(self, part: str, numbers: Any) -> str:
        """Whole numbers, as shapes and axes are stored."""
        return self.constant(part, np.atleast_1d(np.asarray(numbers, dtype=np.int64)))

    def constant(self, part: str, array: Any) -> str:
        """An array stored as `{name}_{part}`."""
        return self.writer.constant(f"{self.name}_{part}", array)

    def write(self, operator: str, *inputs: str, **attributes: Any) -> None:
        """The node itself, from `inputs` to the output."""
        self.writer.node(operator, inputs, self.output, self.name, **attributes)

    def put(self, place: tuple[int, ...], tensor: str) -> None:
        """Let those who take one of several results read `tensor`."""
        self.results[self.name, place] = tensor

    def before(self, operator: str, *inputs: str, part: str, **attributes: Any) -> str:
        """A node that works for the node itself; returns the tensor it writes."""
        between = f"{self.name}_{part}"
        self.writer.node(operator, inputs, between, between, **attributes)
        return between


def place_of(node: fx.Node) -> tuple[str, tuple[int, ...]]:
    """Which operator's result a getitem takes, through others if need be, and by which indices."""
    place: list[int] = []
    source: Any = node
    while isinstance(source, fx.Node) and source.target is getitem and type(source.args[1]) is int:
        place.insert(0, source.args[1])
        source = source.args[0]
    return str(source), tuple(place)
