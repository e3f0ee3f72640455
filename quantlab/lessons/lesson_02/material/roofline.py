"""The roofline of this machine: how fast it can compute, how fast it can fetch, which one limits.

The model is Williams, Waterman and Patterson's (Communications of the ACM 52(4), 2009): work that
does `i` operations for every byte it moves reaches at most `min(peak, bandwidth * i)`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import psutil

from quantlab.base.machine import last_level_cache, machine, machine_line
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.deploy.latency.layer_pairs import matmul_pair
from quantlab.deploy.latency.side_by_side import Timing, measure, side_by_side

#: The streamed arrays are at least this large, and at least four times the largest cache.
SMALLEST_ARRAY = 128 * 2**20
#: A run streams one of so many pieces, and the next run the next piece: short enough to fall
#: between two interruptions by other programs, and a piece has left the cache when its turn comes.
PIECES = 8
#: Side of the square matrices: 2 * 384**3 is 0.1 billion operations, a millisecond or two.
MATRIX = 384
PRECISIONS = ("float32", "int8")


@dataclass(frozen=True)
class Rate:
    """Something a second: the fastest run's, the median run's, and the quartiles of the runs.

    A roof is a limit, so the roofline takes `best`: whatever else the machine was doing can only
    have made the other runs slower.
    """

    best: float
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, amount: float, timing: Timing) -> Rate:
        """`amount` a run, divided by the runs' seconds."""
        return cls(
            amount / timing.fastest,
            amount / timing.median,
            amount / timing.high,
            amount / timing.low,
        )


