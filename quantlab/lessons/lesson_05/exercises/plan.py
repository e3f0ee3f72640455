"""5.10: a plan whose integers are the same on every CPU, carried out on the classifier."""

from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.judging.exercise import SameOnEveryCpu, Target, exercise, flaw
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.signs import bits, percent_inside
from quantlab.teach.plans.trial import Trial

CROPS = Calibration(100)
UNSIGNED = Rule("uint8", "asymmetric", "per-channel")


def _plan(weights=UNSIGNED, **recipe):
    return Plan(Recipe(weights=weights, **recipe), CROPS)


@exercise("5.10", "The same integers on every CPU", points=4, difficulty=3, importance=4,
          minutes=8)  # fmt: skip
class SameIntegers:
    # On 200 crops right plans lose nothing (0.0 to 0.0), one that clips a fifth of the activations
    # 66.5 points (60.0 to 73.5). On 40 crops INT8 weights leave 109,511 pairs beyond INT16 where
    # they have a ruler a channel, and 4,137 where they have one.
    answer = "my_plan"
    trial = Trial("classifier", 200)
    targets = (Target("all", 3.0, 1), SameOnEveryCpu(3))
    seconds = 120.0
    hints = (
        "The list above names several ways out. Which of them keeps every layer in integers, and "
        "is a matter of the recipe?",
        "Only products of UINT8 and INT8 are added in pairs of 16 bits. The activations are UINT8. "
        "What can the weights be?",
        'Plan(Recipe(weights=Rule("u…", "asymmetric", "per-channel")), Calibration(100))',
    )
    insight = (
        "One letter of the recipe decided which instruction adds the products. What that costs in "
        "time differs from CPU to CPU, so measure it there before you take it."
    )

    @flaw(
        "A product of 255 × 127 and its neighbour are one pair. Which weights are added in pairs "
        "of 16 bits?",
        sign=lambda plan: plan.recipe.weights.dtype == "int8",
        mend=lambda plan: plan.with_recipe(weights=UNSIGNED),
    )
    def signed_weights():
        return _plan(Rule("int8", "symmetric", "per-channel"))

    @flaw(
        "No pair leaves INT16, for there are no integers. What does ONNX Runtime compute weights "
        "of 4 bits in?",
        sign=lambda plan: bits(plan.recipe.weights) < 8,
        mend=lambda plan: plan.with_recipe(weights=UNSIGNED),
    )
    def weights_of_4_bits():
        return _plan(Rule("int4", "symmetric", "per-channel"))

    @flaw(
        "Weights of 16 bits are finer. Which kernel multiplies them as integers?",
        sign=lambda plan: bits(plan.recipe.weights) > 8,
        mend=lambda plan: plan.with_recipe(weights=UNSIGNED),
    )
    def weights_of_16_bits():
        return _plan(Rule("int16", "symmetric", "per-channel"))

    @flaw(
        "The activations have 16 bits. Which kernel multiplies them as integers?",
        sign=lambda plan: bits(plan.recipe.activations) > 8,
        mend=lambda plan: plan.with_recipe(activations=Rule("uint8")),
    )
    def activations_of_16_bits():
        return _plan(activations=Rule("uint16"))

    @flaw(
        "A layer that stays float has no integers that could be the same. Which one did you keep?",
        sign=lambda plan: bool(plan.recipe.keep_float),
        mend=lambda plan: plan.with_recipe(keep_float=()),
    )
    def keeps_a_layer_in_float():
        return _plan(keep_float=("stem.0",))

    @flaw(
        "One layer has a rule of its own. How does the kernel add up that layer's products?",
        sign=lambda plan: bool(plan.recipe.layers),
        mend=lambda plan: plan.with_recipe(layers={}),
    )
    def a_signed_layer():
        return _plan(layers={"stem.0": Rule("int8", "symmetric", "per-channel")})

    @flaw(
        "The integers agree, and the answers are wrong. Which share of the activations does your "
        "percentile cut off?",
        sign=lambda plan: percent_inside(plan.recipe.activations) < 99,
        mend=lambda plan: plan.with_recipe(activations=Rule(observer="percentile")),
    )
    def clips_the_activations():
        return _plan(activations=Rule(observer="percentile", settings={"percentile": 80.0}))
