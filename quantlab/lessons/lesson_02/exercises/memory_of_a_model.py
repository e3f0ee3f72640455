"""Exercise 2.4: how many bytes of activations are in memory while a model runs."""

from itertools import pairwise
from math import prod

from quantlab.lessons.lesson_02.exercises.chain_drawing import chain_drawing
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("2.4", "The peak of a chain", points=3, difficulty=3, importance=4, minutes=8)
class PeakOfAChain:
    answer = "peak_activation_bytes"
    hints = (
        "Stop the model in the middle of one layer. Which tensors does that layer touch?",
        "A layer reads its input and writes its output: two neighbours of the list. The peak is "
        "the layer where the two together are largest.",
        "With `n = [c * h * w for c, h, w in shapes]`, look at `n[i] + n[i + 1]` for every layer "
        "i. Do not forget bytes_per_value.",
    )
    insight = "Memory follows the widest layer, not the number of parameters."
    within = exact()  # a count of bytes

    def cases(rng):
        side, wide = 2 * int(rng.integers(8, 32)), int(rng.integers(16, 48))
        narrows = [(48, 20, 30), (16, 20, 30), (16, 10, 15)]
        widens = [(3, 9, 4), (4, 18, 8), (16, 9, 4), (64, 18, 8)]
        tall = [(2, 50, 3), (5, 40, 4), (3, 7, 60), (4, 6, 10)]  # squares would peak elsewhere
        satellite = [(64, 6000, 4000), (64, 3000, 2000)]  # bytes beyond what an int32 holds
        bulge = [
            (3, side, side),
            (wide, side, side),
            (2 * wide, side, side),
            (wide, 1, 1),
            (9, 2, 2),
        ]
        apart = [(wide, side, side), (2, side, side), (wide, side, side), (3, side, side)]
        return [
            group(
                "one layer",
                1,
                "A layer's input and output are in memory together.",
                [
                    ([(5, 4, 4), (2, 2, 2)], 1),
                    ([(3, 32, 48), (16, 16, 24)], 4),
                    (satellite, 4),
                    ([(3, side, side), (wide, side, side)], 4),
                ],
            ),
            group(
                "widest in the middle",
                1,
                "The peak is at the layer whose input and output together are largest; what came "
                "before may be thrown away.",
                [(bulge, 4), (bulge, 1), (narrows, 4), (widens, 4), (tall, 4)],
            ),
            group(
                "large tensors apart",
                1,
                "Only a layer's own input and output have to be there at the same time.",
                [
                    ([(8, 60, 100), (2, 60, 100), (8, 60, 100), (3, 60, 100)], 4),
                    ([(2, 60, 10), (9, 60, 10), (1, 60, 10), (8, 60, 10), (3, 60, 10)], 1),
                    (apart, 4),
                    (apart[1:] + apart[:2], 1),
                ],
            ),
        ]

    def oracle(shapes, bytes_per_value):
        # Plays the chain: allocate the output, note what is held, free the input.
        held = peak = prod(shapes[0]) * bytes_per_value
        for before, after in pairwise(shapes):
            held += prod(after) * bytes_per_value
            peak = max(peak, held)
            held -= prod(before) * bytes_per_value
        return peak

    def picture(args, got):
        return chain_drawing(*args, got)

    @misconception("A layer reads one tensor while it writes another. How many are in memory?")
    def largest_tensor(shapes, bytes_per_value):
        return max(map(prod, shapes)) * bytes_per_value

    @misconception("Once a layer has run, who still needs its input?")
    def all_at_once(shapes, bytes_per_value):
        return sum(map(prod, shapes)) * bytes_per_value

    @misconception("The image and the result are the ends of the chain. What is in the middle?")
    def first_and_last(shapes, bytes_per_value):
        return (prod(shapes[0]) + prod(shapes[-1])) * bytes_per_value

    @misconception("Are the two largest tensors the input and the output of one layer?")
    def two_largest(shapes, bytes_per_value):
        return sum(sorted(map(prod, shapes))[-2:]) * bytes_per_value

    @misconception("That is the first layer. Is it the one that holds most?")
    def first_layer(shapes, bytes_per_value):
        return sum(map(prod, shapes[:2])) * bytes_per_value

    @misconception("The loop ends one layer early. Which layer does it never look at?")
    def skips_the_last_layer(shapes, bytes_per_value):
        sums = [prod(a) + prod(b) for a, b in pairwise(shapes)]
        return max(sums[:-1] or sums) * bytes_per_value

    @misconception("The loop begins one layer late. Which layer does it never look at?")
    def skips_the_first_layer(shapes, bytes_per_value):
        sums = [prod(a) + prod(b) for a, b in pairwise(shapes)]
        return max(sums[1:] or sums) * bytes_per_value

    @misconception("Is every picture as high as it is wide? Which number did you use twice?")
    def squares_the_height(shapes, bytes_per_value):
        return max(a[0] * a[1] ** 2 + b[0] * b[1] ** 2 for a, b in pairwise(shapes)) * (
            bytes_per_value
        )

    @misconception("Is every picture as high as it is wide? Which number did you use twice?")
    def squares_the_width(shapes, bytes_per_value):
        return max(a[0] * a[2] ** 2 + b[0] * b[2] ** 2 for a, b in pairwise(shapes)) * (
            bytes_per_value
        )

    @misconception("That is the layer that holds least. Which one decides how much is needed?")
    def smallest_layer(shapes, bytes_per_value):
        return min(prod(a) + prod(b) for a, b in pairwise(shapes)) * bytes_per_value

    @misconception("Three neighbours are in your sum. How many tensors does one layer touch?")
    def three_neighbours(shapes, bytes_per_value):
        sizes = [prod(s) for s in shapes]
        return max(sum(sizes[i : i + 3]) for i in range(len(sizes) - 1)) * bytes_per_value

    @misconception("How many maps of height × width does a tensor of this shape have?")
    def forgets_channels(shapes, bytes_per_value):
        flat = [h * w for _, h, w in shapes]
        return max(a + b for a, b in pairwise(flat)) * bytes_per_value

    @misconception("You counted values. How many bytes does each of them take?")
    def counts_values(shapes, bytes_per_value):
        flat = [prod(s) for s in shapes]
        return max(a + b for a, b in pairwise(flat))
