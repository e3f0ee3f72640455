"""Cross-entropy and Dice, against both written out pixel by pixel."""

import math

import pytest
import torch

from quantlab.zoo.segmentation_loss import segmentation_loss


def by_hand(logits: torch.Tensor, mask: torch.Tensor, rarity: float) -> float:
    images, classes, height, width = logits.shape
    entropy, weights = 0.0, 0.0
    shared, said, true = [0.0] * classes, [0.0] * classes, [0] * classes
    pixels = mask.flatten().tolist()
    for n in range(images):
        for y in range(height):
            for x in range(width):
                values = [math.exp(v) for v in logits[n, :, y, x].tolist()]
                here = int(mask[n, y, x])
                weight = (len(pixels) / pixels.count(here)) ** rarity
                entropy -= weight * math.log(values[here] / sum(values))
                weights += weight
                true[here] += 1
                shared[here] += values[here] / sum(values)
                for k in range(classes):
                    said[k] += values[k] / sum(values)
    dice = [2 * shared[k] / (said[k] + true[k]) for k in range(classes) if true[k]]
    return entropy / weights + 1 - sum(dice) / len(dice)


@pytest.mark.parametrize("rarity", [0.0, 0.5, 1.0])
def test_equal_to_the_sums_written_out(rarity: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 3, 5, dtype=torch.float64) * 2
    mask = torch.randint(0, 3, (2, 3, 5))  # class 3 is in no picture and counts for nothing
    # 30 pixels in float64, each sum off by some dozens of 2**-53.
    expected = pytest.approx(by_hand(logits, mask, rarity), abs=1e-13)
    assert segmentation_loss(logits, mask, rarity).item() == expected


def test_a_rare_class_counts_as_much_as_a_common_one() -> None:
    mask = torch.zeros(1, 10, 20, dtype=torch.int64)
    mask[0, 0, 0] = 1
    never = torch.zeros(1, 2, 10, 20)
    never[:, 0] = 10.0
    # One of two classes is missed: Dice is nearly 1 for one and 0 for the other.
    assert segmentation_loss(never, mask).item() > 0.5
    assert torch.nn.functional.cross_entropy(never, mask).item() < 0.06
