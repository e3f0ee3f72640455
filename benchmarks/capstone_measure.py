"""How good and how fast the models of the plans are: accuracy as users get it, time in turns."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import onnxruntime as ort

from quantlab.analysis.detection import DetectionScores
from quantlab.deploy import open_session
from quantlab.deploy.export.pixels import PIXELS
from quantlab.deploy.latency.measure import LatencyReport, latency_report
from quantlab.deploy.latency.timing import rounds_in_turn
from quantlab.scenes import Preprocessing, Split
from quantlab.zoo import Detections, detect
from quantlab.zoo.evaluation import evaluate_detector


@dataclass(frozen=True)
class Deployed:
    """A session with the preprocessing that its input needs; a picture in, detections out."""

    session: ort.InferenceSession
    preprocessing: Preprocessing

    def input(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Pictures, uint8 (320, 320, 3), as the model reads them."""
        if self.is_fed_with_pictures:
            return np.stack(pictures)
        return self.preprocessing.batch(pictures)

    def outputs(self, x: np.ndarray) -> Sequence[np.ndarray]:
        """The detector's twelve arrays."""
        return self.session.run(None, {self.session.get_inputs()[0].name: x})

    def frame(self, picture: np.ndarray) -> list[Detections]:
        """All that happens to a picture: preprocessing, the model, decoding and suppression."""
        return detect(self.outputs(self.input([picture])))

    @property
    def is_fed_with_pictures(self) -> bool:
        """Whether the model needs no preprocessing."""
        return self.session.get_inputs()[0].name == PIXELS


def scores_of(
    path: Path, preprocessing: Preprocessing, split: Split, *, exact: bool = False
) -> DetectionScores:
    """Accuracy in ONNX Runtime; threads change nothing but the time this takes."""
    session = open_session(path, threads=os.cpu_count() or 1, exact=exact)
    return evaluate_detector(session, preprocessing, split, progress=True)


@dataclass(frozen=True)
class Speeds:
    """Latencies of all plans, FP32 first: of the model alone, and of whole frames."""

    model: LatencyReport
    frame: LatencyReport


def speeds_of(
    paths: Mapping[str, Path],
    preprocessing: Preprocessing,
    pictures: Sequence[np.ndarray],
    seconds: float,
) -> Speeds:
    """Time every plan in turn in this process, one picture at a time, one thread.

    Parameters
    ----------
    paths : mapping of plan to model file, FP32 first
    pictures : sequence of uint8 arrays (320, 320, 3)
        Seen by all plans in the same order: decoding takes longer where there is more to see.
    seconds : float
        For the models, and again for the frames.
    """
    models = [Deployed(open_session(path), preprocessing) for path in paths.values()]
    alone: list[Callable[[], object]] = []
    frames: list[Callable[[], object]] = []
    for model in models:
        alone.append(partial(model.outputs, model.input(pictures[:1])))
        turn = cycle(pictures)
        frames.append(lambda model=model, turn=turn: model.frame(next(turn)))
    return Speeds(*(_in_turn(list(paths), calls, seconds) for calls in (alone, frames)))


def _in_turn(names: list[str], calls: list[Callable[[], object]], seconds: float) -> LatencyReport:
    return latency_report(names, list(rounds_in_turn(calls, seconds, fewest=10)))
