"""`einsum` of two tensors as the product of matrices that it is: that one runs on integers."""

from typing import Any

import torch
from torch import fx


def matmul_instead_of_einsum(graph: fx.Graph, node: fx.Node) -> fx.Node | None:
    """The same as permutations around a matmul, where one letter is summed and two are free.

    All other letters are in both tensors and in the result, where matmul takes one matrix after the
    other: "bhid,bhjd->bhij". None for any other equation.
    """
    equation, *operands = node.args
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = list(operands[0])
    letters = _letters(equation)
    if letters is None or len(operands) != 2:
        return None
    left, right, result = letters
    both = [letter for letter in result if letter in left and letter in right]
    summed = [letter for letter in left if letter in right and letter not in result]
    rows = [letter for letter in left if letter in result and letter not in right]
    columns = [letter for letter in right if letter in result and letter not in left]
    if [len(part) for part in (summed, rows, columns)] != [1, 1, 1]:
        return None
    if {*left, *right} != {*both, *summed, *rows, *columns}:
        return None
    a = _permuted(graph, operands[0], left, [*both, *rows, *summed])
    b = _permuted(graph, operands[1], right, [*both, *summed, *columns])
    product = graph.call_function(torch.matmul, (a, b))
    return _permuted(graph, product, [*both, *rows, *columns], result)


def _letters(equation: Any) -> tuple[list[str], list[str], list[str]] | None:
    """Of both operands and of the result; None where it is not two, or a letter comes twice."""
    if not isinstance(equation, str) or "->" not in equation or "." in equation:
        return None
    read, _, result = equation.replace(" ", "").partition("->")
    parts = [list(part) for part in (*read.split(","), result)]
    if len(parts) != 3 or any(len(set(part)) < len(part) for part in parts):
        return None
    return parts[0], parts[1], parts[2]


def _permuted(graph: fx.Graph, x: Any, old: list[str], new: list[str]) -> Any:
    if old == new:
        return x
    return graph.call_function(torch.permute, (x, tuple(old.index(letter) for letter in new)))
