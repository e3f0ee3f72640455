"""Tracing of a model whose Python looks at shapes: loops over sizes, asserts, branches by a size.

torch.fx gives Python no number at all. Here each operator also runs on the example, so that a size
is the number it is; only the number of images stays open. Python still cannot see the values of a
tensor.
"""

import operator
from collections.abc import Iterator
from typing import Any

import torch
from torch import fx, nn

from quantlab.methods.graph.accepted_model import has_hooks
from quantlab.methods.graph.calls import MODULES, torch_class
from quantlab.methods.graph.constants import depends_on_input
from quantlab.methods.graph.refusals import ReadsValueError, first_line

_UNKNOWN = object()  # an argument that nobody gives, or a number read off a tensor's values
#: Methods that read a tensor's form, not its values.
FORM = ("size", "dim", "ndimension", "numel", "nelement", "stride", "is_floating_point")


#: Methods and functions that give Python a value of a tensor.
VALUES = ("item", "tolist", torch.equal, "equal", torch.allclose, "allclose", torch.is_nonzero)


class LayerTracer(fx.Tracer):
    """Takes a plain subclass of a layer for that layer; torch would look into it.

    A layer with hooks is looked into, so that the graph has what they do. Made with
    `param_shapes_constant`, so that Python may look at the shapes of parameters.
    """

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        layer = super().is_leaf_module(m, module_qualified_name) or torch_class(m) in MODULES
        return layer and not has_hooks(m)

    def create_proxy(
        self, kind: str, target: Any, args: Any, kwargs: Any, *more: Any, **named: Any
    ) -> fx.Proxy:
        made = super().create_proxy(kind, target, args, kwargs, *more, **named)
        if target in VALUES and depends_on_input(made.node):
            name = target if isinstance(target, str) else target.__name__
            raise ReadsValueError(f"{name} of a tensor is a number that only data give")
        return made


class _Sized(fx.Proxy):
    """A proxy that knows its sizes, but for the first: that is the number of images."""

    tracer: "ShapeTracer"

    @property
    def shape(self) -> Any:
        value = self.tracer.value(self)
        if not isinstance(value, torch.Tensor):
            return fx.proxy.Attribute(self, "shape")
        images = self.tracer.create_proxy("call_method", "size", (self, 0), {})
        return (images, *value.shape[1:]) if value.ndim else ()

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    @property
    def ndim(self) -> int:
        return int(self.tracer.value(self).ndim)

    def dim(self) -> int:
        return self.ndim

    def __len__(self) -> int:
        return len(self.tracer.value(self))

    def __index__(self) -> int:
        return int(self.tracer.number(self))

    def __int__(self) -> int:
        return int(self.tracer.number(self))

    def __float__(self) -> float:
        return float(self.tracer.number(self))


class ShapeTracer(LayerTracer):
    """Runs every operator on `batch` while it traces."""

    def __init__(self, batch: torch.Tensor) -> None:
        super().__init__(param_shapes_constant=True)
        self._batch = batch
        self._values: dict[fx.Node, Any] = {}
        self._running = False

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Sized(node, self)

    def value(self, proxy: fx.Proxy) -> Any:
        """What a proxy stands for on the example."""
        return self._values.get(proxy.node, _UNKNOWN)

    def number(self, proxy: fx.Proxy) -> Any:
        """What a proxy stands for, if it is no tensor."""
        value = self.value(proxy)
        if isinstance(value, torch.Tensor) or value is _UNKNOWN:
            try:
                super().to_bool(proxy)  # raises torch.fx's own error
            except fx.proxy.TraceError as error:
                if value is _UNKNOWN:
                    raise
                raise ReadsValueError(first_line(error)) from error
        return value

    def to_bool(self, obj: fx.Proxy) -> bool:
        return bool(self.number(obj))

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        value = self.value(obj)
        if not isinstance(value, tuple | list):
            return super().iter(obj)
        take = operator.getitem
        return (self.create_proxy("call_function", take, (obj, i), {}) for i in range(len(value)))

    def create_proxy(
        self, kind: str, target: Any, args: Any, kwargs: Any, *more: Any, **named: Any
    ) -> fx.Proxy:
        made = super().create_proxy(kind, target, args, kwargs, *more, **named)
        if kind == "placeholder":
            first = not any(node.op == "placeholder" for node in self._values)
            self._values[made.node] = self._batch.clone() if first else _UNKNOWN
        else:
            self._values[made.node] = self._run(kind, target, args, kwargs)
        return made

    def _run(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        given = fx.node.map_aggregate(
            (args, kwargs), lambda a: self.value(a) if isinstance(a, fx.Proxy) else a
        )
        unknown: list[Any] = []
        fx.node.map_aggregate(given, lambda a: unknown.append(a) if a is _UNKNOWN else a)
        if unknown:
            return _UNKNOWN
        result = self._result(kind, target, *given)
        reads_form = target is getattr or target in FORM
        return result if reads_form or not holds_tensor(given) or holds_tensor(result) else _UNKNOWN

    def _result(self, kind: str, target: Any, args: Any, kwargs: Any) -> Any:
        self._running = True
        try:
            if kind == "call_function":
                return target(*args, **kwargs)
            if kind == "call_method":
                return getattr(args[0], target)(*args[1:], **kwargs)
            if kind == "call_module":
                return self.root.get_submodule(target)(*args, **kwargs)
            owner, _, name = target.rpartition(".")
            return getattr(self.root.get_submodule(owner), name)
        finally:
            self._running = False

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        if self._running:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: Any) -> Any:
        if self._running:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)


def holds_tensor(value: Any) -> bool:
    """Whether there is a tensor in it, at any depth."""
    found: list[Any] = []
    fx.node.map_aggregate(value, lambda a: found.append(a) if isinstance(a, torch.Tensor) else a)
    return bool(found)
