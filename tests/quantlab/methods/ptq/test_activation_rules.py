"""A rule for a single tensor reaches that tensor's ruler and no other."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods.ptq.activation_rules import activation_rules
from quantlab.methods.qat.qat_model import convert_qat, prepare_qat
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.recipe import Recipe, Training
from quantlab.methods.rule import Rule

BATCHES = [np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)]
FOUR = Rule("uint4", observer="minmax")


class Net(nn.Module):
    def __init__(self):
        torch.manual_seed(0)
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.MaxPool2d(2))
        self.twice = nn.Conv2d(4, 4, 1)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        y = self.stem(x)
        y = self.body(y)
        y = self.twice(self.twice(y)) + y
        return self.head(y.mean((2, 3)))


def widths(**tensors):
    model = quantize_model(Net(), BATCHES, Recipe(activations=FOUR, tensors=tensors))
    return {name: qparams.bits for name, qparams in model.activations.items()}


def wide(names):
    return {**dict.fromkeys(widths(), 4), **dict.fromkeys(names, 8)}


EIGHT = Rule("uint8")


@pytest.mark.parametrize(
    ("name", "tensors"),
    [
        ("input", {"x"}),
        ("x", {"x"}),
        ("stem.0", {"stem_1"}),  # its output is on the ruler that does its Relu
        ("stem.1", {"stem_1"}),
        ("stem", {"stem_1"}),
        ("body.0", {"body_0", "body_1"}),  # the pool hands the integers on
        ("twice", {"twice", "twice_1"}),
        ("twice#2", {"twice_1"}),
        ("add", {"add"}),
        ("head", {"head"}),
    ],
)
def test_every_name_reaches_its_tensors(name, tensors):
    assert widths(**{name: EIGHT}) == wide(tensors)


def test_without_a_rule_of_its_own_a_tensor_has_that_of_all():
    assert set(widths().values()) == {4}


def test_the_later_of_two_names_counts():
    assert widths(**{"stem.0": Rule("uint6"), "stem": EIGHT})["stem_1"] == 8
    assert widths(**{"stem": EIGHT, "stem.0": Rule("uint6")})["stem_1"] == 6


def test_the_rulers_are_those_of_the_rules():
    recipe = Recipe(activations=FOUR, tensors={"add": Rule(observer="mse")})
    model = quantize_model(Net(), BATCHES, recipe)
    rules = activation_rules(model.graph, model.placement, recipe)
    with torch.no_grad():
        run = torch.fx.Interpreter(model.graph, garbage_collect_values=False)
        run.run(torch.from_numpy(BATCHES[0]))
    seen = {node.name: value for node, value in run.env.items()}
    for name, rule in rules.items():
        assert rule == (replace(FOUR, observer="mse") if name == "add" else FOUR).filled_in(rule)
        expected = rule.make_observer().partial_fit(seen[name].numpy()).qparams()
        assert model.activations[name] == expected


def test_training_keeps_the_widths():
    recipe = Recipe(activations=FOUR, tensors={"input": EIGHT, "head": EIGHT}, training=Training())
    for lsq in (False, True):
        qat = prepare_qat(Net(), BATCHES, replace(recipe, training=Training(lsq=lsq))).train()
        qat(torch.from_numpy(BATCHES[0])).sum().backward()
        found = {name: q.bits for name, q in convert_qat(qat).activations.items()}
        assert found == wide({"x", "head"})


@pytest.mark.parametrize(
    ("name", "keep_float", "sentence"),
    [
        ("nothing", (), "tensors names 'nothing', but the model has no such layer"),
        ("body.1", (), "on the ruler of another tensor: name 'body.0' instead"),
        ("stem.1", ("stem.1", "body.0"), "no integers are made there"),
    ],
)
def test_a_name_without_a_ruler_is_refused(name, keep_float, sentence):
    recipe = Recipe(activations=FOUR, tensors={name: EIGHT}, keep_float=keep_float)
    with pytest.raises(ValueError, match=sentence):
        quantize_model(Net(), BATCHES, recipe)
