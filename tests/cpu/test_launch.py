"""Launching serial kernels in parallel."""

import threading

import numpy as np
import pytest

from tinygrad_cnn.cpu import launch as module
from tinygrad_cnn.cpu.jit import jit
from tinygrad_cnn.cpu.launch import launch, parts_for, set_num_threads, threads


@jit
def _count(part, parts, out, scale, shift, steps, flag):
    for i in range(part * out.size // parts, (part + 1) * out.size // parts):
        out[i] += scale * steps[1]
        if shift is not None:
            out[i] += shift[i]
        if flag:
            out[i] += part


@jit
def _value(part, parts):
    return part


@pytest.fixture
def one_thread():
    count = threads()
    set_num_threads(1)
    yield
    set_num_threads(count)


@pytest.mark.parametrize("parts", [1, 2, 3, 40])
def test_every_part_runs_once(parts):
    out = np.zeros(120, np.float32)
    launch(_count, parts, out, 2.0, None, (1, 3), True)
    np.testing.assert_array_equal(out, 6 + np.repeat(np.arange(parts), 120 // parts))


def test_kinds_of_arguments_are_told_apart():
    out = np.zeros(10, np.float32)
    for shift, scale, steps in ((None, 1.0, (0, 1)), (out.copy(), 1, (0, 1)), (np.ones(20)[::2], 1.0, (0, 1, 2)),
                                (np.broadcast_to(np.float32(1), 10), np.float32(1), (0, 1))):
        for parts in (1, 2):
            out[...] = 0
            launch(_count, parts, out, scale, shift, steps, False)
            np.testing.assert_array_equal(out, 1 + (0 if shift is None else shift))


@jit
def _copy(part, parts, out, x):
    for i in range(part * len(x) // parts, (part + 1) * len(x) // parts):
        for j in range(x.shape[1]):
            out[i, j] = x[i, j]


def test_layouts_are_told_apart():
    x = np.arange(60.0).reshape(6, 10)
    for y in (x.T, x[:, ::2], x, x[::-1, ::-1].T):
        out = np.zeros(y.shape)
        launch(_copy, 2, out, y)
        np.testing.assert_array_equal(out, y)


def test_parts_may_exceed_threads(one_thread):
    out = np.zeros(120, np.float32)
    launch(_count, 12, out, 0.0, None, (1, 3), True)
    np.testing.assert_array_equal(out, np.repeat(np.arange(12), 10))
    assert parts_for(10**9) == 1


def test_small_work_is_not_cut():
    assert parts_for(100) == 1 and parts_for(10**9) == threads()


def test_a_kernel_that_returns_something_is_refused():
    with pytest.raises(TypeError, match="_value returns"):
        launch(_value, 2)


@pytest.mark.parametrize("count", [0, -1, 10**6])
def test_the_number_of_threads_is_checked(count):
    with pytest.raises(ValueError, match=f"set_num_threads: count is {count}"):
        set_num_threads(count)


def test_launches_from_several_threads():
    outs = [np.zeros(1000, np.float32) for _ in range(4)]

    def work(out):
        for _ in range(50):
            launch(_count, 4, out, 1.0, None, (0, 1), False)

    workers = [threading.Thread(target=work, args=(out,)) for out in outs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    np.testing.assert_array_equal(outs, np.full((4, 1000), 50))


def test_the_private_names_of_numba_that_we_use_exist():
    assert module.parallel._launch_threads and module._pool_lock is not None
