"""How a kernel slides over an image: a Conv's or a pool's attributes as arguments of numerics."""

from __future__ import annotations

from typing import Any

from quantlab.deploy.onnx_graph.graph import Node


def window_settings(node: Node, *names: str) -> dict[str, Any]:
    """strides, pads and dilations as far as the node has them, and the attributes in `names`.

    Raises
    ------
    ValueError
        Padding is left to the runtime (auto_pad).
    """
    auto_pad = node.attributes.get("auto_pad", "NOTSET")
    if auto_pad not in ("NOTSET", "VALID"):
        raise ValueError(
            f"{node} has auto_pad={auto_pad!r}, but the simulator needs the padding in numbers: "
            f"export with pads."
        )
    wanted = ("strides", "pads", "dilations", *names)
    return {name: node.attributes[name] for name in wanted if name in node.attributes}
