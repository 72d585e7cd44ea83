"""A call that takes too long is stopped, whatever it catches; one in time is left alone."""

import signal
import threading
import time

import pytest

from helpers.calls import TookTooLong, at_most


def test_an_endless_loop_is_stopped():
    with pytest.raises(TookTooLong, match="more than 0.05 seconds"), at_most(0.05):
        while True:
            pass


@pytest.mark.parametrize("told", [signal.SIG_IGN, signal.SIG_DFL, lambda *_: None])
def test_a_process_that_ignores_an_interrupt_is_stopped_too(told):
    before = signal.signal(signal.SIGINT, told)
    try:
        with pytest.raises(TookTooLong), at_most(0.05):
            while True:
                pass
        assert signal.getsignal(signal.SIGINT) == told
    finally:
        signal.signal(signal.SIGINT, before)


def test_one_that_catches_everything_is_stopped_again():
    caught = []
    with pytest.raises(TookTooLong), at_most(0.05):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                if caught:
                    raise
                caught.append(True)
    assert caught


def test_waiting_is_stopped_too():
    with pytest.raises(TookTooLong), at_most(0.05):
        time.sleep(600)


def test_nothing_is_left_behind_by_a_call_in_time():
    before = set(threading.enumerate())  # a thread of an earlier test's may still end
    with at_most(600):
        pass
    for _ in range(1000):
        if not set(threading.enumerate()) - before:
            break
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before


def test_the_students_own_interrupt_stays_one():
    with pytest.raises(KeyboardInterrupt), at_most(600):
        raise KeyboardInterrupt


def test_outside_the_main_thread_there_is_no_limit():
    done = []

    def work():
        with at_most(0):
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
