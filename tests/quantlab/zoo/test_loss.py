"""The loss against sums written out in numpy float64."""

import numpy as np
import torch

from quantlab.zoo import multibox_loss


def by_hand(logits, offsets, classes, targets):
    """Section 2.2: softmax loss of positives and of the 3 worst negatives each; smooth L1."""
    positives = int((classes > 0).sum())
    confidence = place = 0.0
    for image in range(len(classes)):
        shares = np.exp(logits[image]) / np.exp(logits[image]).sum(1, keepdims=True)
        loss = -np.log(shares[np.arange(len(shares)), classes[image]])
        sure = classes[image] > 0
        worst = np.sort(loss[~sure])[::-1][: 3 * int(sure.sum())]
        confidence += loss[sure].sum() + worst.sum()
        away = np.abs(offsets[image] - targets[image])[sure]
        place += np.where(away < 1, away**2 / 2, away - 0.5).sum()
    return confidence / max(1, positives), place / max(1, positives)


def problem(seed, positives):
    rng = np.random.default_rng(seed)
    logits, offsets = rng.normal(size=(3, 50, 5)) * 2, rng.normal(size=(3, 50, 4)) * 2
    classes = np.zeros((3, 50), np.int64)
    for image, count in enumerate(positives):
        classes[image, rng.choice(50, count, replace=False)] = rng.integers(1, 5, count)
    return logits, offsets, classes, rng.normal(size=(3, 50, 4))


def test_equals_the_sums():
    for seed, positives in enumerate([(4, 7, 1), (0, 2, 3), (20, 1, 0)]):
        case = problem(seed, positives)
        loss = multibox_loss(*map(torch.from_numpy, case))
        # float64 on both sides: some hundred terms of about 1, each rounded to 1e-16.
        np.testing.assert_allclose((loss.classes, loss.boxes), by_hand(*case), rtol=1e-12)


def test_nothing_to_find_costs_nothing():
    loss = multibox_loss(*map(torch.from_numpy, problem(0, (0, 0, 0))))
    assert (loss.classes.item(), loss.boxes.item()) == (0, 0)


def test_gradients_reach_what_is_learned_only():
    logits, offsets, classes, targets = map(torch.from_numpy, problem(3, (2, 0, 5)))
    logits.requires_grad_(), offsets.requires_grad_()
    loss = multibox_loss(logits, offsets, classes, targets)
    (loss.classes + loss.boxes).backward()
    learned = (logits.grad.abs().sum(2) > 0).sum(1)
    assert learned.tolist() == [4 * 2, 0, 4 * 5]
    assert torch.equal(offsets.grad.abs().sum(2) > 0, classes > 0)
