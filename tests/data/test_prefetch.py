"""The prefetching thread: order, look-ahead, errors, and that it always ends."""

import signal
import threading
import time

import pytest

from tinygrad_cnn.data.prefetch import TooLate, prefetch

NAME = "tinygrad_cnn prefetch"


def threads():
    return [thread for thread in threading.enumerate() if thread.name == NAME]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert threads() == []


def same(item):
    return item


def double(item):
    time.sleep((item * 7919 % 5) * 1e-4)  # some take longer
    return 2 * item


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("depth", [0, 1, 2, 50])
def test_items_arrive_in_order(depth, workers):
    assert list(prefetch(double, iter(range(20)), depth, workers)) == list(range(0, 40, 2))


@pytest.mark.parametrize("depth", [0, 2])
def test_no_items(depth):
    assert list(prefetch(same, [], depth)) == []


@pytest.mark.parametrize("depth", [1, 3])
def test_looks_ahead_but_not_further_than_depth(depth):
    made = []
    items = prefetch(lambda i: made.append(i) or i, range(10), depth)
    assert next(items) == 0
    deadline = time.monotonic() + 5
    while len(made) < 1 + depth and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert len(made) == 1 + depth
    items.close()


def test_depth_0_works_in_the_calling_thread():
    assert next(prefetch(lambda _: threading.get_ident(), [0], 0)) == threading.get_ident()
    assert next(prefetch(lambda _: threading.get_ident(), [0], 1)) != threading.get_ident()


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_an_error_arrives_after_the_items_before_it(depth):
    def items():
        yield from (1, 2)
        raise OSError("disk gone")

    def work(item):
        if item == 3:
            raise OSError("disk gone")
        return item

    for ahead in prefetch(same, items(), depth), prefetch(work, range(1, 9), depth, 2):
        assert [next(ahead), next(ahead)] == [1, 2]
        with pytest.raises(OSError, match="disk gone"):
            next(ahead)


def test_leaving_early_ends_the_thread():
    for workers in 1, 4:
        for item in prefetch(same, iter(range(1000)), 2, workers):
            assert len(threads()) == workers
            if item == 3:
                break
        assert threads() == []


def test_an_interrupt_ends_the_thread():
    def loop():
        for _ in prefetch(same, iter(range(1000)), 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert threads() == []


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
def test_an_interrupt_is_heard_while_waiting():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may have it ignored

    def work(item):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.1)
        return "too late"

    received = []
    try:
        with pytest.raises(KeyboardInterrupt):
            received.extend(prefetch(work, [0], 1))
    finally:
        signal.signal(signal.SIGINT, before)
    assert received == []


def test_several_threads_work_at_once():
    both = threading.Barrier(2, timeout=5)
    assert list(prefetch(lambda item: both.wait() >= 0 and item, range(4), 2, 2)) == [0, 1, 2, 3]


def test_each_thread_begins_with_its_number():
    begun = []
    assert list(prefetch(same, range(9), 4, 3, begin=begun.append)) == list(range(9))
    assert set(begun) <= {0, 1, 2} and len(begun) == len(set(begun)) > 0

    def fail(number):
        raise OSError(f"no place for {number}")

    with pytest.raises(OSError, match="no place for 0"):
        list(prefetch(same, range(3), 2, begin=fail))


def test_what_takes_too_long():
    go_on = threading.Event()
    with pytest.raises(TooLate, match="a batch was not ready after 0.05 seconds; raise timeout"):
        list(prefetch(lambda _: go_on.wait(5), [0], 1, timeout=0.05))
    go_on.set()
    for thread in threads():
        thread.join()
