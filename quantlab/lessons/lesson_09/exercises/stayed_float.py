"""9.1: read a precision report: how much runs in INT8, and which layers do not."""

from fractions import Fraction

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import each, exact, ulps

#: Rows are larger than there are of them, so that a sentence on a length gives none away.
LAYOUT = ("layout", 0)
SHORT = [("INT8", 600), LAYOUT, ("FP32", 0), ("FP32", 50), ("FP32", 150), ("INT8", 200)]
UNEVEN = [("INT8", 37), *[LAYOUT] * 3, ("FP32", 10), ("FP32", 1), ("FP32", 40)]
#: An INT8 node and an FP32 node have equally many MACs, twice.
TWINS = [LAYOUT, LAYOUT, ("INT8", 40), ("FP32", 40), ("FP32", 90), ("INT8", 90)]
ALL_INT8 = [LAYOUT, ("INT8", 7), ("INT8", 30), LAYOUT]
ALL_FLOAT = [*[LAYOUT] * 4, ("FP32", 3), ("FP32", 9), LAYOUT, ("FP32", 6), ("FP32", 0)]


@exercise("9.1", "What stayed in float?", points=3, difficulty=2, importance=5, minutes=5)
class StayedFloat:
    answer = "what_stayed_float"
    hints = (
        "Two sums: the MACs of the INT8 nodes, and those of all nodes.",
        "A node without MACs is no layer: it belongs in no list, whatever it runs in. Sort the "
        "FP32 ones that are left by their MACs.",
        "rows = [i for i, (precision, macs) in enumerate(nodes) if precision == 'FP32' and macs]; "
        "then sort with key=lambda i: -nodes[i][1].",
    )
    insight = (
        "A self-check of two lines. Put it behind every export, because nothing else will tell you."
    )
    # A count times 100 over a count: two roundings, and the rounding of the truth.
    within = each(percent=ulps(3), rows=exact())

    def cases(rng):
        kinds = ["FP32"] * 4 + ["INT8"] * 3 + ["layout"]
        order = [kinds[k] for k in rng.permutation(len(kinds))]
        macs = rng.permutation(len(kinds)) * 7 + 11  # all different
        drawn = [LAYOUT] * 6 + [
            (kind, 0 if kind == "layout" else int(count))
            for kind, count in zip(order, macs, strict=True)
        ]
        return [
            group(
                "a mixture",
                2,
                "The share of the MACs in per cent, and the FP32 layers with MACs, most first.",
                [(SHORT,), (UNEVEN,), (TWINS,), (drawn,)],
            ),
            group(
                "all of it, or nothing",
                1,
                "The share runs from 0 to 100. Where no layer is in FP32, the list is empty.",
                [(ALL_INT8,), (ALL_FLOAT,), ([LAYOUT, ("FP32", 0)],)],
            ),
        ]  # fmt: skip

    def oracle(nodes):
        # From the largest on, one at a time, in exact fractions.
        total = sum(macs for _, macs in nodes)
        integer = Fraction(sum(macs for precision, macs in nodes if precision == "INT8"))
        left = {i: macs for i, (precision, macs) in enumerate(nodes) if precision == "FP32"}
        rows = []
        while any(left.values()):
            rows.append(max(left, key=left.get))
            del left[rows[-1]]
        return float(100 * integer / total) if total else 0.0, rows

    @misconception("Is a node that converts numbers as much work as a convolution?")
    def counts_nodes(nodes):
        integer = sum(precision == "INT8" for precision, _ in nodes)
        return 100 * integer / len(nodes), _rows(nodes)

    @misconception("A layer of 50 MACs and one of 600: do they weigh the same?")
    def counts_layers(nodes):
        layers = [precision for precision, macs in nodes if macs]
        percent = 100 * layers.count("INT8") / len(layers) if layers else 0.0
        return percent, _rows(nodes)

    @misconception("100 % are the MACs of all nodes. Which nodes did you divide by?")
    def ratio_to_the_float_layers(nodes):
        integer, left = (sum(m for p, m in nodes if p == of) for of in ("INT8", "FP32"))
        return 100 * integer / left if left else 0.0, _rows(nodes)

    @misconception("Those count the FP32 layers alone. At which places do they stand in `nodes`?")
    def places_among_the_float_layers(nodes):
        rows = sorted(_rows(nodes))
        return _percent(nodes), [rows.index(i) for i in _rows(nodes)]

    @misconception("An INT8 node may have as many MACs. Which one do you find by its MACs?")
    def looks_up_by_macs(nodes):
        macs = [count for _, count in nodes]
        return _percent(nodes), [macs.index(macs[i]) for i in _rows(nodes)]

    @misconception("That is the share in FP32. Which share was asked for?")
    def share_of_the_others(nodes):
        return _percent(nodes, "FP32"), _rows(nodes)

    @misconception("Per cent: of a hundred. What is one half in per cent?")
    def share_of_one(nodes):
        return _percent(nodes) / 100, _rows(nodes)

    @misconception("How many multiplications does a node without MACs save you in INT8?")
    def keeps_nodes_without_macs(nodes):
        rows = [i for i, (precision, _) in enumerate(nodes) if precision == "FP32"]
        return _percent(nodes), sorted(rows, key=lambda i: -nodes[i][1])

    @misconception("Which layer do you mend first, the one with the most MACs or with the fewest?")
    def fewest_first(nodes):
        return _percent(nodes), _rows(nodes)[::-1]

    @misconception("That is the order in which they run. Which of them costs most?")
    def in_order_of_the_graph(nodes):
        return _percent(nodes), sorted(_rows(nodes))

    @misconception("Those run in integers already. Which ones do not?")
    def names_the_integer_layers(nodes):
        return _percent(nodes), _rows(nodes, "INT8")

    @misconception("Those are numbers of MACs. On which rows do they stand?")
    def gives_macs(nodes):
        return _percent(nodes), [nodes[i][1] for i in _rows(nodes)]

    @misconception("The worst layer is the first of them. Where are the others?")
    def the_worst_alone(nodes):
        return _percent(nodes), _rows(nodes)[:1]


def _percent(nodes, of="INT8"):
    total = sum(macs for _, macs in nodes)
    return 100 * sum(macs for precision, macs in nodes if precision == of) / total if total else 0.0


def _rows(nodes, of="FP32"):
    rows = [i for i, (precision, macs) in enumerate(nodes) if precision == of and macs]
    return sorted(rows, key=lambda i: -nodes[i][1])
