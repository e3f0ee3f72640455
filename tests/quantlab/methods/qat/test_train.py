"""train_qat: the same steps as a loop written out here, and an orderly end whatever happens."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.methods.qat.lsq import LearnedStepSize
from quantlab.methods.qat.qat_model import QATModel, prepare_qat
from quantlab.methods.qat.train import train_qat
from quantlab.methods.recipe import Recipe, Training

EPOCHS, RATE, SEED = 3, 0.05, 4


def data(batches: int = 4) -> list[tuple[torch.Tensor, torch.Tensor]]:
    g = torch.Generator().manual_seed(0)
    return [(torch.randn(6, 2, 5, 5, generator=g), torch.arange(6) % 3) for _ in range(batches)]


def prepared(**settings) -> QATModel:
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 3), nn.Flatten()
    )
    given = {"epochs": EPOCHS, "learning_rate": RATE, "seed": SEED, **settings}
    return prepare_qat(model, [x for x, _ in data()], Recipe(training=Training(**given)))


def state(qat: QATModel) -> dict:
    return copy.deepcopy(qat.state_dict())


def same_state(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(
        torch.equal(v, b[k]) if isinstance(v, torch.Tensor) else v == b[k] for k, v in a.items()
    )


def test_it_does_what_a_loop_of_ones_own_does():
    """Written out: torch's SGD with momentum 0.9, the order drawn from the seed, end_epoch."""
    settings = {"freeze_observers_after": 2, "freeze_batchnorm_after": 1}
    qat, own, batches = prepared(**settings), prepared(**settings), data()
    history = train_qat(qat, batches, F.cross_entropy)

    optimizer = torch.optim.SGD(own.parameters(), RATE, momentum=0.9)
    torch.manual_seed(SEED)
    losses = []
    for _ in range(EPOCHS):
        own.train()
        values = []
        for k in torch.randperm(4).tolist():
            x, y = batches[k]
            loss = F.cross_entropy(own(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            values.append(loss.item())
        own.end_epoch()
        losses.append(sum(values) / 4)
    assert history.losses == pytest.approx(losses, rel=1e-12)
    assert history.interrupted is False
    assert (qat.epoch, qat.training) == (EPOCHS, False)
    assert (qat.observers_frozen, qat.batchnorm_frozen) == (True, True)
    assert same_state(qat.state_dict(), own.state_dict())


@pytest.mark.parametrize("length", ["known", "unknown"])
def test_a_decaying_rate_is_torchs_cosine(length):
    """Over every step of a list; over epochs where a loader does not say how long it is."""
    qat, own, batches = prepared(decay=True), prepared(), data()
    given = batches if length == "known" else _Loader(batches)
    history = train_qat(qat, given, F.cross_entropy)

    optimizer = torch.optim.SGD(own.parameters(), RATE, momentum=0.9)
    total = EPOCHS * (4 if length == "known" else 1)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    torch.manual_seed(SEED)
    losses = []
    for _ in range(EPOCHS):
        own.train()
        order = torch.randperm(4).tolist() if length == "known" else range(4)
        values = []
        for x, y in (batches[k] for k in order):
            loss = F.cross_entropy(own(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            values.append(loss.item())
            if length == "known":
                falling.step()
        if length == "unknown":
            falling.step()
        own.end_epoch()
        losses.append(sum(values) / 4)
    # torch multiplies each rate by a quotient of cosines; the formula rounds elsewhere, and the
    # losses carry it through 12 steps in float32.
    assert history.losses == pytest.approx(losses, rel=1e-4)
    assert history.losses != train_qat(prepared(), batches, F.cross_entropy).losses


class _Loader:
    """Gone over as often as one likes, and no length."""

    def __init__(self, batches):
        self._batches = batches

    def __iter__(self):
        return iter(self._batches)


def test_the_seed_decides_and_the_callers_random_numbers_go_on():
    torch.manual_seed(9)
    expected = torch.rand(3)
    ends = []
    for seed in (4, 4, 5):
        qat = prepared(seed=seed)
        torch.manual_seed(9)
        train_qat(qat, data(), F.cross_entropy)
        assert torch.equal(torch.rand(3), expected)
        ends.append(state(qat))
    assert same_state(ends[0], ends[1])
    assert not same_state(ends[0], ends[2])


def test_a_shuffling_loader_is_seeded_and_arrays_are_taken():
    x = torch.cat([images for images, _ in data()])
    y = torch.cat([targets for _, targets in data()])
    pairs = torch.utils.data.TensorDataset(x, y)
    ends = []
    for _ in range(2):
        loader = torch.utils.data.DataLoader(pairs, batch_size=6, shuffle=True)
        qat = prepared()
        train_qat(qat, loader, F.cross_entropy)
        ends.append(state(qat))
    assert same_state(*ends)
    arrays, tensors = prepared(), prepared()
    train_qat(arrays, [(np.asarray(a), b) for a, b in data()], F.cross_entropy)
    train_qat(tensors, data(), F.cross_entropy)
    assert same_state(arrays.state_dict(), tensors.state_dict())


def test_settings_of_the_call_replace_those_of_the_recipe():
    qat, short = prepared(), prepared(epochs=1)
    history = train_qat(
        qat, data(), F.cross_entropy, Training(epochs=1, learning_rate=RATE, seed=SEED)
    )
    train_qat(short, data(), F.cross_entropy)
    assert len(history.losses) == 1
    assert same_state(qat.state_dict(), short.state_dict())


def ending_with(end, after: int):
    """A loss that, at its call number `after`, does `end` instead."""
    calls = []

    def loss(output, targets):
        calls.append(None)
        return F.cross_entropy(output, targets) if len(calls) <= after else end(output)

    return loss


def interrupt(output):
    raise KeyboardInterrupt


@pytest.mark.parametrize("finished", [0, 1, 2])
@pytest.mark.parametrize("lsq", [False, True])
def test_ctrl_c_keeps_the_last_finished_epoch(finished, lsq):
    settings = {"lsq": lsq, "learning_rate": 1e-4}
    qat, shorter = prepared(**settings), prepared(**settings, epochs=max(finished, 1))
    if finished:
        train_qat(shorter, data(), F.cross_entropy)
    history = train_qat(qat, data(), ending_with(interrupt, after=4 * finished + 2))
    assert history.interrupted is True
    assert len(history.losses) == finished
    assert (qat.epoch, qat.training) == (finished, False)
    assert same_state(qat.state_dict(), shorter.state_dict())
    x = data()[0][0]
    assert torch.equal(qat(x), shorter(x))


def test_a_loss_that_is_not_finite_ends_the_training():
    qat, shorter = prepared(), prepared(epochs=1)
    train_qat(shorter, data(), F.cross_entropy)
    with pytest.raises(ValueError, match=r"loss is nan at batch 1 of epoch 1: lower the learning"):
        train_qat(qat, data(), ending_with(lambda y: y.sum() * float("nan"), after=5))
    assert same_state(qat.state_dict(), shorter.state_dict())
    assert not qat.training


def scales(qat: QATModel) -> dict[str, torch.Tensor]:
    return {
        m.layer: m.scale.detach().clone() for m in qat.modules() if isinstance(m, LearnedStepSize)
    }


def test_a_scale_that_would_leave_the_positive_numbers_is_held_with_a_note(capfd, recwarn):
    """The first step is gradient times rate, so the rate decides which scales it takes below 0."""
    rate = 3.0
    plain, qat = prepared(lsq=True), prepared(lsq=True)
    batch = data()[:1]
    start = scales(plain)
    plain.train()
    F.cross_entropy(plain(batch[0][0]), batch[0][1]).backward()
    stepped = {
        m.layer: m.scale.detach() - rate * m.scale.grad
        for m in plain.modules()
        if isinstance(m, LearnedStepSize)
    }
    leaves = {layer for layer, scale in stepped.items() if (scale <= 0).any()}
    assert 0 < len(leaves) < len(stepped)
    history = train_qat(
        qat, batch, F.cross_entropy, Training(epochs=1, learning_rate=rate, seed=SEED)
    )
    for layer, scale in scales(qat).items():
        expected = torch.where(stepped[layer] > 0, stepped[layer], start[layer])
        # One float32 product and one difference, in another order: 2 roundings of 2^-24.
        torch.testing.assert_close(scale, expected, rtol=2**-22, atol=2**-22 * rate)
    assert len(history.notes) == len(leaves)
    for layer in leaves:
        assert any(f"scale of {layer} would have left" in note for note in history.notes)
    assert "in 1 step and kept its value" in history.notes[0]
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_a_callback_sees_each_epoch_and_changes_nothing():
    qat, other, seen = prepared(), prepared(), []

    def look(history):
        assert not qat.training
        seen.append((qat.epoch, history))
        torch.manual_seed(torch.randint(100, ()).item())  # as a score that draws numbers may do

    history = train_qat(qat, data(), F.cross_entropy, after_epoch=look)
    train_qat(other, data(), F.cross_entropy)
    # Momentum, the order of the batches and BatchNorm: all as if nobody had looked.
    assert same_state(qat.state_dict(), other.state_dict())
    assert [epoch for epoch, _ in seen] == [1, 2, 3]
    assert [h.losses for _, h in seen] == [history.losses[: k + 1] for k in range(EPOCHS)]


def test_a_callback_ends_the_training():
    qat, shorter = prepared(), prepared(epochs=2)
    train_qat(shorter, data(), F.cross_entropy)
    history = train_qat(
        qat, data(), F.cross_entropy, after_epoch=lambda history: len(history.losses) == 2
    )
    assert (len(history.losses), history.interrupted, qat.epoch, qat.training) == (
        2,
        False,
        2,
        False,
    )
    assert same_state(qat.state_dict(), shorter.state_dict())
    with pytest.raises(TypeError, match=r"after_epoch gave 0\.5, but it says True to end"):
        train_qat(qat, data(), F.cross_entropy, after_epoch=lambda history: 0.5)


def test_images_that_are_not_finite_name_the_layer():
    qat = prepared()
    with pytest.raises(ValueError, match="gives NaN or infinity in training"):
        train_qat(qat, [(torch.full((6, 2, 5, 5), float("nan")), data()[0][1])], F.cross_entropy)


def test_no_batches_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="epoch 0 holds no batch"):
        train_qat(prepared(), [], F.cross_entropy)
    with pytest.raises(ValueError, match=r"epoch 1 holds no batch.*generator is empty"):
        train_qat(prepared(), iter(data()), F.cross_entropy)


def test_progress_is_shown_on_stderr(capsys):
    train_qat(prepared(), data(), F.cross_entropy, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert f"epoch {EPOCHS}/{EPOCHS}" in err
    assert "loss" in err
    train_qat(prepared(), data(), F.cross_entropy)
    assert capsys.readouterr() == ("", "")
