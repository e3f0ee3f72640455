"""A program that somebody exported with torch.export, in the place of the model it came from."""

from copy import deepcopy
from typing import Any

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from quantlab.methods.graph.accepted_model import check_weights
from quantlab.methods.graph.exported_program import graph_of_program, images_of


class GivenProgram(nn.Module):
    """Runs an exported program on any number of images, also one that was fixed to some number.

    Parameters
    ----------
    program : torch.export.ExportedProgram, or what its `module()` gives
        It is not changed.

    Raises
    ------
    ValueError
        As `graph_of_program`; weights of another type than float32.
    """

    def __init__(self, program: Any) -> None:
        super().__init__()
        exported = isinstance(program, torch.export.ExportedProgram)
        self.program: fx.GraphModule = program.module() if exported else program
        check_weights(self.program)
        self.traced = graph_of_program(self.program)  # refuses other inputs than one
        self.images = images_of(self.program)

    def forward(self, x: torch.Tensor) -> Any:
        """What the program computes, for as many images at once as it takes."""
        if self.images in (None, len(x)):
            return self.program(x)
        at = torch.arange(-(-len(x) // self.images) * self.images) % len(x)
        parts = [self.program(x[some].clone()) for some in at.split(self.images)]
        return pytree.tree_map(
            lambda *same: torch.cat(same)[: len(x)] if isinstance(same[0], torch.Tensor) else None,
            *parts,
        )

    def graph(self) -> fx.GraphModule:
        """The program as calls of torch, with weights of its own."""
        return deepcopy(self.traced).cpu().requires_grad_(False)
