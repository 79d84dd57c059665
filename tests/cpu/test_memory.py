"""The caching allocator of CPU arrays."""

import threading

import numpy as np
import pytest

from tinygrad_cnn.cpu import memory


@pytest.mark.parametrize("shape", [(), 3, (0, 4), (5,), (3, 7), (100, 1000), (33, 1, 5000)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, bool])
def test_arrays_are_aligned_contiguous_and_writable(shape, dtype):
    x = memory.empty(shape, dtype)
    assert x.shape == (shape if isinstance(shape, tuple) else (shape,)) and x.dtype == dtype
    assert x.flags.c_contiguous and x.flags.writeable and x.ctypes.data % memory.ALIGNMENT == 0
    x[...] = 1
    assert (x == 1).all()


def test_a_block_is_used_again_when_its_last_view_has_died():
    x = memory.empty((30, 1000), np.float32)
    address, view = x.ctypes.data, x[3:].T
    del x
    other = memory.empty((30, 1000), np.float32)
    assert other.ctypes.data != address
    del view
    assert memory.empty((3, 10001), np.float32).ctypes.data == address          # another shape, the same size of block


def test_unused_blocks_are_given_back_beyond_the_limit(monkeypatch):
    blocks = [memory.empty(1 << 20, np.uint8) for _ in range(3)]
    del blocks
    assert memory.unused() >= 3 << 20
    monkeypatch.setattr(memory, "KEEP", 0)
    kept = memory.empty(37 << 20, np.uint8)
    assert memory.unused() < 1 << 20
    kept[...] = 1


def test_threads_never_get_the_same_block():
    wrong = []

    def work(mark):
        for i in range(300):
            x = memory.empty((50 + i % 7) * 10, np.int64)
            x[...] = mark
            y = memory.empty(77, np.int64)
            y[...] = -mark
            if (x != mark).any() or (y != -mark).any():
                wrong.append(mark)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_upload_copies_and_download_does_not():
    x = np.arange(6).reshape(2, 3).T
    y = memory.upload(x)
    x[0] = 9
    np.testing.assert_array_equal(y, [[0, 3], [1, 4], [2, 5]])
    assert y.flags.c_contiguous and memory.download(y) is y
    memory.synchronize()