@dataclass(frozen=True, repr=False)
class Roofline(Report):
    """Measured limits of one machine.

    Attributes
    ----------
    bandwidth : Rate
        Bytes a second between memory and CPU.
    float32, int8 : Rate
        Operations a second in a large matrix product; a multiply-accumulate counts as two.
    threads : int
    array_bytes : int
        Size of each of the two arrays that were streamed.
    cache_bytes : int or None
        The largest cache, where the system says so.
    machine : str
    """

    bandwidth: Rate
    float32: Rate
    int8: Rate
    threads: int
    array_bytes: int
    cache_bytes: int | None
    machine: str

    def peak(self, precision: str = "float32") -> float:
        """Operations a second when nothing has to be waited for; 'float32' or 'int8'."""
        if precision not in PRECISIONS:
            raise ValueError(
                f"precision is {precision!r}, but the roofline knows {' and '.join(PRECISIONS)}: "
                f"pass one of these."
            )
        return self.int8.best if precision == "int8" else self.float32.best

    def attainable(self, intensity: float, precision: str = "float32") -> float:
        """Operations a second at `intensity` operations a byte: the lower of the two limits."""
        if not intensity > 0:
            raise ValueError(
                f"intensity is {intensity:g}, but it is operations divided by bytes, both above 0: "
                f"count them again."
            )
        return min(self.peak(precision), self.bandwidth.best * intensity)

    def ridge(self, precision: str = "float32") -> float:
        """The intensity, in operations a byte, at which both limits are equal."""
        return self.peak(precision) / self.bandwidth.best

    def classify(self, operations: float, nbytes: float, precision: str = "float32") -> str:
        """'memory-bound' when fetching the bytes takes longer than computing, else 'compute-bound'.

        Parameters
        ----------
        operations : float
            Above 0; a multiply-accumulate is two.
        nbytes : float
            Bytes of inputs, weights and outputs, above 0.
        precision : str
            'float32' or 'int8'.
        """
        _check_work(operations, nbytes)
        bound = operations / nbytes < self.ridge(precision)
        return "memory-bound" if bound else "compute-bound"

    def shortest_time(self, operations: float, nbytes: float, precision: str = "float32") -> float:
        """Seconds that this work takes at least by this roofline: computed, not measured."""
        _check_work(operations, nbytes)
        return operations / self.attainable(operations / nbytes, precision)

    @property
    def summary(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"Roofline of {threads}, {self.machine}"

    def tables(self) -> tuple[Table, ...]:
        limits = (
            ("memory bandwidth (GB/s)", self.bandwidth),
            ("FP32 peak (GOP/s)", self.float32),
            ("INT8 peak (GOP/s)", self.int8),
        )
        rows = tuple(
            {"limit": name, **{key: value / 1e9 for key, value in vars(rate).items()}}
            for name, rate in limits
        )
        columns = (
            Column("limit", "limit"),
            Column("fastest run", "best", ".1f"),
            Column("median run", "median", ".1f"),
            Column("half of the runs", ("low", "high"), ".1f"),
        )
        return (Table(columns, rows),)


def measure_roofline(
    threads: int = 1, seconds: float = 2.0, say: Callable[[str], object] = print
) -> Roofline:
    """Measure this machine's memory bandwidth and its FP32 and INT8 peaks.

    Bandwidth: `a += b` in numpy over two float32 arrays that no cache can hold, each byte of a read
    and written, each of b read. Writing into a third array would cost a hidden fourth stream: the
    CPU fetches a line before it overwrites it. Peaks: one matrix product in ONNX Runtime as MatMul
    in FP32 and as MatMulInteger in uint8 by int8, run in turn.

    Parameters
    ----------
    threads : int
        1 or more; the same number for all three figures.
    seconds : float
        Time to measure, above 0; setting up adds one or two seconds.
    say : callable
        Takes a progress line; `print` by default.

    Raises
    ------
    ValueError
        threads below 1, seconds not above 0.
    """
    if threads < 1 or not seconds > 0:
        raise ValueError(
            f"threads is {threads} and seconds is {seconds:g}, but a measurement needs at "
            f"least one thread and some time: pass threads=1, seconds=2."
        )
    say("1 of 2: memory bandwidth ...")
    cache = last_level_cache()
    array_bytes = _array_bytes(cache, psutil.virtual_memory().available)
    bandwidth = _bandwidth(array_bytes, threads, seconds / 3)
    say(f"        {bandwidth.best / 1e9:.1f} GB/s. 2 of 2: FP32 and INT8 peaks ...")
    pair = matmul_pair(MATRIX)
    times = side_by_side(
        pair.runner("fp32", threads), pair.runner("int8", threads), seconds * 2 / 3
    )
    float32 = Rate.of(pair.operations, times.first)
    int8 = Rate.of(pair.operations, times.second)
    say(f"        {float32.best / 1e9:.1f} and {int8.best / 1e9:.1f} GOP/s.")
    return Roofline(bandwidth, float32, int8, threads, array_bytes, cache, machine_line(machine()))


def _array_bytes(cache: int | None, available: int) -> int:
    """At least four caches large, but both arrays together at most a quarter of free memory."""
    wanted = max(SMALLEST_ARRAY, 4 * (cache or 0))
    return min(wanted, available // 8) // 64 * 64


def _bandwidth(array_bytes: int, threads: int, seconds: float) -> Rate:
    count = array_bytes // 4
    a, b = np.ones(count, dtype=np.float32), np.ones(count, dtype=np.float32)
    shares = PIECES * threads
    parts = [slice(count * k // shares, count * (k + 1) // shares) for k in range(shares)]
    pieces = cycle(parts[k : k + threads] for k in range(0, shares, threads))

    def stream(part: slice) -> None:
        np.add(a[part], b[part], out=a[part])  # numpy lets other threads run meanwhile

    if threads == 1:
        timing = measure(lambda: stream(next(pieces)[0]), seconds)
    else:
        with ThreadPoolExecutor(threads) as pool:
            timing = measure(lambda: list(pool.map(stream, next(pieces))), seconds)
    return Rate.of(3 * array_bytes / PIECES, timing)


def _check_work(operations: float, nbytes: float) -> None:
    if not (operations > 0 and nbytes > 0):
        raise ValueError(
            f"operations is {operations:g} and nbytes is {nbytes:g}, but work has some of both: "
            f"count the multiply-accumulates twice, and inputs, weights and outputs."
        )
