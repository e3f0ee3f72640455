"""Messages: plain data comes back the same; all else is refused before it is believed."""

import json
import math

import numpy as np
import pytest

from autograder.running.student_side import wire
from autograder.running.student_side.wire import BadMessage


def carried(value):
    data = wire.pack({"id": "x"}, {"value": value})
    return wire.unpack(reader(data))["values"]["value"]


def reader(data):
    place = 0

    def read(size):
        nonlocal place
        part = data[place : place + size]
        place += size
        return part

    return read


def forged(node, blob=b""):
    text = json.dumps({"id": "x", "values": {"value": node}}).encode()
    return wire.unpack(reader(wire.HEAD.pack(len(text), len(blob)) + text + blob))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        2**53,
        -(10**300),
        0.1,
        math.inf,
        "ü\n\x00",
        (),
        (1, [2.0, {"a": (None,)}]),
        {1: "one", (2, 3): "pair"},
    ],
)
def test_plain_data_is_the_same_after_the_way(value):
    again = carried(value)
    assert again == value
    assert type(again) is type(value)


def test_nan_and_half_a_character_arrive():
    assert math.isnan(carried(math.nan))
    assert carried("half \ud83d") == "half ?"


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int64", "float16", "float32", "longdouble"]
)
def test_an_array_keeps_its_type_its_shape_and_its_order(dtype):
    array = np.asfortranarray(np.arange(12).reshape(3, 4)).astype(dtype, order="F")
    again = carried(array)
    assert again.dtype == array.dtype
    assert again.flags.f_contiguous
    assert np.array_equal(again, array)
    assert carried(np.zeros((0, 3), dtype)).shape == (0, 3)
    assert carried(np.array(3, dtype)).shape == ()


@pytest.mark.parametrize(
    "node",
    [
        ["a", "<f4", [2], "C", 0, 4],
        ["a", "<f4", [2**40], "C", 0, 8],
        ["a", "<f4", [-1], "C", 0, 4],
        ["a", "|O", [1], "C", 0, 8],
        ["a", ["<f4"], [1], "C", 0, 4],
        ["a", "<f4", [1], "K", 0, 4],
        ["a", "<f4", "12", "C", 0, 4],
        ["a", "<f4", [True], "C", 0, 4],
        ["i", "0x" + "f" * 20_000],
        ["i", 3],
        ["f", "1.0"],
        ["t", 3],
        ["d", [[["l", []], 1]]],
        ["d", [1]],
        ["p", "pickle"],
        ["t"],
        {"a": 1},
    ],
)
def test_what_no_honest_side_writes_is_refused(node):
    with pytest.raises(BadMessage):
        forged(node, b"\0\0\0\0")


def test_depth_and_size_are_capped_before_they_are_read():
    node = 1
    for _ in range(40):
        node = ["l", [node]]
    with pytest.raises(BadMessage, match="deep"):
        forged(node)
    asked = []

    def read(size):
        asked.append(size)
        return wire.HEAD.pack(2**31, 0)

    with pytest.raises(BadMessage, match="bytes"):
        wire.unpack(read)
    assert asked == [wire.HEAD.size]


def test_an_answer_that_is_too_large_is_refused_in_a_sentence():
    with pytest.raises(BadMessage, match="MB large"):
        wire.pack({}, {"value": np.zeros(wire.MOST_BYTES + 1, np.uint8)})
    with pytest.raises(BadMessage, match="digits"):
        wire.pack({}, {"value": 10**5000})
    with pytest.raises(BadMessage, match="no plain data"):
        wire.pack({}, {"value": object()})


@pytest.mark.parametrize("data", [b"[]", b"3", b"{}", b'{"values": 3}', b"\xff", b"[" * 100_000])
def test_json_that_is_no_message_is_refused(data):
    with pytest.raises(BadMessage):
        wire.unpack(reader(wire.HEAD.pack(len(data), 0) + data))
