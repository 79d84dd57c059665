"""How kernels reach a GPU: types, packed parameters, streams, errors; with a CUDA driver made of Python."""

import ctypes
import struct
import threading
from enum import IntEnum
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_cnn.cuda import compiler, driver, gpu
from tinygrad_cnn.cuda.driver import kernel, launch
from tinygrad_cnn.cuda.memory import download, empty, pool, upload

BINDINGS = gpu._bindings


class CUresult(IntEnum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_ILLEGAL_ADDRESS = 700


class Driver:
    """The part of cuda.bindings.driver that gpu.py calls. Device memory is the host's."""

    CUresult = CUresult
    CUdevice_attribute = SimpleNamespace(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR=9,
                                         CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR=0)
    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING="non-blocking")
    CUmemPool_attribute = SimpleNamespace(CU_MEMPOOL_ATTR_RELEASE_THRESHOLD="threshold")
    cuuint64_t = int

    def __init__(self):
        self.launches, self.blocks, self.state, self.devices = [], {}, CUresult.CUDA_SUCCESS, 1

    def __getattr__(self, name):
        return lambda *args: (CUresult.CUDA_SUCCESS, name)

    def cuInit(self, flags):
        return CUresult.CUDA_SUCCESS,

    def cuDeviceGetCount(self):
        return CUresult.CUDA_SUCCESS, self.devices

    def cuDeviceGetAttribute(self, attribute, device):
        return CUresult.CUDA_SUCCESS, attribute

    def cuDeviceGetName(self, length, device):
        return CUresult.CUDA_SUCCESS, b"Python\0"

    def cuGetErrorString(self, result):
        return CUresult.CUDA_SUCCESS, result.name.encode()

    def cuStreamSynchronize(self, stream):
        return self.state,

    def cuCtxSynchronize(self):
        return self.state,

    def cuMemAllocAsync(self, nbytes, stream):
        if nbytes > 1 << 20:
            return CUresult.CUDA_ERROR_OUT_OF_MEMORY, 0
        block = ctypes.create_string_buffer(nbytes)
        self.blocks[ctypes.addressof(block)] = block
        return CUresult.CUDA_SUCCESS, ctypes.addressof(block)

    def cuMemFreeAsync(self, pointer, stream):
        del self.blocks[pointer]
        return CUresult.CUDA_SUCCESS,

    def cuMemcpyHtoDAsync(self, device, host, nbytes, stream):
        ctypes.memmove(device, host, nbytes)
        return CUresult.CUDA_SUCCESS,

    def cuMemcpyDtoHAsync(self, host, device, nbytes, stream):
        ctypes.memmove(host, device, nbytes)
        return CUresult.CUDA_SUCCESS,

    def cuLaunchKernel(self, function, gx, gy, gz, bx, by, bz, shared, stream, parameters, extra):
        words = (ctypes.c_void_p * 5).from_address(extra)
        assert (parameters, words[0], words[2], words[4]) == (0, 1, 2, None)
        size = ctypes.c_size_t.from_address(words[3]).value
        self.launches.append(((gx, gy, gz), (bx, by, bz), shared, ctypes.string_at(words[1], size)))
        return CUresult.CUDA_SUCCESS,


