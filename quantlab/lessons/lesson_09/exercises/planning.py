"""9.8: the release after the rollback, carried out."""

from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.judging.exercise import Target, exercise, flaw
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.signs import bits, leaves_out, percent_inside
from quantlab.teach.plans.trial import Trial

MINMAX = Rule(observer="minmax")


@exercise("9.8", "The next release", points=4, difficulty=2, importance=5, minutes=3)
class NextRelease:
    # On 60 scenes right plans lose at most 1.1 points over all and 2.7 at night (upper ends of the
    # 95 % intervals). Of the wrong ones fog alone loses 8.3 at night at the least, a single scene
    # 6.6 over all (lower ends). The targets lie between.
    answer = "next_release"
    trial = Trial("detector", 60)
    targets = (Target("all", 2.0, 2), Target("night", 6.0, 2))
    seconds = 300.0
    hints = (
        "Which of the two, the recipe or the scenes, made the night fall off the ruler?",
        "Calibration(16) without `only` draws the weather as the street has it.",
        'Plan(Recipe(activations=Rule(observer="minmax")), Calibration(16))',
    )
    insight = (
        "Same recipe, same number of scenes, other weather. What drifts into your rulers has "
        "to be in them before you ship."
    )

    @flaw(
        "The scenes leave the night out once more. Where is black on their rulers?",
        sign=lambda plan: leaves_out(plan.calibration, "night"),
        mend=lambda plan: plan.with_scenes(only=(), without=()),
    )
    def fog_again():
        return Plan(Recipe(activations=MINMAX), Calibration(16, only=("fog",)))

    @flaw(
        "How many kinds of weather does a single scene show?",
        sign=lambda plan: plan.calibration.count < 4,
        mend=lambda plan: plan.with_scenes(count=16),
    )
    def one_scene():
        return Plan(Recipe(activations=MINMAX), Calibration(1))

    @flaw(
        "Night was lost because values fell off the ruler. What does your percentile cut off?",
        sign=lambda plan: percent_inside(plan.recipe.activations) < 99.9,
        mend=lambda plan: plan.with_recipe(activations=MINMAX),
    )
    def clips_one_percent():
        rule = Rule(observer="percentile", settings={"percentile": 99.0})
        return Plan(Recipe(activations=rule), Calibration(16))

    @flaw(
        "The scenes changed, the weights did not. How many bits do yours have?",
        sign=lambda plan: bits(plan.recipe.weights) < 8,
        mend=lambda plan: plan.with_recipe(weights=Rule()),
    )
    def fourbits():
        return Plan(Recipe(weights=Rule("int4"), activations=MINMAX), Calibration(16))

    @flaw(
        "The weights of a layer share one ruler now. What did lesson 03 do about that?",
        sign=lambda plan: plan.recipe.weights.granularity == "per-tensor",
        mend=lambda plan: plan.with_recipe(weights=Rule()),
    )
    def weights_per_tensor():
        weights = Rule(granularity="per-tensor")
        return Plan(Recipe(weights=weights, activations=MINMAX), Calibration(16))

    @flaw(
        "A ReLU's output begins at 0. How many ticks of a symmetric ruler does it use?",
        sign=lambda plan: plan.recipe.activations.scheme == "symmetric",
        mend=lambda plan: plan.with_recipe(activations=MINMAX),
    )
    def symmetric_activations():
        rule = Rule(scheme="symmetric", observer="minmax")
        return Plan(Recipe(activations=rule), Calibration(16))
