"""A dict that stays as it is: for the fields of frozen values."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class FrozenMapping(Mapping[K, V]):
    """A read-only copy of a mapping, in its order.

    It compares like a dict, has a hash where its values have one, and can be pickled, which
    `types.MappingProxyType` cannot.

    Examples
    --------
    >>> settings = FrozenMapping({"percentile": 99.9})
    >>> settings["percentile"], settings
    (99.9, {'percentile': 99.9})
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        self._items = dict(items)

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)
