"""MinMaxObserver: any split of the data gives the same ruler."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from quantlab.numerics import MinMaxObserver, choose_qparams

batches = st.lists(
    hnp.arrays(np.float32, (2, 3), elements=st.floats(-100, 100, width=32)), min_size=1, max_size=5
)


@given(batches, st.sampled_from([None, 0, 1, -1]), st.sampled_from(["asymmetric", "symmetric"]))
def test_a_stream_of_batches_is_one_big_batch(parts, axis, scheme):
    streamed = MinMaxObserver(dtype="int8", scheme=scheme, axis=axis)
    for part in parts:
        assert streamed.partial_fit(part) is streamed
    x = np.stack(parts)  # (batches, 2, 3): the channel axis moved one place to the right
    kept = None if axis is None else axis % 2 + 1
    others = tuple(i for i in range(3) if i != kept)
    expected = choose_qparams(
        x.min(axis=others), x.max(axis=others), dtype="int8", scheme=scheme, axis=axis
    )
    assert streamed.qparams() == expected
    assert streamed.n_values_ == x.size


def test_the_constructor_only_stores():
    observer = MinMaxObserver(dtype="int99", scheme="wrong", axis=7, narrow=True)
    assert vars(observer) == {"dtype": "int99", "scheme": "wrong", "axis": 7, "narrow": True}
    with pytest.raises(ValueError, match="dtype is 'int99'"):
        MinMaxObserver(dtype="int99").partial_fit([1.0]).qparams()


def test_memory_is_constant():
    observer = MinMaxObserver(axis=0)
    for _ in range(3):
        observer.partial_fit(np.ones((4, 1000)))
        assert observer.lo_.nbytes + observer.hi_.nbytes == 2 * 4 * 4
        assert observer.lo_.base is None  # no view that would keep a batch alive


def test_fit_starts_anew():
    observer = MinMaxObserver().partial_fit([-9.0, 9.0])
    assert observer.fit([0.0, 1.0]).qparams() == choose_qparams(0.0, 1.0)
    assert observer.n_values_ == 2


def test_no_batch_yet():
    with pytest.raises(ValueError, match="the observer has seen no batch"):
        MinMaxObserver().qparams()


@pytest.mark.parametrize(
    ("axis", "batch", "says"),
    [
        (None, [float("nan")], "batch holds nan"),
        (None, [], "batch is empty"),
        (None, [1, 2], "batch has dtype int64"),
        (2, np.ones((2, 3)), "axis is 2, but batch has 2 dimensions"),
        (1, np.ones((2, 4)), "batch has 4 channels along axis 1, but the batches before it had 3"),
    ],
)
def test_a_bad_batch_is_refused_and_changes_nothing(axis, batch, says):
    observer = MinMaxObserver(axis=axis)
    if axis != 2:
        observer.partial_fit(np.ones((2, 3)))
    before = dict(vars(observer))
    with pytest.raises(ValueError, match=says):
        observer.partial_fit(batch)
    assert vars(observer) == before
