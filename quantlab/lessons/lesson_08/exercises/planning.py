"""8.6: a plan without training where training was proposed."""

from dataclasses import replace

from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.judging.exercise import Target, exercise, flaw
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.signs import bits, percent_inside
from quantlab.teach.plans.trial import Trial

PICTURES = Calibration(100)
THREE = Rule("int3", "symmetric", "per-tensor")


@exercise("8.6", "A plan without training", points=3, difficulty=2, importance=5, minutes=8)
class WithoutTraining:
    answer = "my_plan"
    trial = Trial("classifier", 200)
    targets = (Target("all", 11.0, 3),)
    seconds = 120.0
    hints = (
        "Which way in the first table took a few seconds and gave back most of what was lost?",
        "It measures the mean error of each channel on the calibration pictures and takes it out "
        "of the biases. A Recipe has a word for it.",
        'Plan(Recipe(weights=Rule("int3", "symmetric", "per-tensor"), bias_correction="emp…"), '
        "Calibration(100))",
    )
    insight = (
        "One word of the recipe and a few seconds, without a label and without a learning rate: "
        "here an evening of training would have bought little more."
    )

    @flaw(
        "Rounding moved the mean of every channel. What does your recipe do about it?",
        sign=lambda plan: plan.recipe.bias_correction is None,
        mend=lambda plan: plan.with_recipe(bias_correction="empirical"),
    )
    def corrects_nothing():
        return Plan(Recipe(weights=THREE), PICTURES)

    @flaw(
        "How many ticks has a symmetric ruler of 2 bits on one side of 0?",
        sign=lambda plan: bits(plan.recipe.weights) < 3,
        mend=lambda plan: plan.with_recipe(weights=THREE),
    )
    def twobits():
        rule = Rule("int2", "symmetric", "per-tensor")
        return Plan(Recipe(weights=rule, bias_correction="empirical"), PICTURES)

    @flaw(
        "The weights were to have few bits. How many do your activations have?",
        sign=lambda plan: bits(plan.recipe.activations) < 8,
        mend=lambda plan: plan.with_recipe(
            activations=replace(plan.recipe.activations, dtype="uint8")
        ),
    )
    def two_bits_for_activations():
        rule = Rule("uint2")
        recipe = Recipe(weights=THREE, activations=rule, bias_correction="empirical")
        return Plan(recipe, PICTURES)

    @flaw(
        "Which share of the activations does your percentile cut off at the end of the ruler?",
        sign=lambda plan: percent_inside(plan.recipe.activations) < 99,
        mend=lambda plan: plan.with_recipe(activations=Rule(observer="percentile")),
    )
    def clips_the_activations():
        rule = Rule(observer="percentile", settings={"percentile": 80.0})
        recipe = Recipe(weights=THREE, activations=rule, bias_correction="empirical")
        return Plan(recipe, PICTURES)

    @flaw(
        "Large weights matter most in a sum. What does your percentile do to them?",
        sign=lambda plan: percent_inside(plan.recipe.weights) < 99,
        mend=lambda plan: plan.with_recipe(weights=THREE),
    )
    def clips_the_weights():
        rule = Rule("int3", "symmetric", "per-tensor", "percentile", {"percentile": 30.0})
        return Plan(Recipe(weights=rule, bias_correction="empirical"), PICTURES)

    @flaw(
        "One layer has a rule of its own. How many ticks does it leave that layer?",
        sign=lambda plan: bool(plan.recipe.layers),
        mend=lambda plan: plan.with_recipe(layers={}),
    )
    def a_layer_with_twobits():
        recipe = Recipe(weights=THREE, layers={"stem.0": Rule("int2")}, bias_correction="empirical")
        return Plan(recipe, PICTURES)
