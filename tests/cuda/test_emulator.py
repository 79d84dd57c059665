"""The emulator computes as a GPU does, and says where a GPU would go wrong in silence."""

import sys

import numpy as np
import pytest

from tinygrad_cnn.cuda import emulator
from tinygrad_cnn.cuda.driver import cuda, device, float32, kernel, launch
from tinygrad_cnn.cuda.emulated_arrays import KernelError
from tinygrad_cnn.cuda.intrinsics import load4, split, store4
from tinygrad_cnn.cuda.memory import download, empty, upload

pytestmark = pytest.mark.usefixtures("emulated")

THREADS = 64


def run(kernel, threads, out, *args, **options):
    """The output of a kernel that takes it first; `out` is (shape, dtype)."""
    made = empty(*out)
    launch(kernel, threads, made, *[upload(a) if isinstance(a, np.ndarray) else a for a in args], **options)
    return download(made)


@device
def twice(x):
    return x + x


@kernel
def scale(out, x, factor):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = twice(x[i]) * factor


def test_one_thread_per_element_and_device_functions():
    x = np.arange(300, dtype="float32")
    np.testing.assert_array_equal(run(scale, 300, ((300,), "float32"), x, 0.5), x)
    assert run(scale, 0, ((0,), "float32"), np.zeros(0, "float32"), 1.0).shape == (0,)


def test_a_kernel_is_not_called():
    with pytest.raises(TypeError, match=r"launch\(.*scale, threads"):
        scale(1, 2, 3)


def test_a_block_is_not_larger_than_declared():
    with pytest.raises(ValueError, match="a block of 128 threads is more than its 64; declare it with block=128"):
        run(racing, (1,), ((1,), "float32"), np.zeros(1, "float32"), block=128)


@kernel
def index_of(out, shift):
    i = cuda.grid(1)
    out[i + shift, 0] = float32(1)


@pytest.mark.parametrize("shift, index", [(-1, "-1, 0"), (1, "4, 0")])
def test_an_index_outside_is_an_error(shift, index):
    with pytest.raises(IndexError, match=rf"index_of, block .*: out\[{index}\] is outside its shape \(4, 1\)"):
        run(index_of, 4, ((4, 1), "float32"), shift, block=4)


@kernel
def element(out, k):
    out[k] = float32(1)


@pytest.mark.parametrize("k", [-1, 4])
def test_an_index_outside_a_vector_is_an_error(k):
    with pytest.raises(IndexError, match=rf"element, block .*: out\[{k}\] is outside its shape \(4,\)"):
        run(element, 1, ((4,), "float32"), k, block=1)


@kernel
def wrong_rank(out):
    out[0, 0] = float32(1)


def test_too_many_indices():
    with pytest.raises(IndexError, match="has 2 indices and the array 1 axes"):
        run(wrong_rank, 1, ((4,), "float32"))


@kernel
def two_owners(out):
    out[cuda.grid(1) // 2] = float32(1)


def test_two_threads_may_not_write_one_element():
    with pytest.raises(KernelError, match="written by two threads"):
        run(two_owners, 4, ((2,), "float32"), block=4)


@kernel(block=THREADS)
def reduced(out, x):
    shared = cuda.shared.array(THREADS, float32)
    me = cuda.threadIdx.x
    shared[me] = x[cuda.grid(1)]
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if me < half:
            shared[me] += shared[me + half]
        cuda.syncthreads()
        half //= 2
    if me == 0:
        out[cuda.blockIdx.x] = shared[0]


@kernel(block=THREADS)
def racing(out, x):
    shared = cuda.shared.array(THREADS, float32)
    me = cuda.threadIdx.x
    shared[me] = x[me]
    out[me] = shared[THREADS - 1 - me]


@kernel(block=THREADS)
def unwritten(out):
    shared = cuda.shared.array(THREADS, float32)
    local = cuda.local.array(2, float32)
    me = cuda.threadIdx.x
    cuda.syncthreads()
    out[me] = shared[me] if me % 2 else local[1]


def test_shared_memory_and_barriers(rng):
    x = rng.integers(-9, 9, 2 * THREADS).astype("float32")
    np.testing.assert_array_equal(run(reduced, (2,), ((2,), "float32"), x), x.reshape(2, -1).sum(1))


def test_any_order_of_the_threads_gives_the_same(rng):
    x = rng.standard_normal(2 * THREADS, dtype="float32")
    emulator.shuffled(1)
    try:
        shuffled = run(reduced, (2,), ((2,), "float32"), x)
    finally:
        emulator.shuffled(None)
    np.testing.assert_array_equal(shuffled, run(reduced, (2,), ((2,), "float32"), x))


def test_barriers_need_a_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "greenlet", None)
    with pytest.raises(KernelError, match="barriers with the package greenlet: pip install greenlet"):
        run(reduced, (1,), ((1,), "float32"), np.zeros(THREADS, "float32"))


