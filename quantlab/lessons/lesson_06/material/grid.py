"""Bits × method: the classifier's accuracy under 48 recipes, kept beside the lesson.

It takes minutes to measure, so it is kept as YAML with the recipe of every cell, the crops and the
seed. `make_grid(again=True)` measures all of it again; `measure(cell, lab)` one cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from quantlab.base.progress import counting
from quantlab.methods import Recipe
from quantlab.scenes import Validation
from quantlab.teach.kept import kept_path, read_kept, write_kept

HEAD = "# What `material.grid.make_grid()` found: top-1 of the shipped classifier, by recipe.\n"
KEPT = kept_path(__file__)
BITS = (4, 3, 2)
GRANULARITIES = ("per-tensor", "per-channel")
SEED = 0
#: AdaRound as the lesson has it: 50 steps of 8 crops, seconds instead of minutes. With 2 bits most
#: weights lie far from every tick, and it takes 300 steps.
ROUNDING = {"steps": 50, "batch_size": 8, "seed": SEED}
TWO_BITS_ROUNDING = {**ROUNDING, "steps": 300}
#: What each method adds to rounding to nearest: the parts of its recipe.
METHODS: Mapping[str, Mapping[str, Any]] = {
    "nearest": {},
    "MSE rulers": {"observer": "mse"},
    "equalize": {"equalize": True},
    "analytic bias": {"bias_correction": "analytic"},
    "empirical bias": {"bias_correction": "empirical"},
    "MSE + empirical": {"observer": "mse", "bias_correction": "empirical"},
    "AdaRound": {"learned_rounding": ROUNDING},
    "MSE + AdaRound": {"observer": "mse", "learned_rounding": ROUNDING},
}


@dataclass(frozen=True)
class Cell:
    """One recipe and the share of crops that the model names right under it, 0 to 1.

    `top1` is None before it is measured.
    """

    bits: int
    granularity: str
    method: str
    top1: float | None = field(default=None, compare=False)

    @property
    def parts(self) -> dict[str, Any]:
        """What the recipe says; all that it leaves out is a recipe's default."""
        parts = dict(METHODS[self.method])
        weights = {"dtype": f"int{self.bits}", "granularity": self.granularity}
        if "observer" in parts:
            weights["observer"] = parts.pop("observer")
        if "learned_rounding" in parts and self.bits == 2:
            parts["learned_rounding"] = TWO_BITS_ROUNDING
        return {"weights": weights, **parts}

    @property
    def recipe(self) -> Recipe:
        """Weights of so many bits, activations of 8 bits as a recipe has them."""
        return Recipe.from_dict(self.parts)


@dataclass(frozen=True)
class Grid:
    """All cells, the FP32 model beside them, and what they were measured with.

    Attributes
    ----------
    fp32 : float
        Top-1 of the FP32 model, 0 to 1.
    crops : int
        Validation crops: the grid is there to choose by, and test crops judge the choice.
    calibration : int
        Calibration crops.
    """

    fp32: float
    crops: int
    calibration: int
    cells: tuple[Cell, ...]

    def top1(self, bits: int, granularity: str, method: str) -> float | None:
        """Top-1 of one cell, 0 to 1; None for one that was not measured yet. KeyError: no such."""
        found = {(c.bits, c.granularity, c.method): c.top1 for c in self.cells}
        return found[bits, granularity, method]


def all_cells() -> tuple[Cell, ...]:
    """Every cell, not yet measured."""
    return tuple(Cell(*where) for where in product(BITS, GRANULARITIES, METHODS))


def measure(cell: Cell, lab: Any) -> Cell:
    """The cell, quantized and judged anew on a `Lab`'s crops."""
    scored = lab.top1(lab.quantize(cell.recipe))
    return Cell(cell.bits, cell.granularity, cell.method, scored)


def make_grid(
    path: Path = KEPT,
    *,
    again: bool = False,
    cells: tuple[Cell, ...] | None = None,
    lab: Any = None,
    progress: bool = True,
) -> Grid:
    """Measure the cells and keep them in `path`. All of them take minutes.

    Each cell is kept as soon as it is measured: after an interruption the next call goes on.

    Parameters
    ----------
    path : Path
    again : bool
        Measure every cell anew. Otherwise those that `path` holds are left as they are.
    cells : tuple of Cell, optional
        What a new grid holds; all of the lesson's when left out.
    lab : Lab, optional
        Judges and calibrates; the lesson's own when left out.
    progress : bool
        Show a bar on stderr.
    """
    from quantlab.lessons.lesson_06.material.lab import open_lab

    lab = lab or open_lab(Validation)
    known = cells or all_cells()
    if path.exists() and not again:
        known = kept_grid(path).cells
    grid = Grid(lab.top1(lab.model), len(lab.crops), len(lab.calibration), known)
    missing = [cell for cell in known if cell.top1 is None]
    with counting("cells", len(missing), progress) as done:
        for cell in missing:
            measured = measure(cell, lab)
            kept = tuple(measured if c == cell else c for c in grid.cells)
            grid = replace(grid, cells=kept)
            write_kept(path, HEAD, _plain(grid))
            done(f"{cell.bits} bits {cell.granularity} {cell.method}")
    return grid


def kept_grid(path: Path = KEPT) -> Grid:
    """The grid as it was last measured."""
    data = read_kept(path)
    cells = tuple(Cell(c["bits"], c["granularity"], c["method"], c["top1"]) for c in data["cells"])
    return Grid(data["fp32"], data["crops"], data["calibration"], cells)


def _plain(grid: Grid) -> dict[str, Any]:
    """What was measured, then the cells: where each stands, its top-1 and its recipe."""
    said: dict[str, Any] = {
        "model": "classifier",
        "split": "validation",
        "crops": grid.crops,
        "calibration": grid.calibration,
        "fp32": grid.fp32,
    }
    said["cells"] = [
        {
            "bits": c.bits,
            "granularity": c.granularity,
            "method": c.method,
            "top1": c.top1,
            "recipe": c.parts,
        }
        for c in grid.cells
    ]
    return said
