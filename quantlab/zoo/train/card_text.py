"""A model card as Markdown, for people."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quantlab.base.machine import machine_line

#: What a network's classes and slices are measured in.
MEASURES = {"classifier": "top-1", "segmenter": "IoU", "detector": "AP"}


def card_text(card: Mapping[str, Any]) -> str:
    """Markdown of what `evaluate_and_describe` returned; all scores in points of 100."""
    parts = (
        f"# {card['name']}",
        card["description"],
        _table(("", ""), _facts(card), "ll"),
        "## Quality",
        *_quality(card),
        "## Training",
        _training(card),
        _table(("recipe", ""), card["training"]["recipe"].items(), "lr"),
        "## Limits",
        "\n".join(f"- {limit}" for limit in card["limits"]),
        "## Licence",
        f"{card['licence']}.",
    )
    return "\n\n".join(parts) + "\n"


def _facts(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    pre = card["preprocessing"]
    return [
        ("network", f"`quantlab.zoo.{card['network']}({len(card['classes'])})`"),
        ("input", f"float32, {pre['width']} × {pre['height']} RGB, {pre['layout']}"),
        ("value of a pixel p", f"(p · {pre['scale']:.6g} − mean) / std"),
        ("mean, std", f"{_numbers(pre['mean'])}; {_numbers(pre['std'])}"),
        ("classes", ", ".join(card["classes"])),
        ("parameters", f"{card['parameters']:,}"),
        ("multiply-accumulates a picture", f"{card['macs']:,}"),
        ("weights file", f"{card['bytes']:,} bytes"),
        ("SHA-256", f"`{card['sha256']}`"),
    ]


def _quality(card: Mapping[str, Any]) -> list[str]:
    test, measure = card["test"], MEASURES[card["name"]]
    what = "crops" if card["name"] == "classifier" else "scenes"
    counted = "pixels" if "pixels" in test else what if measure == "top-1" else "objects"
    counts = test.get("pixels") or test["objects"]
    classes = [(name, _points(v), f"{counts[name]:,}") for name, v in test["classes"].items()]
    numbers = [(name, _points(value)) for name, value in test["numbers"].items()]
    found = [
        f"Float32, on {test['images']:,} {what} of the test split, by which nothing was chosen. "
        "In points of 100.",
        _table(("", "points"), numbers, "lr"),
        _table(("class", measure, counted), classes, "lrr"),
    ]
    if not test["slices"]:
        return [*found, "Crops have no slices: each is cut from a street of its own."]
    wide = all("objects" in each for each in test["slices"].values())
    head = ("slice", f"m{measure}", "scenes", *(["objects"] if wide else []))
    rows = [
        (name, _points(each["score"]), *(f"{each[key]:,}" for key in head[2:]))
        for name, each in test["slices"].items()
    ]
    note = f"A slice's m{measure} is that of all classes in its scenes."
    return [*found, _table(head, rows, "l" + "r" * (len(head) - 1)), note]


def _training(card: Mapping[str, Any]) -> str:
    training = card["training"]
    what = "crops" if card["name"] == "classifier" else "scenes"
    low, high = training["seeds"]
    text = (
        f"{training['pictures']:,} {what} of the training split (seeds {low:,} to {high:,}), each "
        f"seen once, in {training['steps']:,} steps. That took {training['seconds'] / 60:,.1f} "
        f"minutes on {training['device']} ({machine_line(card, 'torch')})."
    )
    if "featured" in training:
        text += (
            f" On each of them {training['featured']} more objects, class after class, were placed "
            "than on the streets of the other splits."
        )
    if card["name"] == "detector":
        text += " Beside the boxes the mask was learned."
    if card["name"] == "segmenter":
        text += (
            f" Pictures under {card['preprocessing']['width']} pixels are windows of such a "
            "street, around one of its objects. In the cross-entropy a pixel weighs its class's "
            f"share of the pixels to the power of −{training['rarity']:g}."
        )
    loss = training["loss"]
    if loss["first"] is None:
        return text
    return f"{text} The loss went from {loss['first']:.3f} to {loss['last']:.3f}."


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]], sides: str) -> str:
    """`sides`: "l" or "r" for each column."""
    line = ["---:" if side == "r" else "---" for side in sides]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in (head, line, *rows))


def _points(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
