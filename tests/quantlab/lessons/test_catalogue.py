"""A specification class becomes an exercise; an id leads to it or to one clear sentence."""

import pytest

from quantlab.lessons.catalogue import all_exercises, find, of_lesson
from quantlab.teach.judging.exercise import exercise


def test_a_name_that_is_no_part_of_an_exercise_is_refused():
    with pytest.raises(TypeError, match=r"exercise 9.9: \['tolerance'\] is no part"):

        @exercise("9.9", "Typo", points=1, difficulty=1, importance=1, minutes=1)
        class Typo:
            answer = "x"
            hints = ("a", "b", "c")
            tolerance = 3


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("abc", 'There is no exercise "abc". An id looks like "1.2".'),
        ("99.1", 'There is no exercise "99.1": lesson 99 has no exercises.'),
    ],
)
def test_an_unknown_id_gets_one_sentence(id, said):
    with pytest.raises(KeyError) as refused:
        find(id)
    assert refused.value.args[0] == said


def test_an_id_beyond_the_lesson_says_which_there_are():
    first, last = of_lesson(1)[0].id, of_lesson(1)[-1].id
    with pytest.raises(KeyError, match=f"Lesson 1 has {first} to {last}."):
        find("1.99")


def test_every_exercise_is_found_by_its_id_and_ids_are_unique():
    everything = all_exercises()
    assert len({e.id for e in everything}) == len(everything)
    assert all(find(e.id) is e for e in everything)
    assert [e.id for e in everything if e.lesson == 1] == [e.id for e in of_lesson(1)]
