"""Calibration, training, validation and test scenes: four types over disjoint seeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, TypeVar

import numpy as np

from quantlab.scenes.cache import Cache
from quantlab.scenes.layout import DENSITIES, slices_of
from quantlab.scenes.picture_batches import PictureBatches
from quantlab.scenes.preprocessing import Preprocessing
from quantlab.scenes.scene import Scene, render
from quantlab.scenes.weather import CONDITIONS

#: How many seeds each split owns.
SEEDS_EACH = 10_000_000
RARE = "rare class"
SLICES = (*CONDITIONS, *DENSITIES, RARE)


@dataclass(frozen=True)
class Split:
    """The first `count` scenes of a split's own seeds that lie in the slices asked for.

    Indexable and iterable; a scene is drawn, or read from the cache, when it is asked for. Use
    one of `Calibration`, `Train`, `Validation` and `Test`.

    Parameters
    ----------
    count : int
        Scenes, 1 or more.
    only : tuple of str
        Slices, all of which a scene must be in.
    without : tuple of str
        Slices, none of which a scene may be in.
    width, height : int
        Pixels.
    cache : Cache, optional
        Where drawn scenes are kept.

    Raises
    ------
    TypeError
        `Split` itself: which seeds would it own?
    ValueError
        A count under 1, a slice that does not exist, or slices that no scene can be in.

    Examples
    --------
    >>> easy = Calibration(16, only=("day",), without=("small", "crowded"))
    >>> len(easy), sorted(easy[0].slices - {"rare class"})
    (16, ['day'])
    """

    count: int
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    width: int = 320
    height: int = 320
    cache: Cache | None = None

    number: ClassVar[int] = 0  # of the range of seeds; 0 is nobody's
    role: ClassVar[str] = ""  # what the scenes are for, as quantize_model asks

    def __post_init__(self) -> None:
        if self.number == 0:
            raise TypeError("Split owns no seeds: use Calibration, Train, Validation or Test.")
        if self.count < 1:
            raise ValueError(f"count is {self.count}, but a split has at least one scene.")
        _check_slices(self.only, self.without)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Scene:
        return self._scene(self.seeds[index])

    def __iter__(self) -> Iterator[Scene]:
        return (self[index] for index in range(self.count))

    def pictures(self) -> Iterator[np.ndarray]:
        """The scenes' pictures, uint8 (height, width, 3), in order."""
        return (scene.image for scene in self)

    def batches(self, preprocessing: Preprocessing, size: int = 16) -> PictureBatches:
        """The pictures as a network's input, `size` at a time; gone over as often as you like.

        Examples
        --------
        >>> x = next(iter(Calibration(3, width=32, height=32).batches(Preprocessing(32, 32))))
        >>> x.shape, str(x.dtype)
        ((3, 3, 32, 32), 'float32')
        """
        return PictureBatches(self, preprocessing, size)

    @classmethod
    def own_seeds(cls) -> range:
        """All the seeds that are this split's and no other's."""
        return range(cls.number * SEEDS_EACH, (cls.number + 1) * SEEDS_EACH)

    @classmethod
    def street_seed(cls, index: int) -> int:
        """The seed of the split's street of that number, from the lower end of its seeds up.

        Examples
        --------
        >>> Calibration(5).seeds == tuple(map(Calibration.street_seed, range(5)))
        True
        """
        return cls.own_seeds()[index]

    @classmethod
    def crop_seed(cls, index: int) -> int:
        """The seed of the split's crop of that number, from the upper end down, so that no crop
        shows a street that is a scene too."""
        return cls.own_seeds()[-1 - index]

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the scenes, in order."""
        found = []
        for seed in self.own_seeds():
            if self._is_wanted(seed):
                found.append(seed)
                if len(found) == self.count:
                    return tuple(found)
        raise ValueError(
            f"{self.count} scenes were asked for, but among this split's {SEEDS_EACH} seeds only "
            f"{len(found)} lie in these slices: ask for fewer."
        )

    def _scene(self, seed: int) -> Scene:
        if self.cache is None:
            return render(seed, self.width, self.height)
        return self.cache.scene(seed, self.width, self.height)

    def _is_wanted(self, seed: int) -> bool:
        slices = set(slices_of(seed))
        if not slices.issuperset(set(self.only) - {RARE}) or slices.intersection(self.without):
            return False
        if RARE not in (*self.only, *self.without):
            return True
        # Only the finished picture tells whether a rare object is in sight.
        return (RARE in self._scene(seed).slices) == (RARE in self.only)


class Calibration(Split):
    """What activation ranges are measured on."""

    number = 1
    role = "calibration"


class Train(Split):
    """What weights are learned from."""

    number = 2
    role = "train"


class Validation(Split):
    """What choices are made by."""

    number = 3
    role = "validation"


class Test(Split):
    """What the final figures are measured on, once every choice is made."""

    number = 4
    role = "test"
    __test__ = False  # not a class of tests: pytest collects by name


SomeSplit = TypeVar("SomeSplit", bound=Split)


def require(split: object, kind: type[SomeSplit]) -> SomeSplit:
    """The split given, if it is of the kind that its use requires.

    Raises
    ------
    TypeError
        Another split, or no split at all.
    """
    if isinstance(split, kind):
        return split
    name, reason = type(split).__name__, ""
    if isinstance(split, Split):
        reason = ", or scenes that were used for one purpose would be used for another too"
    raise TypeError(
        f"This is a {name}, but a {kind.__name__} split is needed here{reason}: make one with "
        f"quantlab.scenes.{kind.__name__}(count)."
    )


def _check_slices(only: tuple[str, ...], without: tuple[str, ...]) -> None:
    for name in (*only, *without):
        if name not in SLICES:
            raise ValueError(f"There is no slice {name!r}: choose among {', '.join(SLICES)}.")
    clash = set(only) & set(without)
    conditions, densities = set(only) & set(CONDITIONS), set(only) & set(DENSITIES)
    if clash or len(conditions) > 1 or len(densities) > 1 or set(CONDITIONS) <= set(without):
        raise ValueError(
            f"No scene is in all of {only} and in none of {without}: a scene has one condition "
            f"({', '.join(CONDITIONS)}) and at most one of {' and '.join(DENSITIES)}."
        )
