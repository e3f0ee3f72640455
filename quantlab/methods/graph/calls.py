"""One way to read a node, whether it calls a module, a function or a method of a tensor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import fx, nn

from quantlab.methods.graph.uneven_conv import UnevenConv2d
from quantlab.methods.graph.uneven_pool import UnevenMaxPool2d

# Name of the function -> the names of its arguments, in order, and those that have defaults.
FUNCTIONS: dict[str, dict[str, Any]] = {
    "relu": {"input": None},
    "relu6": {"input": None},
    "hardtanh": {"input": None, "min_val": -1.0, "max_val": 1.0},
    "clamp": {"input": None, "min": None, "max": None},
    "clamp_min": {"input": None, "min": None},
    "clamp_max": {"input": None, "max": None},
    "leaky_relu": {"input": None, "negative_slope": 0.01},
    "hardswish": {"input": None},
    "hardsigmoid": {"input": None},
    "sigmoid": {"input": None},
    "softmax": {"input": None, "dim": None},
    "add": {"input": None, "other": None, "alpha": 1},
    "mul": {"input": None, "other": None},
    "matmul": {"input": None, "other": None},
    "cat": {"tensors": None, "dim": 0},
    "max_pool2d": {
        "input": None,
        "kernel_size": None,
        "stride": None,
        "padding": 0,
        "dilation": 1,
        "ceil_mode": False,
        "return_indices": False,
    },
    "avg_pool2d": {
        "input": None,
        "kernel_size": None,
        "stride": None,
        "padding": 0,
        "ceil_mode": False,
        "count_include_pad": True,
        "divisor_override": None,
    },
    "adaptive_avg_pool2d": {"input": None, "output_size": None},
    "interpolate": {
        "input": None,
        "size": None,
        "scale_factor": None,
        "mode": "nearest",
        "align_corners": None,
        "recompute_scale_factor": None,
        "antialias": False,
    },
    "flatten": {"input": None, "start_dim": 0, "end_dim": -1},
    "reshape": {"input": None},
    "transpose": {"input": None, "dim0": None, "dim1": None},
    "permute": {"input": None, "dims": None},
    "getitem": {"input": None, "index": None},
    "pixel_shuffle": {"input": None, "upscale_factor": None},
}
SAME_FUNCTION = {
    "clip": "clamp",
    "multiply": "mul",
    "bmm": "matmul",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "concat": "cat",
    "concatenate": "cat",
    "unflatten": "reshape",
    "squeeze": "reshape",
    "unsqueeze": "reshape",
    "max_pool2d_with_indices": "max_pool2d",
}
BATCH_AXIS = "batch_axis"  # the key in node.meta
#: Where it holds the type of the tensor.
DTYPE = "dtype"
#: Where a layer has the names of what went into it, which stand for it from then on.
ABSORBED = "absorbed"
POOL = ("kernel_size", "stride", "padding", "ceil_mode")
CONV = ("kernel_size", "stride", "padding", "dilation", "groups")
UPSAMPLE = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor")
# Module -> the function it calls, and which of its attributes are settings of that function.
MODULES: dict[type[nn.Module], tuple[str, tuple[str, ...]]] = {
    nn.Conv2d: ("conv2d", CONV),
    UnevenConv2d: ("conv2d", CONV),
    nn.Linear: ("linear", ()),
    nn.BatchNorm1d: ("batch_norm", ("eps", "running_mean")),
    nn.BatchNorm2d: ("batch_norm", ("eps", "running_mean")),
    nn.BatchNorm3d: ("batch_norm", ("eps", "running_mean")),
    nn.SyncBatchNorm: ("batch_norm", ("eps", "running_mean")),
    nn.ReLU: ("relu", ()),
    nn.ReLU6: ("hardtanh", ("min_val", "max_val")),
    nn.Hardtanh: ("hardtanh", ("min_val", "max_val")),
    nn.LeakyReLU: ("leaky_relu", ("negative_slope",)),
    nn.Hardswish: ("hardswish", ()),
    nn.Hardsigmoid: ("hardsigmoid", ()),
    nn.Sigmoid: ("sigmoid", ()),
    nn.Softmax: ("softmax", ("dim",)),
    UnevenMaxPool2d: ("max_pool2d", (*POOL, "dilation", "return_indices")),
    nn.MaxPool2d: ("max_pool2d", (*POOL, "dilation", "return_indices")),
    nn.AvgPool2d: ("avg_pool2d", (*POOL, "count_include_pad", "divisor_override")),
    nn.AdaptiveAvgPool2d: ("adaptive_avg_pool2d", ("output_size",)),
    nn.Upsample: ("interpolate", UPSAMPLE),
    nn.UpsamplingNearest2d: ("interpolate", UPSAMPLE),
    nn.Flatten: ("flatten", ("start_dim", "end_dim")),
    nn.Unflatten: ("reshape", ()),
    nn.PixelShuffle: ("pixel_shuffle", ("upscale_factor",)),
}
# What a subclass may define and still compute what its torch.nn class computes.
SET_UP = ("__init__", "__repr__", "extra_repr", "reset_parameters")


@dataclass(frozen=True)
class TorchCall:
    """What a node calls, and with what.

    Parameters
    ----------
    function : str
        Name of the torch function that does the work, the same for a module and a method.
    shown : str
        As the caller's model says it: "ReLU6", "relu6".
    inputs : tuple of fx.Node
        The tensors it reads, in order; twice where one is read twice.
    settings : mapping
        Arguments by name.
    shape, result : tuple of int
        Of the first tensor read, and of what comes out; empty where that is no single tensor.
    batch_axis : int or None
        Of what comes out: the axis whose size is a multiple of the number of images.
    """

    function: str
    shown: str
    inputs: tuple[fx.Node, ...]
    settings: Mapping[str, Any]
    shape: tuple[int, ...]
    result: tuple[int, ...]
    batch_axis: int | None


def read_call(graph: fx.GraphModule, node: fx.Node) -> TorchCall:
    """Read a call_module, call_function or call_method node of a traced graph."""
    inputs = tensor_inputs(node)
    if node.op == "call_module":
        module = graph.get_submodule(str(node.target))
        shown = type(module).__name__
        function, attributes = MODULES.get(torch_class(module), (shown, ()))
        settings = {name: getattr(module, name) for name in attributes}
    else:
        shown = node.target if isinstance(node.target, str) else _name(node.target)
        function = SAME_FUNCTION.get(shown, shown)
        arguments = FUNCTIONS.get(function, {})
        given = dict(zip(arguments, _gathered(node.args, len(arguments)), strict=False))
        # A size that the model reads off a tensor is the number that it was for the example.
        settings = fx.node.map_arg(
            {**arguments, **given, **node.kwargs}, lambda read: read.meta.get("value", read)
        )
    shape = tuple(inputs[0].meta["shape"]) if inputs else ()
    result = tuple(node.meta.get("shape", ()))
    return TorchCall(function, shown, inputs, settings, shape, result, node.meta.get(BATCH_AXIS))


def _gathered(args: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    """`x.permute(0, 2, 1)` as `x.permute((0, 2, 1))`: whole numbers too many are one argument."""
    if 0 < most < len(args) and isinstance(args[most - 1], int):
        return (*args[: most - 1], args[most - 1 :])
    return args


def absorb(layer: fx.Node, gone: fx.Node) -> None:
    """Let a layer be found by the names of a node that it does the work of."""
    names = (gone.name, str(gone.meta.get("path", gone.name)), *gone.meta.get(ABSORBED, ()))
    layer.meta[ABSORBED] = (*layer.meta.get(ABSORBED, ()), *names)


def torch_class(module: nn.Module) -> type:
    """The class of torch.nn that computes for `module`: its own, or that of a plain subclass.

    A subclass is plain if it only sets the module up and shows it in another way.
    """
    for kind in type(module).__mro__:
        if kind in MODULES:
            return kind
        if any(callable(made) for name, made in vars(kind).items() if name not in SET_UP):
            break
    return type(module)


def tensor_inputs(node: fx.Node) -> tuple[fx.Node, ...]:
    """The nodes whose tensors a node reads, in order; twice where it reads one twice."""
    found: list[fx.Node] = []
    fx.node.map_arg((node.args, node.kwargs), found.append)
    return tuple(source for source in found if "shape" in source.meta)


def _name(target: Any) -> str:
    return str(getattr(target, "__name__", target))
