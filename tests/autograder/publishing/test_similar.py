"""Likeness: a renamed copy is found, what everybody writes is not."""

import nbformat

from autograder.publishing.similar import pairs_of, shingles_of

ONE = '''
def calibrate(values, percent):
    """Low and high."""
    lowest, highest = float("inf"), float("-inf")
    for value in sorted(values)[len(values) // 100 : -len(values) // 100]:
        lowest = min(lowest, value * percent / 100)
        highest = max(highest, value * percent / 100)
    if lowest > 0 or highest < 0:
        lowest, highest = min(lowest, 0.0), max(highest, 0.0)
    return {"lo": lowest, "hi": highest, "width": highest - lowest}
'''
RENAMED = (
    ONE.replace("lowest", "a").replace("highest", "b").replace("value", "x").replace("    ", "  ")
    + "# my own work\n"
)
OTHER = """
def calibrate(values, percent):
    import numpy as np
    v = np.asarray(values, dtype=np.float64)
    cut = np.percentile(v, [100 - percent, percent])
    return dict(lo=min(0.0, cut[0]), hi=max(0.0, cut[1]), width=float(np.ptp(cut)))
"""


def notebook(source, text="because"):
    def meta(id, grade):
        own = {"grade": grade, "solution": True, "grade_id": id, "locked": False}
        return {"nbgrader": own | {"schema_version": 3, "task": False}}

    new = nbformat.v4.new_code_cell
    cells = [new(source, metadata=meta("exercise-4-1", False))]
    cells.append(new(f'why = """{text}"""', metadata=meta("written-4-2", True)))
    return nbformat.v4.new_notebook(cells=cells)


def pairs(**sources):
    return pairs_of("04", {who: shingles_of(notebook(s)) for who, s in sources.items()})


def test_a_copy_with_other_names_and_spacing_is_found():
    (pair,) = pairs(ada=ONE, ben=RENAMED, cy=OTHER)
    assert (pair.first, pair.second, pair.where) == ("ada", "ben", ("4.1",))
    assert pair.alike > 0.9


def test_what_much_of_the_class_wrote_tells_nothing():
    many = {f"s{n}": ONE for n in range(8)}
    assert pairs(**many, ada=OTHER) == ()


def test_two_of_a_large_class_are_found():
    def own(n):
        return "\n".join(f"t{k} = {n * 100 + k} * {k} - {n}" for k in range(12))

    found = pairs(ada=ONE, ben=RENAMED, **{f"s{n}": own(n) for n in range(60)})
    assert [(pair.first, pair.second) for pair in found] == [("ada", "ben")]


def test_short_answers_are_not_compared():
    assert pairs(ada="x = 1 + 2", ben="x = 1 + 2") == ()


def test_a_text_is_compared_by_its_words():
    words = "the scale is the step between two levels and the zero point says where zero lies so "
    more = "a b c d e f g h i j k l m n o"
    own = [shingles_of(notebook("pass", text)) for text in (words + more, words + more + "!")]
    (pair,) = pairs_of("04", {"ada": own[0], "ben": own[1]})
    assert pair.where[0] == "4.2"


def test_code_that_does_not_parse_is_compared_too():
    broken = ONE.replace("return {", "return {{{ (")
    (pair,) = pairs(ada=broken, ben=broken)
    assert pair.alike == 1.0
