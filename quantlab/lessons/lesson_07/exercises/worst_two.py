"""7.4: the two worst layers of the mended segmenter, by name."""

from quantlab.lessons.lesson_07.material.kept import kept_layers
from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import exact


@exercise("7.4", "Name the worst two", points=2, difficulty=1, importance=4, minutes=4)
class WorstTwo:
    values = {"my_worst": 1.0, "my_second": 1.0}
    asks = {
        "my_worst": "The layer that loses most by itself, as the table writes its name.",
        "my_second": "The layer that loses second most by itself, as the table writes its name.",
    }
    hints = (
        "Two columns hold decibels. Which of them says what a layer does by itself?",
        "Ask for the table in the order “isolated”: its first two rows are the answer.",
        'worst_table(errors_of(mended), 2) shows two rows; copy the names, such as "up.0.0".',
    )
    insight = "Two layers of fifty, and each has a fault of its own. The others only pass it on."
    within = exact()  # two names

    def oracle(name):
        return _named(kept_layers()["alone"])[name]

    @misconception(
        "Those are lowest where errors have come together. Which column is a layer's own?"
    )
    def the_worst_accumulated(name):
        return _named(kept_layers()["accumulated"])[name]

    @misconception(
        "Of the layers that the table shows, these have the lowest sum. Which column is their own?"
    )
    def the_lowest_sums_in_the_table(name):
        return _named(kept_layers()["lowest_in_the_table"])[name]

    @misconception("Both are right. Which of them has fewer decibels alone?")
    def in_the_other_order(name):
        return _named(kept_layers()["alone"][1::-1])[name]

    @misconception(
        "That is the model as it was handed over. Which table belongs to the mended one?"
    )
    def of_the_model_before(name):
        return _named(kept_layers()["before"])[name]

    @misconception("The worst layer is right. Which one comes next in the column of single layers?")
    def the_third_for_the_second(name):
        alone = kept_layers()["alone"]
        return _named([alone[0], alone[2]])[name]

    @misconception("No layer has these names. How does the table write them, to the last sign?")
    def cuts_the_names(name):
        return _named([layer.rpartition(".")[0] for layer in kept_layers()["alone"]])[name]

    @misconception("First and last is a rule of thumb. What does the table say of the last layer?")
    def the_first_and_the_last(name):
        return _named(kept_layers()["ends"])[name]

    @misconception("These have the most decibels. Is that good or bad?")
    def the_best_two(name):
        return _named(kept_layers()["best"])[name]


def _named(layers):
    return {"my_worst": layers[0], "my_second": layers[1]}
