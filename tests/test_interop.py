"""Tensors in the hands of numpy, DLPack, copy.deepcopy; and weights in files of other makers."""

import copy
import ctypes
import gc

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import dlpack, nn
from tinygrad_cnn.arrays import Array
from tinygrad_cnn.cuda import driver
from tinygrad_cnn.cuda.emulator import Emulator
from tinygrad_cnn.objects import CheckpointError

from .cases import DTYPES


class Pretender(Emulator):
    """A GPU as others see it: host memory behind its pointers, which `host` does not reveal."""

    name = "gpu"
    stream = 7

    waits = 0

    def address(self, block, nbytes):
        return block.ctypes.data, None

    def write(self, memory, x):
        ctypes.memmove(memory.pointer, x.ctypes.data, x.nbytes)

    def read(self, out, memory, offset):
        ctypes.memmove(out.ctypes.data, memory.pointer + offset, out.size)

    def synchronize(self):
        self.waits += 1


@pytest.fixture
def gpu():
    pretender = Pretender()
    before = driver.use(pretender)
    yield pretender
    driver.use(before)


# ---- numpy and DLPack on the CPU -------------------------------------------------------------------------------------


def test_numpy_sees_the_memory():
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    values = np.from_dlpack(x.transpose(0, 1))
    assert values.tolist() == [[1, 3], [2, 4]]
    values[0, 1] = 9
    assert x.tolist() == [[1, 2], [9, 4]]
    assert np.asarray(x).dtype == np.float32 and np.array(x, dtype=np.float64).tolist() == [[1, 2], [9, 4]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dlpack_dtypes(dtype):
    values = np.arange(6).reshape(2, 3).astype(dtype)
    x = tg.from_dlpack(values)
    assert x.dtype == dtype and np.shares_memory(x.numpy(), values) and (np.from_dlpack(x) == values).all()


@pytest.mark.parametrize("make", [lambda a: a.T, lambda a: a[:, ::2], lambda a: a[1:], lambda a: a[:0], lambda a: a[0, 0]])
def test_strides_need_no_copy(make):
    values = np.arange(24.0).reshape(4, 6)
    part = make(values)
    x = tg.from_dlpack(np.asarray(part))
    assert x.shape == part.shape and (x.numpy() == part).all()
    assert np.shares_memory(x.numpy(), values) or not part.ndim or not part.size


def test_copies_on_demand():
    values = np.ones(3)
    assert not np.shares_memory(tg.from_dlpack(values, copy=True).numpy(), values)
    assert tg.from_dlpack(values, device="cuda").device == "cuda"


def test_read_only_arrays_are_copied():
    class Guarded:
        def __dlpack_device__(self):
            return 1, 0

        def __dlpack__(self, **options):
            return values.__dlpack__(**options)

    values = np.ones(3)
    values.flags.writeable = False
    x = tg.from_dlpack(Guarded())
    x.add_(1)
    assert values.tolist() == [1, 1, 1] and x.tolist() == [2, 2, 2]
    with pytest.raises(BufferError, match="from_dlpack: the array of shape \\(3,\\) is read-only but copy=False"):
        tg.from_dlpack(Guarded(), copy=False)


def test_what_dlpack_refuses():
    with pytest.raises(TypeError, match="from_dlpack: dtype .*float16.* is not supported; use one of float32"):
        tg.from_dlpack(np.ones(2, np.float16))
    with pytest.raises(BufferError, match=r"__dlpack__: the tensor of shape \(2,\) requires grad, .*use x.detach"):
        np.from_dlpack(tg.ones(2, requires_grad=True))
    for device, place in (("meta", "device meta"), ("cuda", "the CUDA emulator")):
        with pytest.raises(BufferError, match=f"lies on {place}, which other libraries cannot read; use x.cpu()"):
            tg.ones(2, device=device).__dlpack_device__()
        with pytest.raises(BufferError, match=f"lies on {place}"):
            tg.ones(2, device=device).__dlpack__()

    class Elsewhere:
        def __dlpack_device__(self):
            return 8, 0

    with pytest.raises(BufferError, match="DLPack device 8 but only 1, the CPU, and 2, CUDA, are known"):
        tg.from_dlpack(Elsewhere())


# ---- the GPU's memory ------------------------------------------------------------------------------------------------


def test_cuda_array_interface(gpu):
    x = tg.tensor(np.arange(6, dtype=np.float32).reshape(2, 3), device="cuda")
    assert x[1:].__cuda_array_interface__ == {"shape": (1, 3), "strides": (12, 4), "typestr": "<f4", "version": 3,
                                              "data": (x.array.memory.pointer + 12, False), "stream": None}
    assert gpu.waits > 0, "kernels may still be writing"
    assert tg.empty(0, 3, device="cuda").__cuda_array_interface__["data"] == (0, False)
    with pytest.raises(RuntimeError, match="__cuda_array_interface__: .* requires grad"):
        _ = tg.tensor([1.0], device="cuda", requires_grad=True).__cuda_array_interface__


def test_only_a_gpu_has_the_cuda_array_interface():
    for device in ("cpu", "cuda", "meta"):
        assert not hasattr(tg.ones(2, device=device), "__cuda_array_interface__")


def test_capsules_of_gpu_memory(gpu):
    x = tg.tensor(np.arange(6, dtype=np.int64).reshape(2, 3), device="cuda")
    y = tg.from_dlpack(x.transpose(0, 1)[1:])
    assert y.device == "cuda" and y.tolist() == [[1, 4], [2, 5]]
    assert y.array.memory.pointer + y.array.offset == x.array.memory.pointer + 8 and y.array.strides == (8, 24)
    memory = x.array.memory
    del x
    gc.collect()
    assert len(dlpack._lent) == 1 and next(iter(dlpack._lent.values()))[-1].memory is memory
    del y
    assert not dlpack._lent


def test_a_gpu_array_does_not_enter_the_emulator():
    class Foreign:
        def __dlpack_device__(self):
            return 2, 0

    with pytest.raises(BufferError, match="the array lies on a GPU but TINYGRAD_CNN_EMULATE=1"):
        tg.from_dlpack(Foreign())


class Host:
    """Host memory as an Array, for capsules that numpy can read."""

    def __init__(self, values):
        self.values, self.pointer = values, values.ctypes.data


class Lender:
    def __init__(self, array):
        self.array, self.waits = array, []

    def __dlpack_device__(self):
        return dlpack.CPU, 0

    def __dlpack__(self, **options):
        return dlpack.give(self.array, dlpack.CPU, lambda: self.waits.append(1))


def test_our_capsules_are_read_by_numpy():
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    array = Array(Host(values), values.shape, values.dtype).transpose((2, 0, 1))[1:]
    lender = Lender(array)
    seen = np.from_dlpack(lender)
    assert (seen == values.transpose(2, 0, 1)[1:]).all() and np.shares_memory(seen, values)
    assert len(dlpack._lent) == 1 and not lender.waits
    del seen
    assert not dlpack._lent, "the deleter was not called, or not heard"
    assert lender.waits, "kernels of the other library may still be at the memory"
    capsule = lender.__dlpack__()
    assert len(dlpack._lent) == 1
    del capsule
    assert not dlpack._lent, "a capsule that nobody took keeps its memory"


def test_we_read_the_capsules_of_numpy():
    waits = []
    for dtype in DTYPES:
        values = np.arange(6).astype(dtype).reshape(2, 3).T
        capsule = values.__dlpack__()
        array = dlpack.take(capsule, dlpack.CPU, lambda: waits.append(1))
        assert (array.shape, array.strides, array.dtype) == (values.shape, values.strides, values.dtype)
        assert array.memory.pointer + array.offset == values.ctypes.data
        with pytest.raises(BufferError, match="was taken before; ask for a new one"):
            dlpack.take(capsule, dlpack.CPU, lambda: None)
        del array
    assert len(waits) == len(DTYPES), "memory was given back before the kernels were done"
    with pytest.raises(BufferError, match="the array is on DLPack device 1:0 but 2:0 is needed"):
        dlpack.take(values.__dlpack__(), dlpack.CUDA, lambda: None)
    with pytest.raises(TypeError, match="dtype of code 5, 64 bits"):
        dlpack.take(np.ones(2, np.complex64).__dlpack__(), dlpack.CPU, lambda: None)


# ---- copies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["cpu", "cuda", "meta"])
def test_deepcopy(device):
    x = tg.ones(2, 3, 4, 4, device=device).permute(0, 2, 3, 1).requires_grad_()
    made = copy.deepcopy([x, x])
    assert made[0] is made[1] and made[0] is not x and made[0].requires_grad and made[0].device == device
    assert made[0].array.strides == x.array.strides and made[0].grad is None
    if device != "meta":
        with tg.no_grad():
            x.zero_()
        assert made[0].sum().item() == 96


def test_deepcopy_of_a_network():
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    network(tg.rand(4, 3)).sum().backward()
    twin = copy.deepcopy(network)
    for own, other in zip(network.parameters(), twin.parameters(), strict=True):
        assert type(other) is nn.Parameter and own.grad is not None
        assert other.tolist() == own.tolist()
        assert other.grad is None and not np.shares_memory(own.array, other.array)
    leaf = tg.ones(2, requires_grad=True)  # a tensor that is no parameter takes its gradient along, as PyTorch's
    (3 * leaf).sum().backward()
    other = copy.deepcopy(leaf)
    assert other.grad.tolist() == [3, 3] and not np.shares_memory(other.grad.array, leaf.grad.array)


def test_only_leaves_are_deepcopied():
    with pytest.raises(RuntimeError, match=r"deepcopy: the tensor of shape \(2,\) is the result of exp but only a leaf"):
        copy.deepcopy(tg.ones(2, requires_grad=True).exp())


def test_numpy_numbers_stand_beside_tensors():
    x = tg.ones(2)
    x[0] = np.float64(3.0)
    assert (x * np.float64(2.0)).tolist() == [6, 2] and (np.float64(2.0) - x).dtype == tg.float32


# ---- files of weights ------------------------------------------------------------------------------------------------


def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_weights_come_back(tmp_path, ending):
    one, other = network(), network()
    tg.save_weights(one, tmp_path / f"w.{ending}")
    assert tg.load_weights(other, tmp_path / f"w.{ending}") == ([], [])
    for (key, saved), found in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert saved.tolist() == found.tolist(), key
    assert [path.name for path in tmp_path.iterdir()] == [f"w.{ending}"]


def test_npz_keeps_dtypes_and_any_key(tmp_path):
    arrays = {"file": np.array(7), "a.b": np.ones((2, 0), np.float32), "turned": np.arange(6, dtype=np.uint8).reshape(2, 3).T}
    tg.save_weights(arrays, tmp_path / "a.npz")
    found = tg.read_weights(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for key, array in arrays.items():
        assert found[key].dtype == array.dtype and found[key].shape == array.shape and (found[key] == array).all()


def test_all_faults_at_once(tmp_path):
    state = {"0.weight": np.ones((3, 1, 3, 3), np.float32), "0.bias": np.ones(2, np.int64), "more": np.ones(1)}
    tg.save_weights(state, tmp_path / "bad.npz")
    before = network()
    weights = before.state_dict()["1.weight"].tolist()
    with pytest.raises(ValueError, match="load_state_dict: 6 of the keys do not fit") as caught:
        tg.load_weights(before, tmp_path / "bad.npz")
    for words in ("shape: 0.weight is (3, 1, 3, 3)", "missing: 1.weight (2,)", "unexpected: more (1,)"):
        assert words in str(caught.value)
    assert before.state_dict()["1.weight"].tolist() == weights


@pytest.mark.parametrize("name, content, says", [
    ("a.npz", b"", "damaged or not an .npz file"),
    ("a.npz", b"PK\x03\x04 and so on", "damaged or not an .npz file"),
    ("a.npy", b"", "its ending is '.npy' but .safetensors, .npz, .pth or .pt is needed"),
    ("none.npz", None, "there is no such file"),
])
def test_unreadable_files_are_one_sentence(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        tg.read_weights(tmp_path / name)
    assert says in str(caught.value) and name in str(caught.value)


def test_pickles_in_npz_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", a=np.array([{}], dtype=object))
    with pytest.raises(CheckpointError, match="not an .npz file of plain arrays"):
        tg.read_weights(tmp_path / "p.npz")


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(CheckpointError, match="its ending is '.pth' but .safetensors or .npz is needed"):
        tg.save_weights({}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="tensor 'x' has dtype float16; cast it"):
        tg.save_weights({"x": np.ones(1, np.float16)}, tmp_path / "a.npz")
    with pytest.raises(CheckpointError, match="cannot write"):
        tg.save_weights({"x": np.ones(1)}, tmp_path / "nowhere" / "a.npz")


@pytest.mark.peers
def test_torch_shares_memory_both_ways():
    torch = pytest.importorskip("torch")
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    t = torch.from_dlpack(x.transpose(0, 1))
    t[0, 1] = 9
    assert x.tolist() == [[1, 2], [9, 4]]
    t = torch.arange(6).reshape(2, 3).T
    y = tg.from_dlpack(t)
    y[0, 0] = 5
    assert t[0, 0] == 5 and y.array.strides == (8, 24)
    assert (torch.from_dlpack(Lender(Array(Host(y.array), y.shape, y.dtype, y.array.strides))) == t).all()
    with pytest.raises(TypeError, match="from_dlpack: numpy cannot read the array"):
        tg.from_dlpack(torch.ones(2, dtype=torch.bfloat16))
