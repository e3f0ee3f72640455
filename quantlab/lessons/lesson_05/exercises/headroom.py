"""5.9: how much room a sum has."""

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import exact

POINTS = {"worst_pair": 1.0, "safe_weight": 1.0, "safe_products": 1.0}


@exercise("5.9", "How much room is there?", points=3, difficulty=2, importance=4, minutes=5)
class Headroom:
    values = POINTS
    asks = {
        "worst_pair": "The largest sum of two products of a UINT8 and a weight up to 127.",
        "safe_weight": "The largest w: no pair leaves INT16 with weights from −w to w.",
        "safe_products": "The most products of 255 × 127 whose sum an INT32 holds.",
    }
    insight = (
        "Weights of 7 bits lie within the safe weight: they are exact on every CPU, at half the "
        "resolution."
    )
    hints = (
        "The worst x is the last UINT8. How large is one product, and how large are two?",
        "Two products of x = 255 and w stay within 32,767 as long as 2 × 255 × w does. The third "
        "question is the same one, with 2**31 − 1.",
        "safe_weight = 32767 // (2 * 255), safe_products = (2**31 - 1) // (255 * 127)",
    )
    within = exact()  # three counts

    def oracle(name):
        pair = max(2 * x * w for x in range(256) for w in range(128))
        weight = max(w for w in range(128) if 2 * 255 * w < 2**15)
        products, total = 0, 255 * 127
        while total < 2**31:
            products, total = products + 1, total + 255 * 127
        return _answers(pair, weight, products)[name]

    @misconception("How many products does the instruction add before it stops?")
    def counts_one_product(name):
        return _answers(32_385, 127, 66_311)[name]

    @misconception("Which is the last UINT8, 255 or 256?")
    def takes_256_ticks(name):
        return _answers(2 * 256 * 127, 63, 66_052)[name]

    @misconception("An INT16 has a sign. Where does it end above?")
    def forgets_the_sign(name):
        return _answers(64_770, 128, 132_622)[name]

    @misconception("x is a UINT8 here. What is its largest value?")
    def takes_x_for_int8(name):
        return _answers(2 * 127 * 127, 129, 133_144)[name]

    @misconception("65 × 510 is 33,150. Does that still fit?")
    def rounds_up(name):
        return _answers(64_770, 65, 66_312)[name]

    @misconception("7 bits end at 63. Is there a larger weight that is safe?")
    def takes_the_end_of_7_bits(name):
        return _answers(64_770, 63, 66_311)[name]

    @misconception("That is how many pairs an INT32 holds. How many products are in a pair?")
    def counts_pairs(name):
        return _answers(64_770, 64, 33_155)[name]

    @misconception("An INT32 has a sign, too. Where does it end above?")
    def forgets_the_sign_of_int32(name):
        return _answers(64_770, 64, 132_622)[name]

    @misconception("Can a weight, or a number of products, have decimals?")
    def leaves_the_decimals(name):
        return _answers(64_770, 32767 / 510, (2**31 - 1) / 32_385)[name]


def _answers(pair, weight, products):
    return {"worst_pair": pair, "safe_weight": weight, "safe_products": products}
