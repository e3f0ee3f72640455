"""7.9: a plan of 4 bits with one layer left out, carried out on the segmenter."""

from dataclasses import replace

from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.judging.exercise import Target, exercise, flaw
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.signs import bits
from quantlab.teach.plans.trial import Trial

SCENES = Calibration(8)
FOUR = Rule("int4", "symmetric", "per-channel")
FIRST, LAST = "enter.0", "head"


def _in_four_bits(plan, layer):
    """Is this layer neither in float nor wider than 4 bits?"""
    rule = plan.recipe.layers.get(layer, plan.recipe.weights)
    return layer not in plan.recipe.keep_float and rule.dtype == "int4"


def _one_ruler(plan):
    return plan.recipe.weights.granularity == "per-tensor"


def _mend_first(plan):
    return plan.with_recipe(layers={**plan.recipe.layers, FIRST: Rule("int8")})


@exercise("7.9", "A plan that leaves a layer out", points=3, difficulty=2, importance=5, minutes=6)
class LeaveALayerOut:
    # On 40 scenes all layers in 4 bits lose 5.5 points (95 %: 4.0 to 7.4), with the first one in 8
    # bits 1.4 (0.9 to 1.8). 2.8 lies between the two intervals.
    answer = "my_plan"
    trial = Trial("segmenter", 40)
    targets = (Target("all", 2.8, 3),)
    seconds = 300.0
    hints = (
        "Which of the two, the first layer or the last one, won points back above?",
        "Recipe takes `layers`, a mapping of a layer's name to its own Rule, and `keep_float`.",
        'Plan(Recipe(weights=Rule("int4"), layers={"enter.0": Rule("int…")}), Calibration(8))',
    )
    insight = (
        "One small layer at twice the bits, and most of the loss is gone: the first layer sees "
        "the picture, and nothing behind it can bring back what it lost."
    )

    @flaw(
        "Which of the two layers won points back in the table above, the first or the last?",
        sign=lambda plan: _in_four_bits(plan, FIRST) and not _in_four_bits(plan, LAST),
        mend=_mend_first,
    )
    def leaves_the_last_out():
        return Plan(Recipe(weights=FOUR, keep_float=(LAST,)), SCENES)

    @flaw(
        "Every layer has 4 bits. Which of them stood far below the others in the picture?",
        sign=lambda plan: _in_four_bits(plan, FIRST) and _in_four_bits(plan, LAST),
        mend=_mend_first,
    )
    def leaves_none_out():
        return Plan(Recipe(weights=FOUR), SCENES)

    @flaw(
        "How many scales has a weight in your plan, and what does that cost with 4 bits?",
        sign=_one_ruler,
        mend=lambda plan: plan.with_recipe(
            weights=replace(plan.recipe.weights, granularity="per-channel")
        ),
    )
    def per_channel_is_off():
        rule = Rule("int4", "symmetric", "per-tensor")
        return Plan(Recipe(weights=rule, keep_float=(FIRST,)), SCENES)

    @flaw(
        "The first layer has a rule of its own. Is it wider than 4 bits?",
        sign=lambda plan: FIRST in plan.recipe.layers and bits(plan.recipe.layers[FIRST]) < 4,
        mend=_mend_first,
    )
    def fewer_bits_for_the_first():
        return Plan(Recipe(weights=FOUR, layers={FIRST: Rule("int3")}), SCENES)

    @flaw(
        "Your activations have a rule, too. How many bits does it leave them?",
        sign=lambda plan: plan.recipe.activations.dtype in ("uint2", "uint3", "uint4"),
        mend=lambda plan: plan.with_recipe(
            activations=replace(plan.recipe.activations, dtype="uint8")
        ),
    )
    def four_bits_for_activations():
        return Plan(Recipe(weights=FOUR, activations=Rule("uint4"), keep_float=(FIRST,)), SCENES)
