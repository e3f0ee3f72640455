"""A plan is plain data and back; what is no plan hears so in one sentence."""

import pytest

from quantlab.methods import LearnedRounding, Recipe
from quantlab.scenes import Calibration, Validation
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.plans.plan import Plan

PLAN = Plan(
    Recipe(keep_float=("stem",), bias_correction="empirical"),
    Calibration(12, only=("night",), without=("crowded",)),
)


def test_a_plan_survives_the_way_through_plain_data():
    reply = LocalAsk({"my_plan": PLAN}).value("my_plan")
    assert reply.kind == "value"
    assert type(reply.value) is dict
    assert Plan.from_dict(reply.value) == PLAN


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": None}, "recipe"),
        ({"calibration": {"count": 0}}, "whole number of at least 1"),
        ({"calibration": {"count": 4, "only": "night"}}, "list of slices"),
        ({"calibration": {"count": 4, "only": ["dawn"]}}, "no slice 'dawn'"),
        ({"calibration": {"count": 4, "seed": 1}}, "the key 'seed'"),
        ({"calibration": {"count": 5000}}, "at most 1,000"),
        ({"author": "me"}, "the key 'author'"),
    ],
)
def test_what_is_no_plan_gets_a_sentence(change, said):
    with pytest.raises(ValueError, match=said):
        Plan.from_dict({**PLAN.to_dict(), **change})


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"observer": "mse", "settings": {"steps": 10**9}}, "steps of weights is 1,000,000,000"),
        ({"observer": "entropy", "settings": {"bins": 1e300}}, "at most 16,384"),
        ({"observer": "entropy", "settings": {"quantized_bins": 2**64}}, "ask for fewer"),
        ({"observer": "percentile", "settings": {"percentile": float("nan")}}, "is nan, but"),
        ({"observer": "percentile", "settings": {"percentile": "all"}}, "is all, but expected"),
        ({"observer": "percentile", "settings": {"percentile": True}}, "expected is a number"),
    ],
)
def test_a_setting_that_would_fill_the_memory_is_refused(rule, said):
    data = PLAN.to_dict()
    with pytest.raises(ValueError, match=said):
        Plan.from_dict(data | {"recipe": {"weights": rule}})
    single = {"weights": {}, "layers": {"stem": rule}}
    with pytest.raises(ValueError, match="stem"):
        Plan.from_dict(data | {"recipe": single})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"keep_float": 5}, "keep_float is 5, but it must be a tuple of names of layers"),
        ({"keep_float": None}, "keep_float is None"),
        ({"keep_float": [["stem"]]}, "an entry of keep_float"),
        ({"equalize": "x" * 10_000}, r"equalize is 'x{10,80}…, but"),
        ({"x" * 10_000: 1}, r"the key 'x{10,80}…, but"),
        ({"learned_rounding": {"learning_rate": 10**300}}, "learning_rate of learned_rounding is"),
        ({"learned_rounding": {"learning_rate": 10**400}}, "finite number above 0"),
        ({"learned_rounding": {"regularization": 1e12}}, "at most 1,000,000,000"),
        ({"learned_rounding": {"seed": 2**64}}, "seed of learned_rounding is 1844"),
    ],
)
def test_what_only_the_carrying_out_would_stumble_over_gets_a_short_sentence(change, said):
    data = PLAN.to_dict()
    with pytest.raises(ValueError, match=said) as refused:
        Plan.from_dict(data | {"recipe": data["recipe"] | change})
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(("name", "value"), [("steps", 10**9), ("batch_size", 10**9)])
def test_learned_rounding_has_an_end_too(name, value):
    recipe = Recipe(learned_rounding=LearnedRounding(**{name: value}))
    with pytest.raises(ValueError, match=f"{name} of learned_rounding is 1,000,000,000"):
        Plan(recipe, Calibration(4))
    assert Plan(Recipe(learned_rounding=LearnedRounding()), Calibration(4))


@pytest.mark.parametrize("name", ["recipe", "calibration"])
def test_a_plan_needs_both_parts(name):
    data = PLAN.to_dict()
    del data[name]
    with pytest.raises(ValueError, match=f"no {name}"):
        Plan.from_dict(data)


def test_scenes_that_judge_cannot_calibrate():
    with pytest.raises(TypeError, match="Validation"):
        Plan(Recipe(), Validation(4))
