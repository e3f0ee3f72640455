"""What helps a detector learn: the mask of the street beside its boxes."""

from torch import Tensor, nn

from quantlab.scenes import SEGMENTS
from quantlab.zoo.detector import TOWER, Detector

#: Pixels of the finest level's cells.
STRIDE = 8


class DetectorWithMask(nn.Module):
    """A detector that, while it learns, also says what each cell of its finest level shows.

    Boxes teach a few dozen anchors of a picture, the mask every cell; both read the same features,
    and the head of the mask is dropped afterwards. Source: Dvornik et al., "BlitzNet" (2017), where
    learning both tasks together makes the boxes better.

    Output: the detector's twelve tensors, then logits (N, 9, h / 8, w / 8).
    """

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector
        self.mask = nn.Conv2d(TOWER, len(SEGMENTS), kernel_size=1)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        seen = self.detector.seen(x)
        return (*self.detector.predicted(seen), self.mask(seen[0]))
