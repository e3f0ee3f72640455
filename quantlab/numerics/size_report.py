"""SizeReport: bytes part by part, as a frozen value that shows itself as a table."""

from dataclasses import dataclass
from math import nan

from quantlab.base.report import Listing, Report
from quantlab.base.table import Column, Row, Table

MB = 1_000_000


@dataclass(frozen=True)
class TensorSize:
    """One tensor or layer: its name, the type it is stored as and its bytes."""

    name: str
    dtype: str
    nbytes: int


@dataclass(frozen=True, repr=False)
class SizeReport(Report):
    """Where the bytes are. `report["weights"]` is one part, `report.total` their sum.

    Attributes
    ----------
    title : str
    parts : tuple of (name, bytes)
        Every byte belongs to exactly one part.
    tensors : tuple of TensorSize
        The layers or tensors behind the parts.
    """

    title: str
    parts: tuple[tuple[str, int], ...]
    tensors: tuple[TensorSize, ...] = ()

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(size for _, size in self.parts)

    @property
    def payload(self) -> int:
        """All bytes but the container's: the numbers themselves."""
        return sum(size for name, size in self.parts if name != "container")

    def __getitem__(self, part: str) -> int:
        for name, size in self.parts:
            if name == part:
                return size
        raise KeyError(
            f"{part!r} is no part of this report; its parts are "
            f"{', '.join(name for name, _ in self.parts)}"
        )

    @property
    def summary(self) -> str:
        return f"{self.title}: {self.total:,} bytes"

    @property
    def notes(self) -> tuple[str, ...]:
        return ("1 MB = 1,000,000 bytes",)

    def tables(self) -> tuple[Table, ...]:
        rows = [self._row("part", name, n) for name, n in (*self.parts, ("total", self.total))]
        columns = (Column("part", "part"), *BYTES)
        return (Table(columns, tuple(rows), strong=frozenset([len(self.parts)])),)

    def by_tensor(self) -> Listing:
        """The tensors or layers, the largest first."""
        rows = [
            {**self._row("name", each.name, each.nbytes), "dtype": each.dtype}
            for each in sorted(self.tensors, key=lambda each: -each.nbytes)
        ]
        columns = (Column("name", "name"), Column("stored as", "dtype"), *BYTES)
        return Listing(self.summary, Table(columns, tuple(rows)))

    def _row(self, kind: str, name: str, size: int) -> Row:
        share = 100 * size / self.total if self.total else nan
        return {kind: name, "bytes": size, "megabytes": size / MB, "share_percent": share}


BYTES = (
    Column("bytes", "bytes", ","),
    Column("MB", "megabytes", ".3f"),
    Column("share (%)", "share_percent", ".1f"),
)