def test_a_missing_barrier_is_an_error():
    with pytest.raises(KernelError, match="with no barrier in between"):
        run(racing, (1,), ((THREADS,), "float32"), np.zeros(THREADS, "float32"))


def test_unwritten_memory_is_nan():
    assert np.isnan(run(unwritten, (1,), ((THREADS,), "float32"))).all()
    assert np.isnan(download(empty((3, 2), "float64"))).all()


@kernel(block=THREADS)
def early_return(out):
    if cuda.threadIdx.x < 5:
        return
    cuda.syncthreads()


@kernel(block=THREADS)
def two_barriers(out):
    if cuda.threadIdx.x < 5:
        cuda.syncthreads()
    else:
        cuda.syncthreads()


@kernel(block=THREADS)
def mixed_barriers(out):
    if cuda.threadIdx.x < 5:
        cuda.syncthreads()
    else:
        cuda.shfl_down_sync(0xFFFFFFFF, 1, 1)


@pytest.mark.parametrize("kernel, message", [
    (early_return, "thread 5 waits for the whole block, but thread 0 has already returned"),
    (two_barriers, "all threads of a block must reach one barrier"),
    (mixed_barriers, "no thread of the block can go on"),
])
def test_a_divergent_barrier_is_an_error(kernel, message):
    with pytest.raises(KernelError, match=message):
        run(kernel, (1,), ((1,), "float32"))


@kernel(block=THREADS)
def in_warps(out, x):
    value = x[cuda.grid(1)]
    for lanes in (16, 8, 4, 2, 1):
        value += cuda.shfl_xor_sync(0xFFFFFFFF, value, lanes)
    below = cuda.shfl_up_sync(0xFFFFFFFF, float32(cuda.laneid), 1)
    votes = cuda.ballot_sync(0xFFFFFFFF, cuda.laneid < 3)
    out[cuda.grid(1), 0] = value
    out[cuda.grid(1), 1] = below
    out[cuda.grid(1), 2] = float32(votes)


def test_warps_exchange(rng):
    x = rng.integers(-9, 9, THREADS).astype("float32")
    out = run(in_warps, (1,), ((THREADS, 3), "float32"), x)
    np.testing.assert_array_equal(out[:, 0], np.repeat(x.reshape(2, 32).sum(1), 32))
    np.testing.assert_array_equal(out[:, 1], np.tile(np.maximum(np.arange(32) - 1, 0), 2))
    assert (out[:, 2] == 7).all()


@kernel(block=THREADS)
def voting(out):
    me, lane = cuda.threadIdx.x, cuda.laneid
    out[me, 0] = cuda.syncthreads_count(me < 40)
    out[me, 1] = cuda.syncthreads_or(me == 63)
    out[me, 2] = cuda.syncthreads_and(me < 63)
    out[me, 3] = cuda.any_sync(0xFFFFFFFF, me == 40)
    out[me, 4] = cuda.all_sync(0xFFFFFFFF, me != 40)
    out[me, 5] = cuda.shfl_sync(0xFFFFFFFF, me, 31 - lane)
    out[me, 6] = cuda.shfl_down_sync(0xFFFFFFFF, me, 2)
    cuda.syncwarp()
    out[me, 7] = cuda.gridsize(1) * cuda.warpsize


def test_blocks_and_warps_vote():
    out = run(voting, (1,), ((THREADS, 8), "int32"))
    me = np.arange(THREADS)
    lane, warp = me % 32, me // 32
    wanted = [40 + 0 * me, 1 + 0 * me, 0 * me, warp == 1, warp == 0, warp * 32 + 31 - lane,
              np.where(lane < 30, me + 2, me), 0 * me + THREADS * 32]
    np.testing.assert_array_equal(out, np.stack(wanted, 1))


@kernel(block=THREADS)
def returned_lane(out):
    if cuda.threadIdx.x == 3:
        return
    cuda.syncwarp()


def test_a_mask_may_not_name_a_lane_that_has_returned():
    with pytest.raises(KernelError, match="names a lane that has returned"):
        run(returned_lane, (1,), ((1,), "float32"))


