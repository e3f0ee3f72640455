"""What a plan shows before it is carried out, and a plan with one part changed."""

import pytest

from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.signs import bits, leaves_out, percent_inside

PLAN = Plan(Recipe(weights=Rule("int3")), Calibration(8, without=("night",)))


def test_bits_are_those_of_the_type() -> None:
    assert (bits(PLAN.recipe.weights), bits(PLAN.recipe.activations)) == (3, 8)


@pytest.mark.parametrize(
    ("rule", "percent"),
    [
        (Rule(observer="minmax"), 100.0),
        (Rule(observer="percentile"), 99.999),  # the observer's default
        (Rule(observer="percentile", settings={"percentile": 80.0}), 80.0),
    ],
)
def test_a_rule_says_how_much_it_leaves_unclipped(rule, percent) -> None:
    assert percent_inside(Recipe(activations=rule).activations) == percent


@pytest.mark.parametrize(
    ("scenes", "out"),
    [
        (Calibration(8), False),
        (Calibration(8, only=("fog",)), True),
        (Calibration(8, only=("small",)), False),  # small scenes lie in every weather
        (Calibration(8, only=("night", "small")), False),
        (Calibration(8, without=("night",)), True),
    ],
)
def test_a_condition_is_left_out_by_name_or_by_another_alone(scenes, out) -> None:
    assert leaves_out(scenes, "night") is out


def test_a_changed_plan_keeps_all_else() -> None:
    mended = PLAN.with_recipe(weights=Rule("int8")).with_scenes(without=())
    assert mended == Plan(Recipe(weights=Rule("int8")), Calibration(8))
    assert PLAN.recipe.weights.dtype == "int3"
