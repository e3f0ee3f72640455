"""Recipe: plain data, there and back, and every value that does not fit refused."""

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.methods import LearnedRounding, Recipe, Rule, Training
from quantlab.methods.rule import ACTIVATIONS, OBSERVERS, WEIGHTS
from quantlab.numerics import choose_qparams

FULL = Recipe(
    weights=Rule("int4", "symmetric", "per-channel", "mse", {"steps": 20}, narrow=True),
    activations=Rule(observer="percentile", settings={"percentile": 99.9, "bins": 4096}),
    keep_float=["head.0", "stem"],
    layers={"body.1": Rule("int8", "symmetric", "per-tensor", "minmax")},
    tensors={"input": Rule("uint16"), "head.1": Rule(observer="mse", settings={"steps": 30})},
    equalize=True,
    bias_correction="analytic",
    learned_rounding=LearnedRounding(steps=10, seed=3),
    training=Training(epochs=2, freeze_batchnorm_after=1, lsq=True, decay=True),
)


@pytest.mark.parametrize("recipe", [Recipe(), FULL])
def test_a_recipe_survives_json_and_copies(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert copy.deepcopy(recipe) == recipe
    assert hash(Recipe.from_json(recipe.to_json())) == hash(recipe)


def test_different_recipes_are_different():
    assert Recipe() != FULL
    assert Recipe(keep_float=("a",)) != Recipe(keep_float=("b",))


def test_the_default_is_the_mission_s():
    weights, activations = Recipe().weights, Recipe().activations
    assert (weights.dtype, weights.scheme, weights.granularity) == (
        "int8",
        "symmetric",
        "per-channel",
    )
    assert (activations.scheme, activations.granularity) == ("asymmetric", "per-tensor")
    assert activations.observer == "percentile"


def test_what_is_left_out_has_its_default():
    assert Recipe.from_dict({}) == Recipe()
    assert Recipe.from_dict({"weights": {"dtype": "int4"}}).weights == replace(
        WEIGHTS, dtype="int4"
    )
    assert Recipe.from_dict({"training": None, "layers": {}}) == Recipe()


#: Field -> what a rule may say of it, for weights, and for activations.
SAID = {
    "dtype": ("int3", "uint6"),
    "scheme": ("asymmetric", "symmetric"),
    "granularity": ("per-tensor", "per-tensor"),
    "observer": ("mse", "moving_average"),
    "narrow": (False, True),
}


@pytest.mark.parametrize("field", SAID)
def test_a_partial_rule_is_filled_in_by_its_role(field):
    weights, activations = ({field: value} for value in SAID[field])
    recipe = Recipe(weights=Rule(**weights), activations=Rule(**activations))
    # An asymmetric ruler has no reason to leave out an integer.
    narrow = {"narrow": False} if field == "scheme" else {}
    assert recipe.weights == replace(WEIGHTS, **weights, **narrow)
    assert recipe.activations == replace(ACTIVATIONS, **activations)
    assert f"{field}={SAID[field][0]!r}" in repr(recipe.weights)
    assert "None" not in repr(recipe.weights) + repr(recipe.activations)
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_settings_are_filled_in_for_the_observer_they_are_for():
    coarse = Rule(settings={"percentile": 99.0})
    assert Recipe(activations=coarse).activations.observer == "percentile"
    recipe = Recipe(
        activations=coarse,
        tensors={"a": Rule("uint16"), "b": Rule(observer="minmax"), "c": Rule(settings={})},
    )
    assert [dict(recipe.tensors[name].settings) for name in "abc"] == [
        {"percentile": 99.0}, {}, {},
    ]  # fmt: skip
    with pytest.raises(ValueError, match="the settings of the minmax observer are none"):
        Recipe(weights=coarse)


def test_a_rule_of_one_layer_is_filled_in_by_the_rule_of_all():
    recipe = Recipe(
        weights=Rule("int4", granularity="per-tensor"),
        activations=Rule("uint4", observer="mse"),
        layers={"a": Rule("int8"), "b": Rule(scheme="asymmetric")},
        tensors={"input": Rule("uint8")},
    )
    assert recipe.layers["a"] == Rule("int8", "symmetric", "per-tensor", "minmax", {}, True)
    assert recipe.layers["b"] == Rule("int4", "asymmetric", "per-tensor", "minmax", {}, False)
    assert recipe.tensors["input"] == Rule("uint8", "asymmetric", "per-tensor", "mse", {}, False)


def test_a_recipe_cannot_be_changed():
    settings, layers = {"percentile": 99.0}, {"a": Rule()}
    recipe = Recipe(activations=Rule(settings=settings), layers=layers)
    settings["percentile"] = 1.0
    layers.clear()
    assert recipe.activations.settings == {"percentile": 99.0}
    assert list(recipe.layers) == ["a"]
    with pytest.raises(TypeError):
        recipe.layers["b"] = Rule()
    with pytest.raises(AttributeError):
        recipe.equalize = True


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"wieghts": {}}, "recipe has the key 'wieghts', but Recipe knows only weights,"),
        ({"weights": {"bits": 8}}, "weights has the key 'bits', but Rule knows only dtype,"),
        ({"layers": {"a": {"x": 1}}}, r"layers\['a'\] has the key 'x', but Rule knows only"),
        ({"training": {"epoch": 1}}, "training has the key 'epoch', but Training knows only"),
        ({"learned_rounding": {"lr": 1}}, "learned_rounding has the key 'lr'"),
        ({"weights": 3}, "weights is 3, but it must be a mapping of settings: pass one."),
        ({"layers": 3}, "layers is 3, but it must be a mapping of layer names to Rules"),
        ({"weights": {"dtype": "int7"}}, "dtype is 'int7', but quantized integers are one of"),
        ([], r"recipe is \[\], but it must be a mapping"),
    ],
)
def test_unknown_keys_and_values_are_refused(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        Recipe.from_dict(data)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Rule(scheme="both"), "scheme is 'both', but it is one of asymmetric, symmetric"),
        (lambda: Rule(granularity="row"), "granularity is 'row', but it is one of per-tensor"),
        (lambda: Rule(observer="max"), "observer is 'max', but it is one of minmax,"),
        (lambda: Rule(narrow=1), "narrow is 1, but it must be True or False"),
        (lambda: Rule(settings=[1]), r"settings is \[1\], but it must be a mapping"),
        (
            lambda: Rule(observer="minmax", settings={"percentile": 9}),
            "settings has 'percentile', but the settings of the minmax observer are none",
        ),
        (lambda: Rule(settings={"dtype": "int8"}), "settings has 'dtype', but the settings of"),
        (lambda: Recipe(keep_float="stem"), "keep_float is the string 'stem'"),
        (lambda: Recipe(keep_float=[1]), "an entry of keep_float is 1, but it must be the name"),
        (lambda: Recipe(layers={"a": "int4"}), r"layers\['a'\] is 'int4', but it must be a Rule"),
        (lambda: Recipe(weights="int8"), "weights is 'int8', but it must be a Rule"),
        (lambda: Recipe(equalize=1), "equalize is 1, but it must be True or False"),
        (lambda: Recipe(bias_correction="mean"), "bias_correction is 'mean', but it is one of"),
        (lambda: Recipe(bias_correction=True), "bias_correction is True, but it is one of"),
        (lambda: Recipe(learned_rounding=True), "learned_rounding is True, but it must be a"),
        (lambda: Recipe(training={}), "training is {}, but it must be a Training"),
        (lambda: Recipe(tensors={"a": "int4"}), r"tensors\['a'\] is 'int4', but it must be a Rule"),
        (
            lambda: Recipe(tensors={"a": Rule("int8", "symmetric")}),
            r"tensors\['a'\] is symmetric and activations are asymmetric, but the scheme decides",
        ),
        (
            lambda: Recipe(tensors={"a": Rule(granularity="per-channel")}),
            r"tensors\['a'\] are per-channel, but a scale",
        ),
        (lambda: Rule("int8").make_observer(), "the rule leaves out scheme, granularity, observer"),
        (
            lambda: Recipe(activations=Rule(granularity="per-channel")),
            "activations are per-channel, but a scale for each input channel",
        ),
        (lambda: LearnedRounding(steps=0), "steps is 0, but it is a whole number of at least 1"),
        (lambda: LearnedRounding(steps=True), "steps is True, but it is a whole number"),
        (lambda: LearnedRounding(learning_rate=0), "learning_rate is 0, but it is a finite number"),
        (lambda: LearnedRounding(regularization=-1.0), "of at least 0"),
        (lambda: Training(learning_rate=float("nan")), "learning_rate is nan, but it is a finite"),
        (lambda: Training(freeze_observers_after=-1), "freeze_observers_after is -1"),
        (lambda: Training(lsq="yes"), "lsq is 'yes', but it must be True or False"),
    ],
)
def test_values_that_do_not_fit_are_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_what_is_not_json_is_refused():
    with pytest.raises(
        ValueError, match=r"the recipe is not JSON \(.*\): pass what Recipe.to_json"
    ):
        Recipe.from_json("{'weights'}")


