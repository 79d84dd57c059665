"""The prefetching thread: order, look-ahead, errors, and that it always ends."""

import signal
import threading
import time

import pytest

from tinygrad_cnn.data.prefetch import prefetch

NAME = "tinygrad_cnn prefetch"


def threads():
    return [thread for thread in threading.enumerate() if thread.name == NAME]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert threads() == []


@pytest.mark.parametrize("depth", [0, 1, 2, 50])
def test_items_arrive_in_order(depth):
    assert list(prefetch(iter(range(20)), depth)) == list(range(20))


@pytest.mark.parametrize("depth", [0, 2])
def test_no_items(depth):
    assert list(prefetch([], depth)) == []


@pytest.mark.parametrize("depth", [1, 3])
def test_looks_ahead_but_not_further_than_depth(depth):
    made = []
    items = prefetch((made.append(i) or i for i in range(10)), depth)
    assert next(items) == 0
    deadline = time.monotonic() + 5
    while len(made) < 1 + depth and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert len(made) == 1 + depth
    items.close()


def test_depth_0_works_in_the_calling_thread():
    seen = prefetch((threading.get_ident() for _ in range(1)), 0)
    assert next(seen) == threading.get_ident()
    assert next(prefetch((threading.get_ident() for _ in range(1)), 1)) != threading.get_ident()


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_an_error_arrives_after_the_items_before_it(depth):
    def items():
        yield from (1, 2)
        raise OSError("disk gone")

    ahead = prefetch(items(), depth)
    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(OSError, match="disk gone"):
        next(ahead)


def test_leaving_early_ends_the_thread():
    for item in prefetch(iter(range(1000)), 2):
        assert len(threads()) == 1
        if item == 3:
            break
    assert threads() == []


def test_an_interrupt_ends_the_thread():
    def loop():
        for _ in prefetch(iter(range(1000)), 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert threads() == []


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_an_interrupt_is_heard_while_waiting():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may have it ignored

    def items():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.1)
        yield "too late"

    received = []
    try:
        with pytest.raises(KeyboardInterrupt):
            received.extend(prefetch(items(), 1))
    finally:
        signal.signal(signal.SIGINT, before)
    assert received == []
