"""What a model computes from the sizes of its input alone is computed once, and stored.

Coordinates by `torch.arange(x.shape[-1])`, a mask of `x.new_zeros`, a table of sines: none reads a
value of the input. Where such a tensor is the same for each image, one image's is stored, and
repeated for as many as there are. A size that is no tensor becomes the number that it is, so that
asking a layer's output for its shape is not one more reader of it; the number of images is read off
the input.
"""

from typing import Any

import torch
from torch import fx

from quantlab.methods.graph.constants import store_tensor
from quantlab.methods.graph.refusals import DOES_NOT_RUN
from quantlab.methods.graph.shape_tracing import FORM

#: Functions and methods that make one in the form of another, whose values they do not read.
LIKES = ("zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full")
#: Attributes that say what form a tensor has.
ATTRIBUTES = ("shape", "ndim", "dtype", "device", "is_cuda")


def fold_sizes(graph: fx.GraphModule, batch: torch.Tensor) -> None:
    """Replace what depends on no value of the input by constants, in place.

    The graph is run on one image and on two. What differs then, other than by one image's being
    there twice, is left as it is; so is everything where the graph does not run so.
    """
    fixed = _fixed(graph.graph)
    # A constant of the model's own stays where it is: it has a name there.
    read = [n for n in fixed if n.op != "get_attr" and any(user not in fixed for user in n.users)]
    if not read:
        return
    try:
        one, two = (_values(graph, torch.cat([batch[:1]] * images), fixed) for images in (1, 2))
    except DOES_NOT_RUN:
        return
    (source,) = (node for node in graph.graph.nodes if node.op == "placeholder")
    with graph.graph.inserting_after(source):
        images = graph.graph.call_method("size", (source, 0))
    for node in read:
        if isinstance(one[node], torch.Tensor):
            _store(graph, node, one[node], two[node], images)
            continue
        number = _number(one[node], two[node], images)
        if number is not None:
            _put(node, number, [user for user in node.users if user not in fixed])


def _put(node: fx.Node, number: Any, users: list[fx.Node]) -> None:
    def instead(read: fx.Node) -> Any:
        return number if read is node else read

    for user in users:
        user.args, user.kwargs = fx.node.map_arg((user.args, user.kwargs), instead)


def _store(graph: fx.GraphModule, node: fx.Node, one: Any, two: Any, images: fx.Node) -> None:
    """Let the readers of a tensor read a constant: as it is, or once for each image."""
    axes = _axes_of_images(one, two)
    if axes is None or len(axes) > 1:
        return
    with graph.graph.inserting_before(node):
        new = store_tensor(graph, f"{node.name}_value", one, "")
        if axes:
            sizes = [images if axis in axes else -1 for axis in range(one.ndim)]
            new = graph.graph.call_method("expand", (new, *sizes))
    node.replace_all_uses_with(new)


def _number(one: Any, two: Any, images: fx.Node) -> Any:
    """What may stand for a number or a tuple of them; None where nothing may."""
    if isinstance(one, tuple):
        found = tuple(_number(a, b, images) for a, b in zip(one, two, strict=True))
        return None if None in found else found
    if type(one) not in (bool, int, float):
        return None
    return one if one == two else images if (one, two) == (1, 2) else None


def _name(node: fx.Node) -> str:
    """Of the function or method that a node calls."""
    if node.op not in ("call_function", "call_method"):
        return ""
    return str(node.target if node.op == "call_method" else getattr(node.target, "__name__", ""))


def _fixed(graph: fx.Graph) -> dict[fx.Node, None]:
    """The nodes that depend on no value of the input, in order."""
    found: dict[fx.Node, None] = {}
    for node in graph.nodes:
        called = node.op.startswith("call_")
        if node.op == "get_attr" or (called and found.keys() >= set(_read(node))):
            found[node] = None
    return found


def _read(node: fx.Node) -> list[fx.Node]:
    """The nodes whose values a node reads: not the tensor whose form alone it asks for."""
    name = _name(node)
    reads_form = name in LIKES or (node.op == "call_method" and name in FORM)
    if reads_form or (node.target is getattr and node.args[1] in ATTRIBUTES):
        return [source for source in node.all_input_nodes if source is not node.args[0]]
    return node.all_input_nodes


def _values(
    graph: fx.GraphModule, images: torch.Tensor, wanted: dict[fx.Node, None]
) -> dict[fx.Node, Any]:
    run = fx.Interpreter(graph, garbage_collect_values=False)
    run.extra_traceback = False
    run.run(images)
    return {node: run.env[node] for node in wanted}


def _axes_of_images(one: Any, two: Any) -> tuple[int, ...] | None:
    """Along which axes two images' tensor is one image's, twice; None for any other difference."""
    if not isinstance(one, torch.Tensor) or one.ndim != two.ndim:
        return None
    axes = tuple(at for at in range(one.ndim) if one.shape[at] != two.shape[at])
    if any(one.shape[at] != 1 for at in axes) or not torch.equal(one.expand_as(two), two):
        return None
    return axes
