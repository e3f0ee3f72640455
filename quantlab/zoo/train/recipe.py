"""What makes a training repeatable, as plain data."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network of the zoo is trained: AdamW, a warm-up, then a cosine down to 0; once or more.

    Every picture is drawn once: the street has more seeds than a training can use, so nothing is
    learned by heart and nothing needs to be flipped or recoloured.

    Parameters
    ----------
    pictures : int
        How many are seen in all.
    batch : int
    learning_rate : float
        The highest, at the end of each warm-up.
    sides : tuple of int
        Pixels of the square pictures, one size after the other, each for an equal part of the
        steps; the last is what the network is made for. What small pictures teach holds at every
        size, and they take less time. Source: Tan and Le, "EfficientNetV2" (2021), section 4.2.
    cycles : int
        How often warm-up and cosine are gone through, in an equal part of the steps each. Source:
        Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017).
    warm_up : int
        Steps of a cycle.
    weight_decay : float
    averaging : float
        After each step the shipped weights keep this share of what they were and take the rest from
        the trained ones. Source: Polyak and Juditsky (1992), as in Tan and Le, "EfficientNet".
    seed : int
        Of the weights at the start.
    outlier : float
        From the last cycle on one channel of each convolution before a ReLU6 has weights that are
        so many times as large as all others, see `add_outliers`; with 1 none is touched.
    """

    pictures: int
    batch: int
    learning_rate: float
    sides: tuple[int, ...]
    cycles: int = 1
    warm_up: int = 200
    weight_decay: float = 0.01
    averaging: float = 0.998
    seed: int = 0
    outlier: float = 1.0

    @property
    def steps(self) -> int:
        """Whole batches."""
        return self.pictures // self.batch

    def side(self, picture: int) -> int:
        """Pixels of a side of the picture of this number.

        Examples
        --------
        >>> recipe = TrainingRecipe(pictures=64, batch=8, learning_rate=1e-3, sides=(160, 320))
        >>> recipe.side(31), recipe.side(32)
        (160, 320)
        """
        step = min(picture // self.batch, self.steps - 1)
        return self.sides[step * len(self.sides) // self.steps]

    def cycle(self, step: int) -> range:
        """The steps of the cycle that a step belongs to.

        Examples
        --------
        >>> recipe = TrainingRecipe(
        ...     pictures=64, batch=8, learning_rate=1e-3, sides=(320,), cycles=2
        ... )
        >>> recipe.cycle(5)
        range(4, 8)
        """
        bounds = [round(self.steps * number / self.cycles) for number in range(self.cycles + 1)]
        return next(range(a, b) for a, b in pairwise(bounds) if step < b)
