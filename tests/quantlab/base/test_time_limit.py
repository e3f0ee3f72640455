"""A block ends in time, by a signal and by a thread, and leaves nothing behind."""

import signal
import threading
import time

import pytest
import torch

from quantlab.base.time_limit import TimeIsUp, _by_signal, _by_thread, time_limit

#: A loaded machine may be late by as much; each loop below would run forever.
LATE_SECONDS = 20.0

WAYS = [_by_signal, _by_thread] if hasattr(signal, "setitimer") else [_by_thread]


def loop_for_ever():
    started = time.monotonic()
    while time.monotonic() - started < LATE_SECONDS:
        try:
            sum(range(100))
        except Exception:  # a learner's own; TimeIsUp passes it
            continue
    return "it ran on"


@pytest.mark.parametrize("way", WAYS)
def test_an_endless_loop_is_stopped(way):
    with pytest.raises(TimeIsUp), way(0.05):
        loop_for_ever()


@pytest.mark.parametrize("way", WAYS)
def test_a_block_that_is_done_in_time_is_left_alone_afterwards(way):
    with way(LATE_SECONDS):
        done = 1 + 1
    assert done == 2
    assert "time limit" not in {thread.name for thread in threading.enumerate()}
    if way is _by_signal:
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def swallows_once():
    try:
        loop_for_ever()
    except BaseException:  # a learner may write it
        loop_for_ever()


@pytest.mark.parametrize("way", WAYS)
def test_it_comes_again_where_the_first_one_was_swallowed(way):
    with pytest.raises(TimeIsUp), way(0.05):
        swallows_once()


def test_limits_may_be_nested_and_the_outer_one_comes_in_time():
    def inner():
        with time_limit(2 * LATE_SECONDS):
            loop_for_ever()
            pytest.fail("the outer limit did not come")

    with pytest.raises(TimeIsUp), time_limit(0.2):
        inner()


def test_in_another_thread_it_is_that_thread_which_stops():
    said = []

    def work():
        try:
            with time_limit(0.05):
                loop_for_ever()
        except TimeIsUp:
            said.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LATE_SECONDS + 5)
    assert said == ["stopped"]


def test_where_nothing_could_stop_a_block_it_runs_to_its_end(monkeypatch):
    """A browser tab has no timer and no second thread: to ask for one would fail."""
    monkeypatch.setattr("quantlab.base.time_limit.IN_BROWSER", True)
    with time_limit(0.001):
        time.sleep(0.05)
        names = {thread.name for thread in threading.enumerate()}
    assert "time limit" not in names


def left_off():
    torch.set_grad_enabled(False)
    while True:
        pass


@pytest.mark.parametrize("limit", [_by_signal, _by_thread])
def test_gradients_that_the_block_has_left_off_are_on_again(limit, monkeypatch):
    """As one does that is stopped while torch leaves a no_grad block."""
    monkeypatch.setattr("quantlab.base.time_limit._timer_is_free", lambda _: limit is _by_signal)
    with pytest.raises(TimeIsUp), time_limit(0.2):
        left_off()
    assert torch.is_grad_enabled()
    with torch.no_grad():
        with time_limit(60):
            torch.set_grad_enabled(True)
        assert not torch.is_grad_enabled()
