"""3.6: a plan for 3-bit weights, carried out on the classifier."""

from dataclasses import replace

from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.judging.exercise import Target, exercise, flaw
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.signs import bits, percent_inside
from quantlab.teach.plans.trial import Trial

PICTURES = Calibration(100)
THREE = Rule("int3", "symmetric", "per-channel")


def _weights(plan, **changes):
    return plan.with_recipe(weights=replace(plan.recipe.weights, **changes))


@exercise("3.6", "A plan for three bits", points=3, difficulty=2, importance=5, minutes=5)
class ThreeBitPlan:
    # On 200 crops one ruler loses 18.5 points (95 %: 13.0 to 24.5), per-channel rulers 5.5 (2.5 to
    # 9.0). 11 lies between the two intervals.
    answer = "my_plan"
    trial = Trial("classifier", 200)
    targets = (Target("all", 11.0, 3),)
    seconds = 120.0
    hints = (
        "Which word of the colleague's rule decides how many rulers a weight has?",
        "A Rule takes dtype, scheme and granularity. Only the last one counts the rulers.",
        'Plan(Recipe(weights=Rule("int3", "symmetric", "per-…")), Calibration(100))',
    )
    insight = (
        "One word of the recipe, and most of the loss is gone. Lesson 06 takes the rest back with "
        "bias correction and learned rounding."
    )

    @flaw(
        "One ruler serves all output channels. Which of them decides how long its step is?",
        sign=lambda plan: plan.recipe.weights.granularity == "per-tensor",
        mend=lambda plan: _weights(plan, granularity="per-channel"),
    )
    def one_ruler():
        return Plan(Recipe(weights=Rule("int3", "symmetric", "per-tensor")), PICTURES)

    @flaw(
        "How many ticks has a symmetric ruler of 2 bits on one side of 0?",
        sign=lambda plan: bits(plan.recipe.weights) < 3,
        mend=lambda plan: _weights(plan, dtype="int3"),
    )
    def twobits():
        return Plan(Recipe(weights=Rule("int2", "symmetric", "per-channel")), PICTURES)

    @flaw(
        "The weights were to have 3 bits. How many do your activations have?",
        sign=lambda plan: bits(plan.recipe.activations) < 8,
        mend=lambda plan: plan.with_recipe(
            activations=replace(plan.recipe.activations, dtype="uint8")
        ),
    )
    def few_bits_for_activations():
        return Plan(Recipe(weights=THREE, activations=Rule("uint3")), PICTURES)

    @flaw(
        "Which share of the activations does your percentile cut off at the end of the ruler?",
        sign=lambda plan: percent_inside(plan.recipe.activations) < 99,
        mend=lambda plan: plan.with_recipe(activations=Rule(observer="percentile")),
    )
    def clips_the_activations():
        rule = Rule(observer="percentile", settings={"percentile": 80.0})
        return Plan(Recipe(weights=THREE, activations=rule), PICTURES)

    @flaw(
        "Large weights matter most in a sum. What does your percentile do to them?",
        sign=lambda plan: percent_inside(plan.recipe.weights) < 99,
        mend=lambda plan: plan.with_recipe(weights=THREE),
    )
    def clips_the_weights():
        rule = Rule("int3", "symmetric", "per-channel", "percentile", {"percentile": 30.0})
        return Plan(Recipe(weights=rule), PICTURES)

    @flaw(
        "One layer has a rule of its own. How many ticks does it leave that layer?",
        sign=lambda plan: bool(plan.recipe.layers),
        mend=lambda plan: plan.with_recipe(layers={}),
    )
    def a_layer_with_twobits():
        return Plan(Recipe(weights=THREE, layers={"stem.0": Rule("int2")}), PICTURES)
