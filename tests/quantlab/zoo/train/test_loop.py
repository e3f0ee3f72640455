"""A training can be killed and gone on with, and ends with the same weights."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

from quantlab.scenes import Calibration, Test, Train, Validation
from quantlab.zoo.train import loop
from quantlab.zoo.train.loop import Training, learning_rate, pick_device
from quantlab.zoo.train.recipe import TrainingRecipe
from quantlab.zoo.train.tasks import TASKS

CPU = torch.device("cpu")
SMALL = {"classifier": (160, 32), "segmenter": (22, 2), "detector": (16, 2)}


def started(name: str, **changes: int) -> Training:
    pictures, batch = SMALL[name]
    task = TASKS[name]
    recipe = replace(task.recipe, pictures=pictures, batch=batch, warm_up=2, **changes)
    return Training(task, recipe, CPU)


def weights(training: Training) -> dict[str, torch.Tensor]:
    return training.finished().state_dict()


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", TASKS)
def test_stopped_and_resumed_ends_with_the_same_weights(name: str, tmp_path: Path) -> None:
    whole, checkpoint = started(name), tmp_path / "checkpoint.pt"
    whole.run(tmp_path / "whole.pt", lambda progress: None)

    first = started(name)

    def stop_after_two(progress: loop.Progress) -> None:
        if progress.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        first.run(checkpoint, stop_after_two)
    assert first.progress.step == 2

    second = started(name)
    second.restore(checkpoint)
    second.run(checkpoint, lambda progress: None)
    assert second.progress.step == whole.recipe.steps
    assert second.progress.losses == whole.progress.losses
    expected = weights(whole)
    for key, value in weights(second).items():
        assert torch.equal(value, expected[key]), key


def test_a_checkpoint_stands_before_the_first_step(tmp_path: Path) -> None:
    training = started("classifier")

    def fail(progress: loop.Progress) -> None:
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        training.run(tmp_path / "checkpoint.pt", fail)
    again = started("classifier")
    again.restore(tmp_path / "checkpoint.pt")
    assert again.progress.step == 0


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    training = started("classifier")
    training.recipe = replace(training.recipe, pictures=1280)
    training.run(tmp_path / "checkpoint.pt", lambda progress: None)
    losses = training.progress.losses
    # A guess among ten classes costs ln 10 = 2.30.
    assert sum(losses[-5:]) / 5 < 1.9 < losses[0]


def test_the_recipe_of_a_checkpoint_must_be_this_one(tmp_path: Path) -> None:
    started("classifier").save(tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"belongs to a training with .*'seed': 0"):
        started("classifier", seed=1).restore(tmp_path / "checkpoint.pt")


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"PK\x03\x04 half a file"])
def test_a_file_that_is_no_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no checkpoint of this program"):
        started("classifier").restore(path)


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    training = started("classifier", learning_rate=float("inf"))
    with pytest.raises(ValueError, match=r"the loss is .* at step \d+: lower the learning rate"):
        training.run(tmp_path / "checkpoint.pt", lambda progress: None)


def test_learning_rate_is_torchs_cosine_after_the_warm_up() -> None:
    recipe = TrainingRecipe(pictures=1200, batch=10, learning_rate=0.5, sides=(32,), warm_up=20)
    assert learning_rate(recipe, 0) == 0.5 / 20
    assert learning_rate(recipe, 19) == 0.5
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    theirs = CosineAnnealingLR(optimizer, recipe.steps - 20)
    for step in range(20, recipe.steps):
        # torch multiplies from step to step: 100 roundings of 2**-53, relative, and a cosine each;
        # near 0 the last steps are judged against the highest rate.
        assert learning_rate(recipe, step) == pytest.approx(theirs.get_last_lr()[0], abs=1e-13)
        optimizer.step()
        theirs.step()


def test_every_cycle_has_the_rates_of_the_first() -> None:
    recipe = TrainingRecipe(
        pictures=1200, batch=10, learning_rate=0.5, sides=(32,), cycles=2, warm_up=20
    )
    rates = [learning_rate(recipe, step) for step in range(recipe.steps)]
    assert rates[:60] == rates[60:]
    assert rates[:60] == [
        learning_rate(replace(recipe, pictures=600, cycles=1), step) for step in range(60)
    ]
    uneven = replace(recipe, pictures=70, cycles=3)  # 7 steps
    assert [len(uneven.cycle(step)) for step in range(7)] == [2, 2, 3, 3, 3, 2, 2]


def test_outliers_come_with_the_last_cycle(tmp_path: Path) -> None:
    task = TASKS["detector"]
    recipe = replace(task.recipe, pictures=8, batch=2, warm_up=2, sides=(64,))
    training = Training(task, recipe, CPU)
    largest = []

    def note(progress: loop.Progress) -> None:
        largest.append(training.model.get_parameter("detector.stem.1.weight").max().item())

    training.run(tmp_path / "checkpoint.pt", note)
    assert recipe.cycles == 2
    # BatchNorm's scales start at 1; a step moves them by the learning rate, about.
    assert [scale > recipe.outlier / 2 for scale in largest] == [False, False, True, True]
    assert abs(largest[3] - largest[2]) < 0.1


@pytest.mark.parametrize("name", TASKS)
def test_examples_are_drawn_from_the_training_seeds(name: str, monkeypatch) -> None:
    seen: list[int] = []
    module = "quantlab.zoo.train.tasks"
    for function in ("crop", "lay_out"):
        original = getattr(__import__(module, fromlist=[function]), function)

        def note(seed, *rest, draw=original):
            seen.append(seed)
            return draw(seed, *rest)

        monkeypatch.setattr(f"{module}.{function}", note)
    TASKS[name].example(0, 64), TASKS[name].example(7, 64)
    own = range(Train.number * 10_000_000, (Train.number + 1) * 10_000_000)
    assert len(set(seen)) == 2
    assert all(seed in own for seed in seen)
    assert Train.number not in {split.number for split in (Calibration, Validation, Test)}


@pytest.mark.parametrize("name", TASKS)
def test_pictures_grow_to_the_size_the_network_is_made_for(name: str) -> None:
    training = started(name)
    seen = [batch[0].shape[1] for batch in training._batches()]
    steps, sides, cycles = (getattr(training.recipe, f) for f in ("steps", "sides", "cycles"))
    assert set(seen) == set(sides)
    # An equal part of the steps each.
    assert seen == [sides[step * len(sides) // steps] for step in range(steps)]
    for cycle in range(cycles):
        own = seen[cycle * steps // cycles : (cycle + 1) * steps // cycles]
        assert own == sorted(own)
        assert own[-1] == training.task.preprocessing.height


@pytest.mark.parametrize("name", TASKS)
def test_the_input_is_what_preprocessing_makes(name: str) -> None:
    training = started(name)
    picture = TASKS[name].example(3, TASKS[name].preprocessing.height)[0]
    ours = training._input(torch.tensor(picture[None])).numpy()
    theirs = TASKS[name].preprocessing.batch([picture])
    # Both multiply, subtract and divide in float32; at most the order of roundings differs: three
    # of half a unit in the last place of values below 4.
    assert abs(ours - theirs).max() <= 3 * 4 * 2**-24


def test_devices() -> None:
    assert pick_device("cpu") == CPU
    assert pick_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(ValueError, match="--device is 'abacus', but torch cannot use it here"):
        pick_device("abacus")
