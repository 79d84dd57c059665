"""PyTorch's older names, its settings, memory formats, and the switches of half precision."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.left_out import LeftOut


def test_names_of_dtypes():
    assert (tg.float, tg.double, tg.long, tg.int) == (tg.float32, tg.float64, tg.int64, tg.int32)
    assert isinstance(tg.ones(1).dtype, tg.dtype) and tg.finfo(tg.float32).eps == np.finfo(np.float32).eps
    assert type(tg.finfo(tg.float64).max) is float and tg.iinfo(tg.int64).max == 2**63 - 1
    assert tg.pi == np.pi and tg.inf == np.inf and np.isnan(tg.nan) and tg.ones(2)[tg.newaxis].shape == (1, 2)


def test_tensors_by_their_type():
    assert tg.Tensor(2, 3).shape == (2, 3) and tg.Tensor(tg.ones(4, 5).shape).shape == (4, 5) and tg.Tensor().shape == (0,)
    for made, dtype in ((tg.Tensor([1, 2]), tg.float32), (tg.FloatTensor(np.ones(2)), tg.float32),
                        (tg.LongTensor([1, 2]), tg.int64), (tg.ByteTensor([1, 2]), tg.uint8), (tg.BoolTensor([1, 1]), tg.bool),
                        (tg.DoubleTensor(tg.ones(2)), tg.float64), (tg.ones(2).long().new([1, 2]), tg.int64)):
        assert made.dtype == dtype and made.shape == (2,)
    x = tg.ones(2)
    assert isinstance(x, tg.FloatTensor) and not isinstance(x, tg.LongTensor) and isinstance(x, tg.autograd.Variable)
    assert x.type() == "torch.FloatTensor" and x.long().type() == "torch.LongTensor" == tg.typename(x.long())
    for kind in (tg.LongTensor, "torch.LongTensor", tg.int64):
        assert x.type(kind).dtype == tg.int64
    assert x.cuda().type() == "torch.cuda.FloatTensor" and isinstance(x.cuda(), tg.cuda.FloatTensor)
    with pytest.raises(TypeError, match="Tensor: 2 arguments but extents, a shape or data are needed"):
        tg.Tensor([1], [2])


def test_variable():
    x = tg.ones(2, requires_grad=True)
    y = tg.autograd.Variable(x * 2, requires_grad=True)
    assert y.is_leaf and y.requires_grad and not tg.autograd.Variable(x).requires_grad


def test_the_shape_counts_its_elements():
    shape = tg.ones(2, 3, 4).shape
    assert shape == (2, 3, 4) and shape.numel() == 24 and shape[1:].numel() == 12 and isinstance(shape, tg.Size)


def test_default_dtype():
    try:
        tg.set_default_dtype(tg.float64)
        assert tg.get_default_dtype() == tg.float64
        assert all(t.dtype == tg.float64 for t in (tg.ones(1), tg.tensor(1.5), tg.arange(1.0), tg.rand(1), tg.arange(2) / 2))
        assert tg.nn.Linear(1, 1).weight.dtype == tg.float64 and tg.tensor(1).dtype == tg.int64
        tg.set_default_tensor_type("torch.FloatTensor")
        assert tg.ones(1).dtype == tg.float32
    finally:
        tg.set_default_dtype(tg.float32)
    with pytest.raises(TypeError, match="set_default_dtype: dtype is int64 but a floating one is needed"):
        tg.set_default_dtype(tg.int64)
    with pytest.raises(TypeError, match="set_default_tensor_type: type 'x' is unknown"):
        tg.set_default_tensor_type("x")


def test_random_states_and_generators():
    tg.manual_seed(2**63 + 5)
    assert tg.initial_seed() == 2**63 + 5
    state, first = tg.get_rng_state(), tg.rand(3).tolist()
    tg.set_rng_state(state)
    assert tg.rand(3).tolist() == first
    with tg.random.fork_rng():
        inside = tg.rand(3).tolist()
    assert tg.rand(3).tolist() == inside
    g = tg.Generator().manual_seed(7)
    draws = [tg.rand(2, generator=g), tg.randn(2, generator=g), tg.randperm(4, generator=g), tg.randint(9, (3,), generator=g),
             tg.empty(2).normal_(generator=g), tg.bernoulli(tg.full((3,), 0.5), generator=g),
             tg.normal(0.0, 1.0, (2,), generator=g)]
    g.manual_seed(7)
    assert tg.rand(2, generator=g).tolist() == draws[0].tolist() and tg.randn(2, generator=g).tolist() == draws[1].tolist()
    tg.set_rng_state(state)
    tg.rand(5, generator=g)
    assert tg.rand(3).tolist() == first  # the common stream did not move
    assert isinstance(tg.seed(), int) and g.seed() == g.initial_seed()


def test_settings_that_change_nothing():
    tg.use_deterministic_algorithms(True, warn_only=True)
    assert tg.are_deterministic_algorithms_enabled() and not tg.set_flush_denormal(True)
    tg.set_float32_matmul_precision("high")
    assert tg.get_float32_matmul_precision() == "highest" and tg.get_default_device() == "cpu"
    with pytest.raises(ValueError, match="precision is 'low'"):
        tg.set_float32_matmul_precision("low")
    assert tg.compile(tg.exp) is tg.exp and tg.compile(mode="default")(tg.exp) is tg.exp
    assert not (tg.backends.mps.is_available() or tg.backends.mps.is_built()) and tg.typename(3) == "int"
    assert tg.accelerator.current_accelerator() == "cuda" and tg.accelerator.is_available()


def test_memory_formats():
    x = tg.rand(2, 3, 4, 5, requires_grad=True)
    y = x.contiguous(memory_format=tg.channels_last)
    assert y.stride() == (60, 1, 15, 3) and y.is_contiguous(memory_format=tg.channels_last) and not y.is_contiguous()
    assert tg.equal(x, y) and x.to(memory_format=tg.channels_last).stride() == y.stride()
    assert tg.zeros_like(y, memory_format=tg.preserve_format).stride() == y.stride()
    assert tg.zeros_like(y, memory_format=tg.contiguous_format).is_contiguous() and y.clone().stride() == y.stride()
    assert tg.empty(2, 3, 4, 5, memory_format=tg.channels_last).stride() == y.stride()
    y.sum().backward()
    assert x.grad.sum() == 120 and x.layout is tg.strided
    with pytest.raises(RuntimeError, match="contiguous: memory_format channels_last needs 4 axes but shape"):
        tg.ones(2).contiguous(memory_format=tg.channels_last)
    with pytest.raises(TypeError, match="zeros: names is 3 but there is no such argument"):
        tg.zeros(2, names=3)
    assert tg.zeros(size=(2, 1), pin_memory=True).shape == (2, 1)


def test_half_precision_is_switched_off():
    with tg.autocast("cuda", enabled=False):
        scaler = tg.cuda.amp.GradScaler(enabled=False)
    x = tg.nn.Parameter(tg.ones(1))
    optimizer = tg.optim.SGD([x], lr=0.5)
    scaler.scale((x * 1).sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert x.item() == 0.5 and scaler.get_scale() == 1 and not scaler.is_enabled() and scaler.state_dict() == {}
    for make in (tg.autocast, tg.amp.GradScaler):
        with pytest.raises(LeftOut, match="enabled is True but there is no float16"):
            make("cuda")


def test_where_a_tensor_lies():
    x, y = tg.ones(1), tg.ones(1, device="meta")
    assert x.is_cpu and not x.is_meta and y.is_meta and not y.is_cpu and not x.is_pinned()
    assert x.share_memory_() is x and x.pin_memory() is x


def test_the_shape_of_another():
    x, wide = tg.arange(6), tg.ones(3, 2)
    assert x.view_as(wide).tolist() == x.reshape_as(wide).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert tg.tensor([1, 2]).expand_as(wide).tolist() == [[1, 2]] * 3


def test_the_gpu():
    assert tg.cuda.is_initialized() == tg.cuda.is_available() and tg.cuda.get_device_name()
    tg.cuda.set_device("cuda:0")
    with pytest.raises(RuntimeError, match="set_device: GPU 1 is asked for but a run has one"):
        tg.cuda.set_device(1)
    before = tg.cuda.memory_allocated()
    x = tg.ones(1000, device="cuda")
    assert tg.cuda.memory_allocated() - before >= x.nbytes and tg.cuda.memory_reserved() >= x.nbytes
    start, end = tg.cuda.Event(enable_timing=True), tg.cuda.Event(enable_timing=True)
    start.record()
    end.record()
    assert start.elapsed_time(end) >= 0 and tg.cuda.current_device() == 0 and x.get_device() == 0 and x.cpu().get_device() == -1
    tg.cuda.empty_cache()
    with pytest.raises(RuntimeError, match="an event was not recorded"):
        start.elapsed_time(tg.cuda.Event())
    assert tg.device("cuda", 0).index == 0 and tg.device("cuda:0") == "cuda"
    with pytest.raises(ValueError, match="device: index is 1 but there is one device of each kind"):
        tg.device("cuda:1")


def test_numpys_names_of_arguments():
    x = tg.rand(3, 4)
    assert tg.equal(x.sum(axis=1, keepdims=True), x.sum(1, True)) and tg.equal(tg.mean(x, axis=0), x.mean(0))
    assert tg.cat([x, x], axis=1).shape == (3, 8) and tg.stack([x, x], axis=-1).shape == (3, 4, 2)
    with pytest.raises(TypeError, match="axes"):
        x.sum(axes=1)


def test_out():
    out = tg.zeros(2)
    assert tg.exp(tg.zeros(2), out=out) is out and out.tolist() == [1, 1]
    assert tg.add(tg.ones(3), 1, out=out) is out and out.tolist() == [2, 2, 2]
    assert tg.cat([tg.ones(1), tg.ones(1)], out=out).shape == (2,)
    with pytest.raises(RuntimeError, match="exp: out is given but the result requires grad"):
        tg.exp(tg.zeros(2, requires_grad=True), out=out)


def test_resize():
    x = tg.arange(6).reshape(2, 3)
    memory = x.array
    assert x.resize_(3, 2).tolist() == [[0, 1], [2, 3], [4, 5]] and np.shares_memory(memory, x.array)
    assert x.resize_(4).tolist() == [0, 1, 2, 3] and x.resize_as_(tg.ones(5, 2)).shape == (5, 2)


def test_anomalies_everywhere():
    tg.autograd.set_detect_anomaly(True)
    try:
        with pytest.raises(RuntimeError, match="detect_anomaly: log made -inf"):
            tg.zeros(1).log()
    finally:
        tg.autograd.set_detect_anomaly(False)
    tg.zeros(1).log()
    with tg.autograd.detect_anomaly(check_nan=False):
        tg.zeros(1).log()


def test_a_device_is_the_default_within_its_block():
    with tg.device("meta"):
        assert tg.nn.Linear(2, 2).weight.device == "meta"
        with tg.device("cpu"):
            assert tg.zeros(1).device == "cpu"
        assert tg.zeros(1).device == "meta"
    assert tg.zeros(1).device == "cpu"