@pytest.fixture
def fake(monkeypatch, tmp_path):
    made = Driver()
    monkeypatch.setattr(gpu, "_bindings", lambda: made)
    monkeypatch.setattr(gpu, "_libraries", lambda: None)
    monkeypatch.setattr(gpu, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(compiler, "compile", lambda kernel, kinds, capability: compiler.Code(b"cubin", "entry", "", ""))
    before = driver.use(gpu.Gpu())
    for one in (_plain, _strided):
        one.compiled.clear()
    yield made
    driver.use(before)


@kernel(block=128)
def _plain(out, x, factor, count, steps, seed, bias):
    """Never runs: the driver above only looks at what would be sent."""


@kernel(strided=True)
def _strided(out, x):
    """As above."""


def test_parameters_are_packed_as_the_entry_takes_them(fake):
    out, x = empty((2, 3), "float64"), upload(np.zeros((4,), "int64"))
    launch(_plain, 300, out, x, 0.5, True, (5, -6), np.uint64(2**63), None)
    grid, block, shared, packed = fake.launches[0]
    assert (grid, block, shared) == ((3, 1, 1), (128, 1, 1), 0)
    assert packed == struct.pack("@PiiPidiiiQ", out.memory.pointer, 2, 3, x.memory.pointer, 4, 0.5, 1, 5, -6, 2**63)


def test_strides_are_sent_in_elements(fake):
    x = upload(np.zeros((4, 6), "float32"))
    launch(_strided, (7, 2), x[1:], x.transpose((1, 0)), block=32, shared=64)
    assert fake.launches == [((7, 2, 1), (32, 1, 1), 64, struct.pack(
        "@PiiiiPiiii", x.memory.pointer + 24, 3, 6, 6, 1, x.memory.pointer, 6, 4, 1, 6))]


def test_a_kernel_is_compiled_once_for_each_type_and_found_on_the_disk_again(fake, tmp_path, monkeypatch):
    x, y = empty((2, 3), "float32"), empty((2, 3), "float64")
    for a in (x, y, x, y):
        launch(_strided, 6, a, a)
    assert len(_strided.compiled) == len(list((tmp_path / "cuda").glob("*.cubin"))) == 2
    _strided.compiled.clear()
    monkeypatch.setattr(compiler, "compile", None)
    launch(_strided, 6, x, x)


def test_numbers_that_do_not_fit(fake):
    x = empty((2, 3), "float32")
    with pytest.raises(OverflowError, match=r"_plain: one of \[4294967296, \(1, 2\)\] does not fit int32"):
        launch(_plain, 6, x, x, 1.0, 2**32, (1, 2), np.int64(1), None)
    with pytest.raises(MemoryError, match=r"no .* bytes left for an array; .* take a smaller batch"):
        empty((1 << 20,), "float32")


def test_memory_goes_up_and_down(fake):
    x = np.arange(12, dtype="float32").reshape(3, 4)
    np.testing.assert_array_equal(download(upload(x).transpose((1, 0))[1:]), x.T[1:])


def test_freed_memory_goes_back_to_the_system(fake, monkeypatch):
    kept = []
    monkeypatch.setattr(fake, "cuMemPoolTrimTo", lambda _, nbytes: (kept.append(nbytes), (CUresult.CUDA_SUCCESS,))[1])
    x = empty((100,), "float32")
    assert len(fake.blocks) == 1
    del x
    pool().release()
    assert kept == [0] and not fake.blocks and pool().reserved == 0


def test_what_another_thread_sends_during_a_wait_is_kept(fake, monkeypatch):
    upload(np.zeros(3))
    monkeypatch.setattr(fake, "cuCtxSynchronize", lambda: (upload(np.ones(2)), (CUresult.CUDA_SUCCESS,))[1])
    driver.synchronize()
    assert [x.tolist() for x in driver.executor()._sent] == [[1, 1]]


def test_every_thread_enters_the_context(fake, monkeypatch):
    entered = []
    monkeypatch.setattr(fake, "cuCtxSetCurrent", lambda _: (entered.append(threading.get_ident()), (CUresult.CUDA_SUCCESS,))[1])
    gpu, x = driver.executor(), empty((2, 3), "float32")
    block = gpu.allocate(512)
    for call in (lambda: gpu.free(block), lambda: gpu.allocate(512), gpu.synchronize, lambda: launch(_strided, 6, x, x)):
        before = len(entered)
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        assert len(entered) == before + 1


def test_an_error_names_what_was_done(fake, monkeypatch):
    x = empty((2, 3), "float32")
    launch(_strided, 6, x, x)
    fake.state = CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
    with pytest.raises(RuntimeError, match=r"waiting for the GPU failed: CUDA_ERROR_ILLEGAL.*TINYGRAD_CNN_SYNC=1"):
        driver.synchronize()
    monkeypatch.setenv("TINYGRAD_CNN_SYNC", "1")
    driver.use(gpu.Gpu())
    with pytest.raises(RuntimeError, match=r"kernel test_gpu._strided failed: CUDA_ERROR_ILLEGAL_ADDRESS"):
        launch(_strided, 6, x, x)


def test_what_is_missing_is_said(fake, monkeypatch):
    monkeypatch.setenv("TINYGRAD_CNN_EMULATE", "0")
    assert driver.available() == (True, "Python, compute capability 9.0")
    fake.devices = 0
    assert not driver.available()[0]
    assert "no NVIDIA GPU" in driver.available()[1] and "TINYGRAD_CNN_EMULATE=1" in driver.available()[1]
    monkeypatch.setattr(gpu, "_bindings", BINDINGS)
    monkeypatch.setattr(gpu, "HAS_COMPILER", False)
    assert "the CUDA compiler is missing: pip install 'tinygrad_cnn[cuda]'" in driver.available()[1]
    with pytest.raises(RuntimeError, match=r"device cuda: the CUDA compiler is missing: .* TINYGRAD_CNN_EMULATE=1"):
        gpu.Gpu()
    monkeypatch.setenv("TINYGRAD_CNN_EMULATE", "1")
    assert driver.available()[0]
