"""The card holds what was measured and counted, and says it to people too."""

import hashlib
import json

import numpy as np
import pytest
import torch

from quantlab.scenes import CLASS_NAMES, SEGMENTS, Test, Train, crops
from quantlab.scenes.layout import lay_out
from quantlab.scenes.object_crops import crop
from quantlab.scenes.scene import draw
from quantlab.zoo import load, save_weights
from quantlab.zoo.evaluation import evaluate_detector, slice_masks
from quantlab.zoo.pretrained import NETWORKS
from quantlab.zoo.train.card import evaluate_and_describe, write_card
from quantlab.zoo.train.card_text import card_text
from quantlab.zoo.train.loop import Training
from quantlab.zoo.train.tasks import RARITY, TASKS

#: Pictures of the test split.
FEW = {"classifier": 10, "segmenter": 4, "detector": 4}


@pytest.fixture(scope="module", params=NETWORKS)
def described(request, tmp_path_factory):
    """Name, folder, network and card of an untrained network after two made-up steps."""
    folder, name = tmp_path_factory.mktemp(request.param), request.param
    task = TASKS[name]
    training = Training(task, task.recipe, torch.device("cpu"))
    training.progress.step, training.progress.seconds = 2, 90.4
    training.progress.losses = [3.0, 2.0]
    model = training.finished()
    sha256 = save_weights(folder / f"{name}.safetensors", model)
    card = evaluate_and_describe(name, model, training, sha256, FEW[name])
    write_card(folder, name, card)
    return name, folder, model, card


def test_the_files_load_as_a_network(described):
    name, folder, model, card = described
    assert json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) == card
    loaded = load(name, folder)
    assert loaded.card == card
    assert loaded.preprocessing == TASKS[name].preprocessing
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[key]), key
    data = (folder / f"{name}.safetensors").read_bytes()
    assert card["sha256"] == hashlib.sha256(data).hexdigest()
    assert card["bytes"] == len(data)


def test_parameters_and_macs_are_counted(described):
    """MACs again from what goes in and out of each layer while torch runs."""
    _, _, model, card = described
    counted = []

    def count(layer, inputs, output):
        counted.append(output.numel() * layer.weight[0].numel())

    hooks = [
        layer.register_forward_hook(count)
        for layer in model.modules()
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)
    ]
    side = card["preprocessing"]["height"]
    with torch.inference_mode():
        model(torch.zeros(1, 3, side, side))
    for hook in hooks:
        hook.remove()
    assert card["macs"] == sum(counted)
    assert card["parameters"] == sum(np.prod(p.shape) for p in model.parameters())


def test_what_was_learned_from(described):
    name, _, _, card = described
    training = card["training"]
    batch = TASKS[name].recipe.batch
    assert training["pictures"] == 2 * batch
    recipe = TASKS[name].recipe
    assert training["recipe"] == {**vars(recipe), "sides": list(recipe.sides)}
    assert training["loss"] == {"first": 3.0, "last": 2.0}
    assert training.get("rarity") == (RARITY if name == "segmenter" else None)
    low, high = training["seeds"]
    assert high - low + 1 == 2 * batch
    side = card["preprocessing"]["height"]
    first = TASKS[name].example(0, side)[0]
    if name == "classifier":
        np.testing.assert_array_equal(first, crop(high, 0))
        np.testing.assert_array_equal(first, crops(Train, 1).images[0])
    else:
        split = Train(2 * batch, width=side, height=side)
        assert (split.seeds[0], split.seeds[-1]) == (low, high)
        fuller = draw(lay_out(low, side, side, range(training["featured"])))
        np.testing.assert_array_equal(first, fuller.image)


def test_quality_by_class_and_slice(described):
    name, _, model, card = described
    test = card["test"]
    assert test["images"] == FEW[name]
    assert list(test["classes"]) == list(SEGMENTS if name == "segmenter" else CLASS_NAMES)
    if name == "classifier":
        assert test["objects"] == dict.fromkeys(CLASS_NAMES, 1)
        assert test["slices"] == {}
        return
    side = card["preprocessing"]["height"]
    split = Test(FEW[name], width=side, height=side)
    masks = slice_masks(split)
    assert {slice_: each["scenes"] for slice_, each in test["slices"].items()} == {
        slice_: int(mask.sum()) for slice_, mask in masks.items()
    }
    if name == "detector":
        scores = evaluate_detector(model, TASKS[name].preprocessing, split)
        assert test["numbers"]["AP"] == scores.numbers["AP"]
        assert sum(test["objects"].values()) == sum(len(scene.boxes) for scene in split)
        for slice_, mask in masks.items():
            boxes = sum(len(split[i].boxes) for i in np.flatnonzero(mask))
            assert test["slices"][slice_]["objects"] == boxes


def test_the_text_says_all_that_people_ask(described):
    name, folder, _, card = described
    text = (folder / f"{name}.md").read_text(encoding="utf-8")
    assert text == card_text(card)
    assert text.startswith(f"# {name}\n")
    for words in (
        card["sha256"],
        f"{card['parameters']:,}",
        f"{card['macs']:,}",
        f"on {FEW[name]} {'crops' if name == 'classifier' else 'scenes'} of the test split",
        "each seen once, in 2 steps. That took 1.5 minutes on cpu (",
        "from 3.000 to 2.000",
        "Not for use on real roads",
        "BSD-3-Clause",
    ):
        assert words in text
    for each in (*card["test"]["classes"], *card["test"]["slices"]):
        assert f"\n| {each} | " in text
    assert ("Where it departs, and why:" in text) == (name == "detector")
    assert ("6 more objects, class after class" in text) == (name != "classifier")
    assert ("beside the boxes" in text.lower()) == (name == "detector")
    windows = "under 320 pixels are windows of such a street, around one of its objects"
    assert (windows in text) == ("to the power of −0.5" in text) == (name == "segmenter")
    for table in text.split("\n\n"):
        if table.startswith("|"):
            assert len({line.count("|") for line in table.splitlines()}) == 1, table
