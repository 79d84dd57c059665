"""Arrays on the device: what goes up comes down, and freed memory is used again."""

import numpy as np
import pytest

from tinygrad_cnn.arrays import strided
from tinygrad_cnn.cuda import memory
from tinygrad_cnn.cuda.memory import Pool, bucket, download, empty, upload


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool"])
def test_up_and_down(dtype):
    x = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for given in (x, x.transpose(2, 0, 1), x[:, ::2], x[0, 0, 0], x[:0], np.asfortranarray(x)):
        made = upload(given)
        assert (made.shape, made.dtype) == (given.shape, given.dtype)
        np.testing.assert_array_equal(download(made), given)


def test_layout_is_kept_and_views_come_down():
    x = np.arange(24, dtype="float32").reshape(2, 3, 4)
    made = upload(x)
    last = upload(x.transpose(0, 2, 1))
    assert last.strides == x.transpose(0, 2, 1).strides
    for view, wanted in ((made.transpose((2, 0, 1)), x.transpose(2, 0, 1)), (made[1, ::2, ::-1], x[1, ::2, ::-1]),
                         (strided(made, (5, 4), (0, 4)), np.broadcast_to(x[0, 0], (5, 4)))):
        np.testing.assert_array_equal(download(view), wanted)


def test_too_many_elements():
    with pytest.raises(ValueError, match=r"shape \(65536, 65536\) has 4,294,967,296 elements; on CUDA the most is"):
        empty((65536, 65536), "uint8")


class Device:
    """Hands out numbers; only so many bytes, and those that were freed not before `trim`."""

    def __init__(self, capacity):
        self.capacity, self.taken, self.freed, self.sizes = capacity, 0, 0, {}

    def allocate(self, nbytes):
        if self.taken + nbytes > self.capacity:
            raise MemoryError
        self.taken += nbytes
        self.sizes[len(self.sizes)] = nbytes
        return len(self.sizes) - 1

    def free(self, block):
        self.freed += self.sizes[block]

    def trim(self):
        self.taken, self.freed = self.taken - self.freed, 0


def test_pool_uses_freed_blocks_again():
    pool = Pool(Device(1 << 20))
    first = pool.take(bucket(1000))
    pool.give(first, bucket(1000))
    assert pool.take(bucket(900)) == first
    assert pool.take(bucket(900)) != first
    assert (pool.used, pool.reserved) == (2048, 2048)


def test_pool_returns_free_blocks_when_memory_runs_out():
    device = Device(4096)
    pool = Pool(device)
    pool.give(pool.take(2048), 2048)
    held = pool.take(4096)
    assert (device.taken, pool.reserved, pool.used) == (4096, 4096, 4096)
    with pytest.raises(MemoryError, match="no 512 bytes left for an array; 4,096 are in use"):
        pool.take(512)
    pool.give(held, 4096)
    assert pool.take(512) != held


class Contested(list):
    """Free blocks of which another thread takes the last one just after this one has seen it."""

    def __bool__(self):
        return True

    def __len__(self):
        return 1


def test_another_thread_may_take_the_last_free_block():
    pool = Pool(Device(4096))
    pool.free[512] = Contested()
    assert pool.take(512) == 0 and pool.reserved == 512


def test_buckets_waste_an_eighth_at_most():
    sizes = np.unique(np.logspace(0, 30, 2000, base=2).astype(int))
    for size in map(int, sizes):
        assert size <= bucket(size) <= max(size * 1.125 + 1, size + 511)
        assert bucket(size) % 512 == 0 and bucket(bucket(size)) == bucket(size)


def test_arrays_return_their_memory():
    pool = memory.pool()
    before = pool.used
    x = empty((100, 100), "float32")
    view = x[10:20]
    del x
    assert pool.used == before + bucket(40000)
    pointer = view.memory.pointer
    del view
    assert pool.used == before
    assert empty((100, 99), "float32").memory.pointer == pointer
