"""measure_latency: models run in turn, a speed-up with its interval, and an honest verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from quantlab.base.machine import machine, machine_line
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.deploy.latency.timing import (
    CONFIDENCE,
    Timing,
    ratio_interval,
    rounds_in_turn,
)
from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.onnx_graph.load import AnyModel
from quantlab.deploy.runtime.create_session import run_session
from quantlab.deploy.runtime.session import open_session

#: With fewer rounds a bootstrap of medians hardly varies and its interval promises too much.
FEWEST_ROUNDS = 10


@dataclass(frozen=True)
class SpeedUp:
    """How many times as fast a model is as the baseline: the ratio of the two medians.

    `low` and `high` hold 95 % of the bootstrap's ratios. `verdict` judges them against the target:
    'met' when the whole interval reaches it, 'missed' when the whole interval is below, else
    'inconclusive'.
    """

    name: str
    ratio: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True, repr=False)
class LatencyReport(Report):
    """Latencies of several models, measured in turn on one machine.

    Attributes
    ----------
    timings : tuple of (name, Timing)
        Seconds a run; the first is the baseline.
    speed_ups : tuple of SpeedUp
        Every other model against the baseline, in the same order.
    target : float
        The speed-up that was asked for.
    threads, rounds : int
        In every round each model ran once.
    interrupted : bool
        Ctrl-C ended the measurement early; `rounds` were complete.
    machine : dict
        What `quantlab.base.machine.machine()` says.
    """

    timings: tuple[tuple[str, Timing], ...]
    speed_ups: tuple[SpeedUp, ...]
    target: float
    threads: int
    rounds: int
    interrupted: bool
    machine: dict[str, Any]

    def __getitem__(self, name: str) -> Timing:
        for known, timing in self.timings:
            if known == name:
                return timing
        names = ", ".join(repr(known) for known, _ in self.timings)
        raise KeyError(f"{name!r} was not measured; these were: {names}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "timings": {name: asdict(timing) for name, timing in self.timings},
            "speed_ups": {s.name: asdict(s) for s in self.speed_ups},
            "target": self.target,
            "threads": self.threads,
            "rounds": self.rounds,
            "interrupted": self.interrupted,
            **self.machine,
        }

    @property
    def summary(self) -> str:
        ratios = ", ".join(f"{s.name} {s.ratio:.2f}×" for s in self.speed_ups)
        return f"{ratios} as fast as {self.timings[0][0]}"

    def tables(self) -> tuple[Table, ...]:
        speed_ups = {s.name: asdict(s) for s in self.speed_ups}
        rows = [
            {
                **dict.fromkeys(("ratio", "low", "high", "verdict")),
                **speed_ups.get(name, {}),
                "name": name,
                "median_ms": 1e3 * t.median,
                "quarter_ms": 1e3 * t.low,
                "three_quarters_ms": 1e3 * t.high,
            }
            for name, t in self.timings
        ]
        columns = (
            Column("model", "name"),
            Column("median (ms)", "median_ms", ".3f"),
            Column("half of the runs (ms)", ("quarter_ms", "three_quarters_ms"), ".3f"),
            Column("speed-up (×)", "ratio", ".2f"),
            Column(f"{100 * CONFIDENCE:.0f} % interval", ("low", "high"), ".2f"),
            Column(f"{self.target:g}×?", "verdict"),
        )
        return (Table(columns, tuple(rows)),)

    @property
    def notes(self) -> tuple[str, ...]:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        notes = [f"{self.rounds} rounds in turn, {threads}; {machine_line(self.machine)}"]
        if self.interrupted:
            notes.append(f"Interrupted: this is what {self.rounds} complete rounds say.")
        if any(s.verdict == "inconclusive" for s in self.speed_ups):
            notes.append(
                f"Inconclusive: {self.target:g}× lies within the interval. Measure longer (seconds="
                f"...) or when the machine is idle; if it stays so, the speed-up is the target."
            )
        return tuple(notes)


def measure_latency(
    models: Mapping[str, AnyModel],
    inputs: Any,
    threads: int = 1,
    *,
    target: float = 2.0,
    seconds: float = 5.0,
) -> LatencyReport:
    """Time models side by side in ONNX Runtime and judge the speed-up over the first.

    Every round runs each model once, in an order that changes, so that a disturbance meets all of
    them. Two rounds of warm-up are not counted. Ctrl-C ends the measurement and reports the
    complete rounds, from ten on.

    Parameters
    ----------
    models : mapping of name to path or onnx.ModelProto
        Two or more; the first is the baseline.
    inputs : array, or mapping of input name to array
        Fed to every model; one array serves models with one input.
    threads : int
        Threads of ONNX Runtime, 1 or more.
    target : float
        The speed-up to judge, above 0: 2.0 asks for half the time.
    seconds : float
        Time for all rounds together; ten rounds are done however long they take.

    Returns
    -------
    LatencyReport

    Raises
    ------
    ValueError
        Fewer than two models, a setting out of range, inputs that do not fit, or a model that
        ONNX Runtime refuses or cannot run on them.
    OSError
        A file cannot be read.
    KeyboardInterrupt
        Ctrl-C before ten complete rounds.

    Examples
    --------
    `print(measure_latency({"fp32": "net.onnx", "int8": "net_int8.onnx"}, x))`
    """
    _check_settings(models, target, seconds)
    calls = []
    for name, model in models.items():
        session = open_session(model, threads)
        feeds = checked_feeds(session, inputs, f"model {name!r}")
        run_session(session, feeds, name=f"model {name!r}")  # for its refusal, not for its time
        calls.append(partial(session.run, None, feeds))
    rounds, interrupted = complete_rounds(rounds_in_turn(calls, seconds, fewest=FEWEST_ROUNDS))
    return latency_report(
        list(models), rounds, target=target, threads=threads, interrupted=interrupted
    )


def complete_rounds(
    rounds: Iterator[tuple[float, ...]],
) -> tuple[list[tuple[float, ...]], bool]:
    """All rounds until the end or until Ctrl-C, and whether it was Ctrl-C.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C came before ten rounds were complete.
    """
    done: list[tuple[float, ...]] = []
    try:
        done.extend(rounds)
    except KeyboardInterrupt:
        if len(done) < FEWEST_ROUNDS:
            raise KeyboardInterrupt(
                f"interrupted after {len(done)} rounds; {FEWEST_ROUNDS} are the fewest that say "
                f"something"
            ) from None
        return done, True
    return done, False


def latency_report(
    names: Sequence[str],
    rounds: Any,
    *,
    target: float = 2.0,
    threads: int = 1,
    interrupted: bool = False,
) -> LatencyReport:
    """The report of measured rounds: arithmetic alone, nothing is run.

    Parameters
    ----------
    names : sequence of str
        The models, baseline first.
    rounds : float array (rounds, models)
        Seconds of each run.
    target, threads, interrupted
        As in `LatencyReport`.

    Examples
    --------
    >>> report = latency_report(["fp32", "int8"], [[2.2, 1.0]] * 10)
    >>> report.speed_ups[0].ratio, report.speed_ups[0].verdict
    (2.2, 'met')
    """
    seconds = np.asarray(rounds, dtype=np.float64)
    timings = tuple(
        (name, Timing.of(column)) for name, column in zip(names, seconds.T, strict=True)
    )
    baseline = timings[0][1].median
    speed_ups = []
    for index, (name, timing) in enumerate(timings[1:], start=1):
        low, high = ratio_interval(seconds[:, [0, index]])
        verdict = _verdict(low, high, target)
        speed_ups.append(SpeedUp(name, baseline / timing.median, low, high, verdict))
    return LatencyReport(
        timings, tuple(speed_ups), target, threads, len(seconds), interrupted, machine()
    )


def _verdict(low: float, high: float, target: float) -> str:
    if low >= target:
        return "met"
    return "missed" if high < target else "inconclusive"


def _check_settings(models: Mapping[str, AnyModel], target: float, seconds: float) -> None:
    if not isinstance(models, Mapping) or len(models) < 2:
        seen = f"a dict of {len(models)}" if isinstance(models, Mapping) else type(models).__name__
        raise ValueError(
            f"models is {seen}, but a speed-up compares at least two: pass "
            f'{{"fp32": path, "int8": path}}, the baseline first.'
        )
    if not (target > 0 and np.isfinite(target)) or not (seconds > 0 and np.isfinite(seconds)):
        raise ValueError(
            f"target is {target:g} and seconds is {seconds:g}, but both are finite numbers above "
            f"0: pass target=2.0, seconds=5.0."
        )
