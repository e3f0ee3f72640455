"""The shipped quizzes: their keys, their feedback, and numbers that the library computes."""

import numpy as np
import pytest

from quantlab.lessons.catalogue import load_quiz, quiz_ids
from quantlab.numerics import QParams, choose_qparams, dequantize, quantize, size_of_parameters
from quantlab.teach.quiz import look_again, score
from quantlab.teach.quiz.answers import typed_answer
from quantlab.teach.quiz.text import call_without_widgets


def right_answers(quiz) -> dict:
    def of(question):
        right = [n for n, option in enumerate(question.options) if option.right]
        return {"single": right[:1] and right[0], "multiple": right}.get(
            question.kind, question.answer
        )

    return {question.id: of(question) for question in quiz.questions}


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_a_shipped_quiz_loads_and_its_own_key_scores_full(quiz_id):
    quiz = load_quiz(quiz_id)
    result = score(quiz, right_answers(quiz))
    assert result.points == quiz.max_points == len(quiz.questions)
    assert result.passed
    assert look_again(result) == ""


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_no_single_wrong_answer_earns_its_point(quiz_id):
    quiz = load_quiz(quiz_id)
    for question in quiz.questions:
        wrong = [n for n, option in enumerate(question.options) if not option.right]
        if question.kind == "numeric":
            tried = [near.value for near in question.likely_wrong] + [1e9]
        elif question.kind == "multiple":
            right = right_answers(quiz)[question.id]
            tried = [[n] for n in wrong] + [[*right, n] for n in wrong] + [right[:-1]]
        else:
            tried = wrong
        for answer in tried:
            one = score(quiz, {question.id: answer}).questions[question.number - 1]
            assert one.answered
            assert one.points == 0
            assert any(said.endswith("?") for said in one.feedback), (question.id, answer)


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_every_likely_wrong_number_has_its_own_sentence(quiz_id):
    quiz = load_quiz(quiz_id)
    for question in quiz.questions:
        for near in question.likely_wrong:
            one = score(quiz, {question.id: near.value}).questions[question.number - 1]
            assert one.feedback == (near.feedback,)


def test_seven_of_nine_pass_the_quick_test_and_six_do_not():
    quiz = load_quiz("quick_test")
    assert (quiz.max_points, quiz.points_to_pass) == (9, 7)
    answers = right_answers(quiz)
    for dropped, passed in ((2, True), (3, False)):
        some = dict(list(answers.items())[dropped:])
        result = score(quiz, some)
        assert result.points == 9 - dropped
        assert result.passed is passed
        assert result.unanswered == tuple(range(1, dropped + 1))


def test_length_and_position_do_not_give_the_right_option_away():
    singles = [q for q in load_quiz("quick_test").questions if q.kind == "single"]
    right = [[o.right for o in q.options].index(True) for q in singles]
    longest = [max(range(len(q.options)), key=lambda n: len(q.options[n].text)) for q in singles]
    assert len(set(right)) >= 3
    # By chance, one in four would agree; more than half would be a pattern to learn by heart.
    assert sum(r == n for r, n in zip(right, longest, strict=True)) <= len(singles) / 2


def test_the_example_call_of_the_quick_test_answers_no_question_right():
    quiz = load_quiz("quick_test")
    assert call_without_widgets(quiz) == 'quiz("quick_test").answer(q1="a", q3=0.5, q4=["a", "b"])'
    questions = {question.id: question for question in quiz.questions}
    given = {"q1": "a", "q3": 0.5, "q4": ["a", "b"]}
    answers = {id: typed_answer(questions[id], typed) for id, typed in given.items()}
    assert score(quiz, answers).points == 0


def test_the_numbers_of_the_quick_test_are_the_librarys():
    questions = {q.id: q for q in load_quiz("quick_test").questions}
    ruler = choose_qparams(-0.9, 5.0)
    # The file gives seven decimals: half a unit of the last is 5e-8, and float32 adds 2**-24
    # relative, 1.4e-9 here.
    assert abs(questions["q5"].answer - float(ruler.scale)) < 5e-8 + 1.4e-9
    # An answer rounded as asked counts; the 256-level slip, rounded likewise, does not.
    quiz = load_quiz("quick_test")
    assert score(quiz, {"q5": round(float(ruler.scale), 4)}).points == 1
    assert score(quiz, {"q5": round(5.9 / 256, 4)}).points == 0
    by_slip = {w.value for w in questions["q5"].likely_wrong}
    # Seven decimals again for values below 1, four for 43.2203.
    for slip, half_unit in ((5.9 / 256, 5e-8), (5 / 255, 5e-8), (5 / 127, 5e-8), (255 / 5.9, 5e-5)):
        assert min(abs(slip - value) for value in by_slip) <= half_unit

    size = size_of_parameters(45_000_000, "int8")
    # Whole bytes, and 45 is exact in binary.
    assert size / 1e6 == questions["q3"].answer
    assert 45_000_000 * 4 / 1e6 in {w.value for w in questions["q3"].likely_wrong}

    right = next(option.text for option in questions["q1"].options if option.right)
    qparams = type(ruler)(scale=0.5, zero_point=10, dtype="uint8")
    # 0.5 and the integers are exact in float32, so the text must say exactly this.
    real = float(dequantize(np.array([4], np.uint8), qparams)[0])
    assert float(right.replace("−", "-")) == real


def test_the_numbers_of_lesson_1_are_the_librarys():
    questions = {q.id: q for q in load_quiz("01_scale_and_zero_point").questions}
    # Integers: nothing to tolerate.
    assert questions["q2"].answer == int(choose_qparams(-0.8, 3.0).zero_point)
    assert questions["q3"].answer == int(quantize(np.float32(0.33), QParams(0.05, 20, "uint8")))
    ruler = choose_qparams(-0.9, 5.0)
    saturating = [option.right for option in questions["q4"].options]
    values = [float(o.text.replace("−", "-")) for o in questions["q4"].options]
    back = dequantize(quantize(np.array(values, np.float32), ruler), ruler)
    # On the ruler the error is at most half a step (1e-6: float32 rounding of values near 5).
    beyond = np.abs(back - np.array(values)) > float(ruler.scale) / 2 + 1e-6
    assert saturating == list(beyond)


def test_the_numbers_of_lesson_2_are_the_librarys():
    questions = {q.id: q for q in load_quiz("02_size_and_latency").questions}
    # Whole bytes again: 5,000,000 of them, and 5.0 is exact.
    assert questions["q1"].answer == size_of_parameters(10_000_000, "int4") / 1e6
    # Amdahl's law in binary fractions up to the last division; one float64 rounding, 2e-16.
    assert abs(questions["q3"].answer - 1 / (0.5 / 4 + 0.5)) < 1e-15
