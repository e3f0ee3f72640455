"""SizeReport: bytes part by part, as a frozen value that prints as a table."""

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class TensorSize:
    """One tensor or layer: its name, the type it is stored as and its bytes."""

    name: str
    dtype: str
    nbytes: int


@dataclass(frozen=True)
class SizeReport:
    """Where the bytes are. `report["weights"]` is one part, `report.total` their sum.

    Attributes
    ----------
    title : str
    parts : tuple of (name, bytes)
        Every byte belongs to exactly one part.
    rows : tuple of TensorSize
        The layers or tensors behind the parts.
    """

    title: str
    parts: tuple[tuple[str, int], ...]
    rows: tuple[TensorSize, ...] = ()

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

    def table(self) -> str:
        """The parts as text: bytes, MB of 10^6 bytes, share of the total."""
        lines = [self.title, f"{'part':<16}{'bytes':>16}{'MB':>12}{'share':>9}"]
        lines += [self._line(name, size) for name, size in (*self.parts, ("total", self.total))]
        return "\n".join([*lines, "1 MB = 1,000,000 bytes"])

    def rows_table(self) -> str:
        """The rows as text, the largest first."""
        width = max([len(row.name) for row in self.rows] + [4])
        lines = [f"{'name':<{width}}  {'stored as':<10}{'bytes':>16}{'share':>9}"]
        for row in sorted(self.rows, key=lambda row: -row.nbytes):
            lines.append(
                f"{row.name:<{width}}  {row.dtype:<10}{row.nbytes:>16,}{self._share(row.nbytes):>9}"
            )
        return "\n".join(lines)

    def _line(self, name: str, size: int) -> str:
        return f"{name:<16}{size:>16,}{size / MB:>12.3f}{self._share(size):>9}"

    def _share(self, size: int) -> str:
        return f"{size / self.total:.1%}" if self.total else "-"

    def __str__(self) -> str:
        return self.table()