@kernel(block=THREADS)
def in_one_warp(out):
    shared = cuda.shared.array(THREADS, float32)
    me, other = cuda.threadIdx.x, cuda.threadIdx.x ^ 1
    shared[me] = float32(me)
    cuda.syncwarp()
    value = shared[other]
    cuda.syncwarp()
    shared[me] = value
    cuda.syncwarp()
    out[other] = shared[other]


def test_a_barrier_of_the_warp_is_enough_within_it():
    np.testing.assert_array_equal(run(in_one_warp, (1,), ((THREADS,), "float32")), np.arange(THREADS) ^ 1)


SIZE = 1 << 14


@kernel
def large_shared(out):
    shared = cuda.shared.array(SIZE, float32)
    shared[cuda.threadIdx.x] = float32(0)


def test_shared_memory_is_limited():
    with pytest.raises(KernelError, match="declares 65536 bytes of shared memory; a block may declare 49152"):
        run(large_shared, 1, ((1,), "float32"))


@kernel
def in_three_axes(out):
    x, y, z = cuda.grid(3)
    out[z, y, x] = cuda.fma(float32(x), float32(10), float32(y))
    if x + y + z == 0:
        out[z, y, x] = float32(cuda.gridsize(2)[1] + len(out) + out.ndim + out.strides[1] + out.itemsize)


def test_grids_have_three_axes():
    out = run(in_three_axes, (2, 3, 4), ((4, 3, 8), "float32"), block=4)
    _, y, x = np.indices(out.shape)
    wanted = (10 * x + y).astype("float32")
    wanted[0, 0, 0] = 3 + 4 + 3 + 32 + 4
    np.testing.assert_array_equal(out, wanted)


@kernel(block=THREADS)
def dynamic(out):
    shared = cuda.shared.array(0, float32)
    me = cuda.threadIdx.x
    shared[me] = float32(me)
    cuda.syncthreads()
    out[me] = shared[THREADS - 1 - me]


def test_dynamic_shared_memory():
    out = run(dynamic, (1,), ((THREADS,), "float32"), shared=4 * THREADS)
    np.testing.assert_array_equal(out, np.arange(THREADS)[::-1])
    with pytest.raises(KernelError, match="dynamic shared memory"):
        run(dynamic, (1,), ((THREADS,), "float32"))


@kernel
def local_outside(out):
    local = cuda.local.array((2, 2), float32)
    local[2, 0] = float32(1)
    out[0] = float32(1)


@kernel
def local_read_outside(out):
    local = cuda.local.array(3, float32)
    out[0] = local[3]


def test_a_local_array_has_bounds():
    with pytest.raises(IndexError, match=r"a local array is read at \[3\], outside its shape \(3,\)"):
        run(local_read_outside, 1, ((1,), "float32"), block=1)
    with pytest.raises(IndexError, match=r"local array is written at \[\(2, 0\)\], outside its shape \(2, 2\)"):
        run(local_outside, 1, ((1,), "float32"), block=1)


@kernel
def by_four(out, x, shift):
    i = 4 * cuda.grid(1)
    if i < out.size:
        a, b, c, d = load4(x, i + shift)
        store4(out, i, d, c, b, a)


def test_four_at_once():
    x = np.arange(16, dtype="float32")
    np.testing.assert_array_equal(run(by_four, 4, ((16,), "float32"), x, 0), x.reshape(4, 4)[:, ::-1].ravel())
    for shift in (1, 4):
        with pytest.raises(IndexError, match="not an aligned run"):
            run(by_four, 4, ((16,), "float32"), x, shift)


@kernel(strided=True)
def transposed(out, x, bias):
    i, j = split(cuda.grid(1), out.shape[1])
    if i < out.shape[0]:
        out[i, j] = x[j, i]
        if bias is not None:
            out[i, j] += bias[j]


def test_strides_and_none():
    x = np.arange(6, dtype="float32").reshape(2, 3)
    np.testing.assert_array_equal(run(transposed, 6, ((3, 2), "float32"), x, None), x.T)
    out, rows = empty((2, 3), "float32"), upload(x)
    launch(transposed, 6, out, rows.transpose((1, 0)), upload(np.array([1, 2, 3], "float32")))
    np.testing.assert_array_equal(download(out), x + [1, 2, 3])
    with pytest.raises(ValueError, match="C-contiguous"):
        launch(scale, 6, out, rows.transpose((1, 0)), 1.0)
