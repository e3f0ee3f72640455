"""What a segmenter learns from: each pixel alone, and each class's area as a whole."""

import torch.nn.functional as F
from torch import Tensor


def segmentation_loss(logits: Tensor, mask: Tensor, rarity: float = 0.0) -> Tensor:
    """Cross-entropy plus one minus the mean Dice coefficient of the classes in sight.

    Cross-entropy alone says nothing about a class that has one pixel in two hundred: to never name
    it costs little. Dice counts every class once, whatever its area, but hardly moves while a class
    is never named. Source: Milletari et al., "V-Net" (2016), for the soft Dice coefficient.

    Parameters
    ----------
    logits : float (N, classes, H, W)
    mask : int64 (N, H, W), class numbers
    rarity : float
        In the cross-entropy a pixel weighs its class's share of all pixels to the power of -rarity:
        with 0 each pixel counts as much as any other, with 1 each class.

    Returns
    -------
    scalar Tensor

    Examples
    --------
    >>> import torch
    >>> mask = torch.tensor([[[0, 1]]])
    >>> sure = torch.tensor([[[[20.0, 0.0]], [[0.0, 20.0]]]])
    >>> bool(segmentation_loss(sure, mask) < 1e-6)
    True
    """
    said = logits.softmax(1)
    true = F.one_hot(mask, logits.shape[1]).movedim(-1, 1).to(said.dtype)
    axes = (0, 2, 3)
    area = true.sum(axes)
    dice = 2 * (said * true).sum(axes) / (said.sum(axes) + area)
    seen = area > 0
    weights = area.where(seen, mask.numel()).div(mask.numel()) ** -rarity
    return F.cross_entropy(logits, mask, weights) + 1 - dice[seen].mean()
