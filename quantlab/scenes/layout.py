"""What stands where on a street: everything decided from the seed, nothing drawn yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import pi, sqrt

from quantlab.scenes.camera import Camera
from quantlab.scenes.classes import CLASS_NAMES, CLASSES
from quantlab.scenes.draws import Draws
from quantlab.scenes.pose import Pose
from quantlab.scenes.weather import CONDITIONS

#: A condition or one of these two; a scene is in one slice of each kind or in none of the latter.
DENSITIES = ("small", "crowded")
#: Half of all scenes are plain days: rare conditions are what a careless calibration set lacks.
CONDITION_WEIGHTS = (0.45, 0.11, 0.13, 0.12, 0.1, 0.09)
#: None, small, crowded.
DENSITY_WEIGHTS = (0.7, 0.15, 0.15)
AWAY, TOWARDS = pi / 2, -pi / 2


@dataclass(frozen=True)
class Thing:
    """An object, or clutter where `kind` is None: where it stands, and its own seed."""

    kind: int | None
    pose: Pose
    seed: int

    @property
    def name(self) -> str:
        """The class's name; "clutter" for what has none."""
        return "clutter" if self.kind is None else CLASS_NAMES[self.kind]


@dataclass(frozen=True)
class Layout:
    """One scene before it is drawn: camera, street, condition, and things from far to near."""

    camera: Camera
    half_road: float
    pavement: float
    condition: str
    density: str | None
    things: tuple[Thing, ...]
    backdrop_seed: int
    weather_seed: int


def slices_of(seed: int) -> tuple[str, str | None]:
    """The condition and the density of a seed's scene, without laying it out."""
    return _kind(Draws(seed))


def _kind(draws: Draws) -> tuple[str, str | None]:
    condition = CONDITIONS[draws.weighted(CONDITION_WEIGHTS)]
    return condition, (None, *DENSITIES)[draws.weighted(DENSITY_WEIGHTS)]


def lay_out(seed: int, width: int, height: int, featured: Sequence[int] = ()) -> Layout:
    """The scene of a seed, for a picture of this size.

    An object of each class in `featured` is placed before all others.
    """
    draws = Draws(seed)
    condition, density = _kind(draws)
    camera = Camera(
        width,
        height,
        eye=draws.between(1.3, 2.6),
        focal=draws.between(0.85, 1.25),
        horizon=draws.between(0.36, 0.5),
        centre=draws.between(0.4, 0.6),
    )
    half_road, pavement = draws.between(3.6, 6.6), draws.between(2.2, 4.5)
    places = _Places(camera, half_road, pavement, density, draws)
    count = draws.whole(14, 24) if density == "crowded" else draws.whole(4, 11)
    weights = [c.weight for c in CLASSES]
    things = [places.thing(kind) for kind in featured]
    things += [places.thing(draws.weighted(weights)) for _ in range(count)]
    things += [places.thing(None) for _ in range(draws.whole(3, 9))]
    placed = sorted((t for t in things if t is not None), key=lambda t: -t.pose.z)
    return Layout(camera, half_road, pavement, condition, density, tuple(placed), draws.seed(),
                  draws.seed())  # fmt: skip


class _Places:
    """Finds a place for each thing that no other thing stands on."""

    def __init__(
        self, camera: Camera, half_road: float, pavement: float, density: str | None, draws: Draws
    ) -> None:
        self.camera, self.half_road, self.pavement = camera, half_road, pavement
        self.draws = draws
        self.small = density == "small"
        self.taken: list[tuple[float, float, float]] = []

    def thing(self, kind: int | None) -> Thing | None:
        """A thing of this class; None where eight tries found no free place."""
        name = "clutter" if kind is None else CLASS_NAMES[kind]
        where, radius = _WHERE.get(name, (_Places._roadside, 0.6))
        for _ in range(8):
            x, z, heading = where(self)
            if name in ("truck", "bus") and z < 9:
                z += 6
            if abs(x) < self.camera.half_view(z) * 2.2 and self._free(x, z, radius):
                self.taken.append((x, z, radius))
                return Thing(kind, Pose(x, z, heading), self.draws.seed())
        return None

    def _free(self, x: float, z: float, radius: float) -> bool:
        for a, b, r in self.taken:
            if (x - a) * (x - a) + (z - b) * (z - b) <= (radius + r) * (radius + r):
                return False
        return True

    def _distance(self, nearest: float) -> float:
        """Evenly spread in size, not in metres: as many large things as small ones."""
        nearest = max(nearest, self.camera.nearest() * 1.05)
        low, high = (22.0, 60.0) if self.small else (nearest, 48.0)
        share = self.draws.between(0, 1)
        share *= sqrt(share)
        return 1 / (1 / low + (1 / high - 1 / low) * (1 - share))

    def _lane(self) -> tuple[float, float, float]:
        """Driving, parked at the kerb, or crossing."""
        draws, z = self.draws, self._distance(5.5)
        choice = draws.weighted((5, 3, 2))
        side = draws.one_of((-1, 1))
        wobble = draws.between(-0.06, 0.06)
        if choice == 0:
            x = side * self.half_road * draws.between(0.3, 0.55)
            return x, z, (AWAY if side > 0 else TOWARDS) + wobble
        if choice == 1:
            x = side * (self.half_road - draws.between(0.9, 1.2))
            return x, z, draws.one_of((AWAY, TOWARDS)) + wobble
        x = draws.between(-1, 1) * self.half_road * 0.8
        return x, z + 2, draws.between(0, 2 * pi)

    def _ride(self) -> tuple[float, float, float]:
        draws, z = self.draws, self._distance(3.5)
        x = draws.one_of((-1, 1)) * self.half_road * draws.between(0.2, 1.0)
        return x, z, draws.one_of((draws.between(0, 2 * pi), AWAY, TOWARDS))

    def _walk(self) -> tuple[float, float, float]:
        draws, z = self.draws, self._distance(3.0)
        if draws.chance(0.3):
            return draws.between(-1, 1) * self.half_road, z, 0.0
        outer = self.half_road + self.pavement
        return draws.one_of((-1, 1)) * draws.between(self.half_road + 0.3, outer - 0.3), z, 0.0

    def _roadside(self) -> tuple[float, float, float]:
        draws, z = self.draws, self._distance(4.0)
        reach = draws.between(0.3, min(1.4, self.pavement - 0.3))
        return draws.one_of((-1, 1)) * (self.half_road + reach), z, 0.0

    def _works(self) -> tuple[float, float, float]:
        draws, z = self.draws, self._distance(2.8)
        return draws.between(-1, 1) * (self.half_road + 0.8), z, 0.0


# Where things of a class stand, and how much room they take, in metres.
_WHERE: dict[str, tuple[Callable[[_Places], tuple[float, float, float]], float]] = {
    "car": (_Places._lane, 2.0),
    "truck": (_Places._lane, 3.4),
    "bus": (_Places._lane, 4.6),
    "bicycle": (_Places._ride, 0.9),
    "motorcycle": (_Places._ride, 1.0),
    "person": (_Places._walk, 0.45),
    "dog": (_Places._walk, 0.6),
    "cone": (_Places._works, 0.4),
}
