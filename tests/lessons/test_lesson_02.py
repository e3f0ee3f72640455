"""Lesson 02: every oracle against something that does not share its code.

Bytes against files that are written, torch's tensors and ONNX's own packing; the peak of a chain
against tracemalloc; operations against a loop that multiplies and against torch's counter; times
and speed-ups against exact fractions.
"""

import os
import tracemalloc
from fractions import Fraction
from math import prod
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from onnx import numpy_helper

from autograder.authoring.instructor import instructor_notebook
from autograder.authoring.quality import doctest_problems, reference_namespace
from quantlab.lessons.catalogue import find, of_lesson
from quantlab.numerics import size_of_file, size_of_parameters
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.judge import judge
from quantlab.teach.source import read_lesson

NAME = "02_size_and_latency"
SOURCE = Path(__file__).parents[2] / "solutions" / NAME / f"{NAME}.py"
SEEDS = range(20)


#: Cases of more values than this are there for large numbers: nobody writes them out.
WRITTEN_OUT = 2**24


def drawn(id, seeds=SEEDS):
    """Every case of every group, for each seed."""
    exercise = find(id)
    return [case for seed in seeds for group in exercise.groups(seed) for case in group.cases]


@pytest.fixture(scope="module")
def text():
    cells = instructor_notebook(SOURCE).cells
    return " ".join(" ".join(c.source for c in cells if c.cell_type == "markdown").split())


# 2.1 and 2.9: the seed figures


def test_45_million_parameters_are_180_mb_and_45_mb(text):
    truth = find("2.1").oracle
    assert truth("fp32_mb") == 45_000_000 * np.dtype(np.float32).itemsize / 1e6 == 180
    assert truth("int8_mb") == 45_000_000 * np.dtype(np.int8).itemsize / 1e6 == 45
    assert truth("times_smaller") == 4
    assert "45,000,000 parameters shrink from **180 MB** to **45 MB**: 4 times smaller" in text


def test_75_million_parameters_are_75_mb_in_the_rubric():
    assert size_of_parameters(75_000_000, "int8") == 75_000_000
    assert size_of_parameters(75_000_000, "float32") == 300_000_000
    bands = find("2.9").rubric
    assert len(bands) >= 3
    assert [b.points for b in bands] == sorted((b.points for b in bands), reverse=True)
    for word in ("75 MB", "300 MB", "symmetric, per-channel", "asymmetric, per-tensor"):
        assert word in bands[0].model_answer


def test_a_written_answer_is_left_to_a_person():
    said = judge(find("2.9"), LocalAsk({"plan_75m": find("2.9").rubric[2].model_answer}))
    assert said.verdict == "inconclusive"


# 2.2: files


def test_bytes_of_a_tensor_are_those_of_a_file(tmp_path):
    types = {4: ml_dtypes.int4, 8: np.int8, 16: np.float16, 32: np.float32}
    file = tmp_path / "values.bin"
    for count, bits in drawn("2.2"):
        if count > WRITTEN_OUT:
            continue
        packed = numpy_helper.from_array(np.zeros(count, types[bits]))  # ONNX packs int4 in pairs
        file.write_bytes(packed.raw_data)
        assert find("2.2").oracle(count, bits) == os.path.getsize(file), (count, bits)


