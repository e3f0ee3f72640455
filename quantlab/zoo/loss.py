"""MultiBox loss. Source: Liu et al., "SSD" (2016), sections 2.2 and 2.3."""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

#: So many background anchors are learned from for each anchor with an object: the worst ones.
NEGATIVES = 3


class MultiBoxLoss(NamedTuple):
    """Two scalars, each a sum over anchors divided by the number of anchors with an object."""

    classes: Tensor
    boxes: Tensor


def multibox_loss(
    logits: Tensor, offsets: Tensor, target_classes: Tensor, target_offsets: Tensor
) -> MultiBoxLoss:
    """Cross-entropy with hard negative mining, and smooth L1 on anchors with an object.

    An image without objects adds nothing, as in the paper: three times no anchors are none. A batch
    without any object has loss 0.

    Parameters
    ----------
    logits : float (N, A, classes + 1), offsets : float (N, A, 4)
        As `quantlab.zoo.detector.rows` gives them.
    target_classes : int64 (N, A), target_offsets : float (N, A, 4)
        As `match` gives them, stacked.

    Examples
    --------
    >>> import torch
    >>> sure = torch.tensor([[[9.0, 0.0], [0.0, 9.0], [0.0, 9.0]]])
    >>> loss = multibox_loss(
    ...     sure, torch.zeros(1, 3, 4), torch.tensor([[0, 1, 1]]), torch.zeros(1, 3, 4)
    ... )
    >>> round(loss.classes.item(), 5), loss.boxes.item()
    (0.00019, 0.0)
    """
    positive = target_classes > 0
    anchors = max(1, int(positive.sum()))
    entropy = F.cross_entropy(logits.transpose(1, 2), target_classes, reduction="none")
    learned = positive | _hardest(entropy.detach(), positive)
    boxes = F.smooth_l1_loss(offsets[positive], target_offsets[positive], reduction="sum")
    return MultiBoxLoss(entropy[learned].sum() / anchors, boxes / anchors)


def _hardest(entropy: Tensor, positive: Tensor) -> Tensor:
    """The background anchors with the largest loss, three for each positive of the same image."""
    rank = entropy.masked_fill(positive, -1.0).argsort(1, descending=True).argsort(1)
    wanted = NEGATIVES * positive.sum(1, keepdim=True)
    return (rank < wanted) & ~positive