@pytest.mark.parametrize("name", OBSERVERS)
def test_a_rule_makes_its_observer(name):
    x = np.linspace(-1, 2, 64, dtype=np.float32).reshape(2, 32)
    observer = Rule("int8", "symmetric", "per-channel", name, narrow=True).make_observer(axis=0)
    assert type(observer) is OBSERVERS[name]
    qparams = observer.partial_fit(x).qparams()
    assert (qparams.dtype, qparams.axis, qparams.narrow) == ("int8", 0, True)
    whole = replace(ACTIVATIONS, observer=name).make_observer(axis=0).partial_fit(x).qparams()
    assert whole.axis is None


def test_settings_reach_the_observer():
    x = np.append(np.linspace(0, 1, 999, dtype=np.float32), np.float32(100))
    rule = Recipe(activations=Rule(settings={"percentile": 99.0})).activations
    assert rule.make_observer().partial_fit(x).qparams().hi < 2
    everything = replace(ACTIVATIONS, observer="minmax").make_observer().partial_fit(x).qparams()
    assert everything == choose_qparams(0.0, 100.0)


def test_a_frozen_mapping_compares_like_a_dict():
    mapping = FrozenMapping({"a": 1, "b": 2})
    assert mapping == {"b": 2, "a": 1}
    assert mapping == FrozenMapping([("b", 2), ("a", 1)])
    assert hash(mapping) == hash(FrozenMapping({"b": 2, "a": 1}))
    assert mapping != {"a": 1}
    assert list(mapping) == ["a", "b"]
    assert len(mapping) == 2
    assert repr(mapping) == "{'a': 1, 'b': 2}"
