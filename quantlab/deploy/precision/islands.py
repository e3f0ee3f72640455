"""FP32 islands in an INT8 graph: each costs conversions on its shores."""

from __future__ import annotations

from collections.abc import Sequence

ISLAND, BRIDGE, SEA = "computes floats", "moves numbers", "anything else"


def count_islands(
    wires: Sequence[tuple[Sequence[str], Sequence[str]]], roles: Sequence[str]
) -> int:
    """Groups of nodes that hand each other floats, directly or past nodes that move them.

    Parameters
    ----------
    wires : sequence of (inputs, outputs)
        The tensors that each node reads and writes, the nodes in order.
    roles : sequence of str
        One for each node: ISLAND computes floats, BRIDGE hands on what it gets, SEA parts.

    Examples
    --------
    >>> count_islands([("a", "b"), ("b", "c"), ("c", "d")], [ISLAND, SEA, ISLAND])
    2
    >>> count_islands([("a", "b"), ("b", "c"), ("c", "d")], [ISLAND, BRIDGE, ISLAND])
    1
    """
    island_of: dict[str, int] = {}  # by tensor
    merged: dict[int, int] = {}  # an island to the one it belongs to, at last itself

    def root(island: int) -> int:
        while merged[island] != island:
            island = merged[island]
        return island

    for number, ((inputs, outputs), role) in enumerate(zip(wires, roles, strict=True)):
        touched = {root(island_of[tensor]) for tensor in inputs if tensor in island_of}
        if role == SEA or (role == BRIDGE and not touched):
            continue
        home = min(touched, default=number)
        merged.update(dict.fromkeys({*touched, home}, home))
        island_of.update(dict.fromkeys(outputs, home))
    return sum(island == home for island, home in merged.items())