def test_bytes_of_a_tensor_too_large_to_write_are_those_of_numpy():
    """A view of one zero counts its bytes without having them; two 4-bit values share one."""
    large = {case for case in drawn("2.2") if case[0] > WRITTEN_OUT}
    assert {bits for _, bits in large} == {4, 32}
    for count, bits in large:
        stored, dtype = ((count + 1) // 2, np.uint8) if bits == 4 else (count, np.float32)
        assert find("2.2").oracle(count, bits) == np.broadcast_to(dtype(0), stored).nbytes


# 2.3: files, and torch


def test_bytes_of_a_layer_are_those_of_a_file(tmp_path):
    for weight_shape, per_channel in drawn("2.3"):
        rulers = weight_shape[:1] if per_channel else ()
        np.savez(
            tmp_path / "layer.npz",
            weight=np.zeros(weight_shape, np.int8),
            scale=np.ones(rulers, np.float32),
            zero_point=np.zeros(rulers, np.int8),
            bias=np.zeros(weight_shape[0], np.int32),
        )
        found = size_of_file(tmp_path / "layer.npz")
        assert find("2.3").oracle(weight_shape, per_channel) == found.payload
        assert found.total == os.path.getsize(tmp_path / "layer.npz")


def test_bytes_of_a_layer_are_those_of_torch_tensors():
    import torch

    for weight_shape, per_channel in drawn("2.3"):
        rulers = weight_shape[0] if per_channel else 1
        tensors = (
            torch.zeros(weight_shape, dtype=torch.int8),
            torch.zeros(rulers),
            torch.zeros(rulers, dtype=torch.int8),
            torch.zeros(weight_shape[0], dtype=torch.int32),
        )
        expected = sum(t.nelement() * t.element_size() for t in tensors)
        assert find("2.3").oracle(weight_shape, per_channel) == expected


# 2.4: memory that is really taken


def test_the_peak_is_what_tracemalloc_sees():
    for shapes, bytes_per_value in drawn("2.4", seeds=range(3)):
        if max(map(prod, shapes)) > WRITTEN_OUT:
            continue
        dtype = {4: np.float32, 1: np.int8}[bytes_per_value]
        tracemalloc.start()
        x = np.empty(shapes[0], dtype)
        for shape in shapes[1:]:
            x = np.empty(shape, dtype)  # the old x lives until the new one is there
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        del x
        # On top of the elements come two array objects with shape and strides (under 300 bytes
        # each) and the loop's few Python objects: less than 4 kB.
        assert 0 <= peak - find("2.4").oracle(shapes, bytes_per_value) < 4096


def test_the_peak_is_the_largest_pair_of_neighbours():
    for shapes, bytes_per_value in drawn("2.4"):
        pairs = [prod(shapes[i]) + prod(shapes[i + 1]) for i in range(len(shapes) - 1)]
        assert find("2.4").oracle(shapes, bytes_per_value) == max(pairs) * bytes_per_value


def test_the_card_of_a_wrong_peak_draws_the_chain():
    exercise = find("2.4")
    wrong = exercise.misconceptions[0].wrong

    def largest(*args):
        return np.int64(wrong(*args))  # a numpy answer is drawn as well

    said = judge(exercise, LocalAsk({"peak_activation_bytes": largest}))
    assert said.picture.startswith("<svg")
    assert "The tensors of the chain in order: 80 bytes, 8 bytes." in said.picture_text
    assert "your peak, 80 bytes" in said.picture_text


@pytest.mark.parametrize("answer", ["80", None, [80], [[1], [1, 2]], float("nan"), -1, 10**40])
def test_a_peak_of_any_kind_gives_a_card(answer):
    said = judge(find("2.4"), LocalAsk({"peak_activation_bytes": lambda *args: answer}))
    assert said.points == 0
    assert said.observed


# 2.5: count them


def multiplications(weight_shape, groups, height, width):
    """Run the seven loops of a convolution and count each multiplication."""
    out, into, tall, broad = weight_shape
    count = 0
    for channel in range(out):
        first = channel // (out // groups) * into
        for _ in range(height * width):
            for source in range(first, first + into):
                assert 0 <= source < into * groups
                for _ in range(tall * broad):
                    count += 1
    return count


@pytest.mark.parametrize(
    ("weight_shape", "groups"), [((4, 3, 3, 3), 1), ((6, 1, 3, 3), 6), ((4, 2, 1, 1), 2)]
)
def test_operations_are_two_for_each_multiplication_of_the_loops(weight_shape, groups):
    counted = multiplications(weight_shape, groups, 5, 4)
    assert find("2.5").oracle(weight_shape, groups, 5, 4, 4)[0] == 2 * counted


def test_operations_and_bytes_are_those_of_a_torch_convolution():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    for case in drawn("2.5", seeds=range(5)):
        weight_shape, groups, height, width, bytes_per_value = case
        x = torch.zeros(1, weight_shape[1] * groups, height, width, device="meta")
        weight = torch.zeros(weight_shape, device="meta")  # shapes alone: nothing is computed
        with FlopCounterMode(display=False) as counter:
            y = torch.nn.functional.conv2d(x, weight, padding="same", groups=groups)
        operations, moved, intensity = find("2.5").oracle(*case)
        assert operations == counter.get_total_flops()
        assert moved * 4 == (x.nbytes + weight.nbytes + y.nbytes) * bytes_per_value
        assert intensity == operations / moved


# 2.6 and 2.7: exact fractions


def test_the_roofline_time_is_the_slower_of_the_two():
    for case in drawn("2.6"):
        operations, moved, ops_per_second, bytes_per_second = map(Fraction, case)
        compute, memory = operations / ops_per_second, moved / bytes_per_second
        milliseconds, bound = find("2.6").oracle(*case)
        assert bound == ("compute" if compute > memory else "memory")
        # The oracle rounds at most five times, each time by at most 2^-53 of the value.
        exact = 1000 * max(compute, memory)
        assert abs(Fraction(milliseconds) - exact) <= exact * 5 * Fraction(1, 2**53)


def test_the_groups_of_the_roofline_are_what_they_say():
    for seed in SEEDS:
        _, many, few = find("2.6").groups(seed)
        assert {find("2.6").oracle(*case)[1] for case in many.cases} == {"compute"}
        assert {find("2.6").oracle(*case)[1] for case in few.cases} == {"memory"}


def test_the_speed_up_is_old_time_over_new_time():
    for case in drawn("2.7"):
        share, faster, overhead = map(Fraction, case)
        exact = 1 / ((1 - share) + share / faster + overhead)
        # Eight roundings of 2^-53 each; the parts are positive and the new time is at least 0.2 of
        # 1000, of which 1 - share may be off by 2^-54 * 1000: together below 20 * 2^-53.
        assert abs(Fraction(find("2.7").oracle(*case)) - exact) <= exact * 20 * Fraction(1, 2**53)


def test_the_last_group_of_the_speed_up_is_slower_than_fp32():
    for seed in SEEDS:
        slower = find("2.7").groups(seed)[-1]
        assert all(find("2.7").oracle(*case) < 1 for case in slower.cases)


def test_the_tolerance_of_the_speed_up_tells_wrong_answers_apart():
    """The comment there promises: thousands of spacings between right and wrong."""
    exercise = find("2.7")
    for seed in SEEDS:
        for wrong in exercise.misconceptions:
            gaps = [
                abs(wrong.wrong(*case) - exercise.oracle(*case))
                / np.spacing(np.float32(exercise.oracle(*case)))
                for group in exercise.groups(seed)
                for case in group.cases
            ]
            assert max(gaps) > 1000, wrong.name


# The lesson itself


def test_the_examples_in_the_docstrings_run():
    names = reference_namespace(read_lesson(SOURCE))
    problems = {e.id: list(doctest_problems(e, names)) for e in of_lesson(2)}
    assert problems == {e.id: [] for e in of_lesson(2)}


def test_the_example_by_hand_adds_up(text):
    assert "(18 + 2) × 4 = **80 bytes**" in text
    assert "2 × 4 for the biases = **31 bytes**" in text
    assert "18 + 2 × (4 + 1) + 2 × 4 = **36 bytes**" in text
    assert (18 + 2) * 4 == 80
    assert 18 + 4 + 1 + 2 * 4 == 31
    assert 18 + 2 * (4 + 1) + 2 * 4 == 36


def test_per_channel_is_taught_before_it_is_asked(text):
    taught, asked = text.index("**Per-channel** is one ruler"), text.index("Exercise 2.3")
    assert taught < asked
    # Symmetric, 4 bits: 7 steps to each side.
    assert f"a step is {2 / 7:.3f}, and" in text
    assert f"steps of {0.25 / 7:.3f}." in text


def test_the_texts_on_speed_are_computed(text):
    assert "{{" not in text
    assert "the linear layer moves 4 times fewer bytes" in text
    assert "the model is 1.6 times faster" in text  # 1 / (1/2 + 1/8)
    assert "1.33 times is left" in text  # 1 / (1/2 + 1/8 + 1/8)


def test_the_work_by_hand_is_the_work_of_the_exercise(text):
    operations, moved, intensity = find("2.5").oracle((1000, 4096, 1, 1), 1, 1, 1, 4)
    assert f"{operations:,} operations, {moved:,} bytes in FP32: **{intensity:.2f}" in text
    operations, moved, intensity = find("2.5").oracle((256, 256, 1, 1), 1, 40, 40, 4)
    assert f"{operations:,} operations, {moved:,} bytes: **{intensity:.0f}" in text


def test_the_break_cell_starts_with_a_layer_that_grows():
    from quantlab.numerics import LayerShape, size_of_layers

    layer = LayerShape("try", "conv", (8, 1, 1, 1))
    assert size_of_layers([layer], "int8").total > size_of_layers([layer], "float32").total
