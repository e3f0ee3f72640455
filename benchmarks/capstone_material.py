"""What every plan of the capstone starts from: a detector, and calibration scenes as batches."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from quantlab.scenes import Cache, Calibration, PictureBatches, Preprocessing, require

BATCH = 20
MIXED, EASY_DAY, EASY_NIGHT = "mixed", "easy day", "easy night"
#: A handful: what somebody takes who wants to see it work.
FEW_DAY, FEW_NIGHT = 6, 4


@dataclass(frozen=True)
class Material:
    """Where plans take what they need.

    Attributes
    ----------
    net : torch.nn.Module
        The trained detector, in eval mode.
    preprocessing : Preprocessing
    calibration : mapping of a name to Calibration
        MIXED, EASY_DAY and EASY_NIGHT.
    training : int
        Batches of light quantization-aware training.
    folder : Path
        Holds fp32.onnx and calibration.npy (MIXED), which other quantizers read.
    """

    net: nn.Module
    preprocessing: Preprocessing
    calibration: Mapping[str, Calibration]
    training: int
    folder: Path

    def batches(self, name: str = MIXED) -> PictureBatches:
        """The scenes of that name as the net wants them; TypeError for those of another split."""
        return require(self.calibration[name], Calibration).batches(self.preprocessing, BATCH)


def calibration_scenes(mixed: int, cache: Cache) -> dict[str, Calibration]:
    """The three sets: scenes of every kind, and two handfuls of easy ones."""
    easy = ("small", "crowded")
    return {
        MIXED: Calibration(mixed, cache=cache),
        EASY_DAY: Calibration(FEW_DAY, only=("day",), without=easy, cache=cache),
        EASY_NIGHT: Calibration(FEW_NIGHT, only=("night",), without=easy, cache=cache),
    }
