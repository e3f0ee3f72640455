"""A trained network from its files: there and back, and every file that is refused."""

import json
import socket
from pathlib import Path

import numpy as np
import pytest
import torch

from quantlab.scenes import CLASS_NAMES, SEGMENTS, Preprocessing, Validation
from quantlab.zoo import evaluate_detector, load, save_weights
from quantlab.zoo.pretrained import NETWORKS, SHIPPED
from quantlab.zoo.train.card_text import card_text

CLASSES = {"classifier": CLASS_NAMES, "segmenter": SEGMENTS, "detector": CLASS_NAMES}
PREPROCESSING = Preprocessing(64, 64, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))


#: What a shipped network reaches on the test split, at least.
QUALITY = {
    "classifier": {"top1": 0.92},
    "segmenter": {"mIoU": 0.75},
    "detector": {"AP": 0.45, "AP50": 0.70},
}


def put(folder, name):
    """An untrained network with its card, as a training leaves them."""
    torch.manual_seed(3)
    model = NETWORKS[name](len(CLASSES[name]))
    sha256 = save_weights(folder / f"{name}.safetensors", model)
    card = {
        "classes": list(CLASSES[name]),
        "sha256": sha256,
        "preprocessing": PREPROCESSING.to_dict(),
        "note": "anything else stays",
    }
    (folder / f"{name}.json").write_text(json.dumps(card), encoding="utf-8")
    return model.eval(), card


@pytest.mark.parametrize("name", NETWORKS)
def test_there_and_back(name, tmp_path):
    model, card = put(tmp_path, name)
    loaded = load(name, tmp_path)
    assert type(loaded) is type(model)
    assert not any(module.training for module in loaded.modules())
    assert loaded.preprocessing == PREPROCESSING
    assert loaded.card == card
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[key]), key


def test_another_name_gets_the_choices():
    with pytest.raises(ValueError, match="no network 'detectr': choose classifier, segmenter, det"):
        load("detectr")


def test_a_missing_file_gets_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"classifier\.json cannot be read .*: install"):
        load("classifier", tmp_path)
    put(tmp_path, "classifier")
    (tmp_path / "classifier.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"classifier\.safetensors cannot be read"):
        load("classifier", tmp_path)


def test_damaged_weights_are_refused(tmp_path):
    put(tmp_path, "classifier")
    path = tmp_path / "classifier.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="the file is damaged or another one"):
        load("classifier", tmp_path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", r"\(Expecting value"),
        (b"\xff\xfe", "can't decode"),
        (b"[]", "it is a list"),
        (b"{}", "it has no 'classes'"),
        (b'{"classes": [], "sha256": 5}', "it has no 'sha256'"),
        (b'{"classes": [], "sha256": ""}', "it has no 'preprocessing'"),
    ],
)
def test_a_damaged_card_gets_one_sentence(content, why, tmp_path):
    put(tmp_path, "classifier")
    (tmp_path / "classifier.json").write_bytes(content)
    with pytest.raises(ValueError, match=rf"is damaged \(.*{why}|is damaged {why}") as refused:
        load("classifier", tmp_path)
    assert "\n" not in str(refused.value)


def test_every_shipped_network_is_as_good_as_it_should_be():
    cards = {path.stem: json.loads(path.read_text("utf-8")) for path in SHIPPED.glob("*.json")}
    assert cards.keys() == QUALITY.keys()
    for name, card in cards.items():
        assert card["test"]["images"] >= 1000
        for number, least in QUALITY[name].items():
            assert card["test"]["numbers"][number] >= least, name


def test_a_shipped_card_says_the_same_to_people_and_programs():
    for path in SHIPPED.glob("*.json"):
        text = card_text(json.loads(path.read_text("utf-8")))
        assert path.with_suffix(".md").read_text("utf-8") == text, path.stem


def test_the_shipped_detector_finds_what_is_there():
    """Forty scenes are too few for a figure; chance, and weights of another order, give 0."""
    net = load("detector")
    scores = evaluate_detector(net, net.preprocessing, Validation(40))
    assert scores.numbers["AP50"] > 0.5


def test_every_shipped_network_loads_and_runs_without_a_connection(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    for path in sorted(SHIPPED.glob("*.json")):
        model = load(path.stem)
        pre = model.preprocessing
        x = torch.from_numpy(pre.batch([np.full((9, 9, 3), 128, np.uint8)]))
        with torch.inference_mode():
            output = model(x)
        for each in (output,) if isinstance(output, torch.Tensor) else output:
            assert torch.isfinite(each).all(), path.stem
        assert model.card["bytes"] == Path(SHIPPED, f"{path.stem}.safetensors").stat().st_size
    together = sum(path.stat().st_size for path in SHIPPED.glob("*.safetensors"))
    assert together <= 16 * 2**20
