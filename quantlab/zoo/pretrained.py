"""The networks that come with the package, trained."""

import json
import os
from pathlib import Path
from typing import Any

from torch import nn

from quantlab.scenes import Preprocessing
from quantlab.zoo.classifier import Classifier
from quantlab.zoo.detector import Detector
from quantlab.zoo.segmenter import Segmenter
from quantlab.zoo.weights import load_weights

#: Where the package keeps their weights and cards.
SHIPPED = Path(__file__).with_name("shipped")
NETWORKS: dict[str, type[nn.Module]] = {
    "classifier": Classifier,
    "segmenter": Segmenter,
    "detector": Detector,
}


def load(name: str, folder: str | os.PathLike[str] = SHIPPED) -> nn.Module:
    """A trained network, with what its input is made with. Needs no network connection.

    The weights' checksum is compared with the card's before they are read; nothing is unpickled.

    Parameters
    ----------
    name : str
        "classifier", "segmenter" or "detector".
    folder : path
        Where {name}.json and {name}.safetensors lie: the package's own, or what
        `python -m quantlab.zoo.train` wrote.

    Returns
    -------
    torch.nn.Module
        In eval mode, on the CPU. `.preprocessing` is the Preprocessing it was trained with, `.card`
        its model card as plain data.

    Raises
    ------
    ValueError
        No network of that name, a damaged card, damaged weights.
    OSError
        A file cannot be read.
    """
    if name not in NETWORKS:
        raise ValueError(f"There is no network {name!r}: choose {', '.join(NETWORKS)}.")
    card = _card(Path(folder, f"{name}.json"))
    model = NETWORKS[name](len(card["classes"]))
    load_weights(Path(folder, f"{name}.safetensors"), model, card["sha256"])
    vars(model).update(preprocessing=Preprocessing.from_dict(card["preprocessing"]), card=card)
    return model.eval()


def _card(path: Path) -> dict[str, Any]:
    """The card, as far as a network is made from it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise type(error)(
            f"The model card {path} cannot be read ({error.strerror or error}): install quantlab "
            "again, or name the folder that the training wrote to."
        ) from error
    except UnicodeDecodeError as error:
        raise _damaged(path, str(error)) from None
    try:
        card = json.loads(text)
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(card, dict):
        raise _damaged(path, f"it is a {type(card).__name__}")
    for key, kind in (("classes", list), ("sha256", str), ("preprocessing", dict)):
        if not isinstance(card.get(key), kind):
            raise _damaged(path, f"it has no {key!r}")
    return card


def _damaged(path: Path, why: str) -> ValueError:
    return ValueError(
        f"The model card {path} is damaged ({why}): install quantlab again, or train the network "
        "anew."
    )
