"""Functions that make tensors: values, dtypes, what they refuse."""

import numpy as np
import pytest

import tinygrad_cnn as tg


@pytest.mark.parametrize("data, dtype", [
    (1, "int64"), (2.5, "float32"), (True, "bool"), ([1, 2.5], "float32"), ([True, 2], "int64"), ([], "float32"),
    (np.arange(3, dtype=np.int32), "int32"), (np.arange(3.0), "float64"), (np.float64(2), "float64"), (range(3), "int64"),
])
def test_dtype_of_data(data, dtype):
    x = tg.tensor(data)
    assert x.dtype == dtype and x.tolist() == np.asarray(data).tolist()


def test_data_of_tensors():
    assert tg.tensor([tg.tensor(1.0), tg.tensor(2.0)]).tolist() == [1.0, 2.0]
    x = tg.ones(2)
    copy, same = tg.tensor(x), tg.as_tensor(x)
    x.fill_(3)
    assert copy.tolist() == [1, 1] and same is x
    values = np.zeros(2, np.float32)
    shared, own = tg.as_tensor(values), tg.asarray(values, copy=True)
    values[0] = 1
    assert shared.tolist() == [1, 0] and own.tolist() == [0, 0]


@pytest.mark.parametrize("data, error", [([[1], [2, 3]], ValueError), ("a", TypeError), (None, RuntimeError),
                                         ([None], TypeError)])
def test_no_numbers(data, error):
    with pytest.raises(error):
        tg.tensor(data)


def test_no_float16():
    for make in (lambda: tg.zeros(2, dtype="float16"), lambda: tg.ones(2).half()):
        with pytest.raises(TypeError, match=r"float16.* is not supported; use one of float32"):
            make()


def test_arange():
    assert tg.arange(5).dtype == tg.int64 and tg.arange(0, 1, 0.25).tolist() == [0, 0.25, 0.5, 0.75]
    assert tg.arange(1, 6, 2).tolist() == [1, 3, 5] and tg.arange(5, 0, -2).tolist() == [5, 3, 1]
    assert tg.arange(3.0).dtype == tg.float32 and tg.arange(3, dtype=tg.float64).dtype == tg.float64
    for bad in ((0, 5, 0), (0, 5, -1), (5, 1)):
        with pytest.raises(RuntimeError, match="arange: step"):
            tg.arange(*bad)


def test_spaces():
    assert tg.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1] and tg.linspace(3, 4, 1).tolist() == [3]
    assert tg.linspace(0, 10, 4, dtype=tg.int64).tolist() == [0, 3, 6, 10] and tg.linspace(0, 1, 0).shape == (0,)
    np.testing.assert_allclose(tg.logspace(0, 2, 3).numpy(), [1, 10, 100], rtol=1e-6)
    with pytest.raises(RuntimeError, match="linspace: steps is -1"):
        tg.linspace(0, 1, -1)


def test_eye_and_full():
    assert tg.eye(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]] and tg.eye(2, dtype=tg.bool).dtype == tg.bool
    assert tg.full((2,), 3).dtype == tg.int64 and tg.full([1], True).dtype == tg.bool and tg.full((), 2.0).item() == 2
    with pytest.raises(TypeError, match="full: size is 2"):
        tg.full(2, 1)
    for bad, error in ((-1, RuntimeError), (2.5, TypeError)):
        with pytest.raises(error, match="zeros: size"):
            tg.zeros(bad)
    with pytest.raises(TypeError, match="zeros: the size is missing"):
        tg.zeros()


def test_in_the_likeness():
    x = tg.zeros(2, 3, 4, 5).permute(0, 3, 1, 2)
    for made in (tg.empty_like(x), tg.zeros_like(x), tg.ones_like(x), tg.full_like(x, 2.5), tg.rand_like(x), tg.randn_like(x)):
        assert made.shape == x.shape and made.dtype == x.dtype and made.stride() == x.stride()
    assert tg.ones_like(x, dtype=tg.int32).dtype == tg.int32 and tg.randint_like(x, 3).max().item() <= 2
    y = tg.ones(1, dtype=tg.float64)
    assert y.new_zeros(2, 3).tolist() == [[0] * 3] * 2 and y.new_full((1,), 3).dtype == tg.float64
    assert y.new_tensor([1]).dtype == tg.float64 and y.new_ones((2,), dtype=tg.int64).dtype == tg.int64


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_random_integers(device):
    tg.manual_seed(3)
    x = tg.randint(-2, 3, (2000,), device=device).cpu().numpy()
    assert x.dtype == np.int64 and set(x) == {-2, -1, 0, 1, 2} and np.bincount(x + 2).min() > 300
    order = tg.randperm(50, device=device).cpu().numpy()
    assert sorted(order) == list(range(50)) and (order != np.arange(50)).any()
    tg.manual_seed(3)
    np.testing.assert_array_equal(tg.randint(-2, 3, (2000,)).numpy(), x)
    with pytest.raises(RuntimeError, match="randint: low is 3 and high 3"):
        tg.randint(3, 3, (1,))


def test_chances():
    tg.manual_seed(0)
    assert 0.25 < tg.empty(4000).bernoulli_(0.3).mean().item() < 0.35
    p = tg.tensor([0.0, 1.0])
    assert tg.bernoulli(p).tolist() == [0, 1] and tg.empty(5, 2).bernoulli_(p).mean(0).tolist() == [0, 1]
    with pytest.raises(RuntimeError, match="bernoulli: p is 2"):
        tg.bernoulli(tg.tensor([2.0]))
    x = tg.normal(3.0, 0.5, (4000,))
    assert abs(x.mean().item() - 3) < 0.05 and tg.normal(tg.zeros(3), tg.zeros(3)).tolist() == [0, 0, 0]
    with pytest.raises(RuntimeError, match="uniform_: .* int64"):
        tg.arange(3).uniform_()


    assert tg.normal(tg.tensor([1.0, 2.0]), 0.0).tolist() == [1, 2] and tg.normal(2.0, tg.zeros(2)).tolist() == [2, 2]
    for wrong, error in (((tg.zeros(2), 1.0, 3), TypeError), ((0.0, 1.0), TypeError), ((0.0, -tg.ones(2)), RuntimeError)):
        with pytest.raises(error, match="normal: "):
            tg.normal(*wrong)


def test_whole_numbers_count_from_whole_ends():
    assert tg.arange(2.1, -2.9, -1.0, dtype=tg.uint8).tolist() == [2, 1, 0, 255, 254]
    assert tg.arange(0, 2, 0.5, dtype=tg.int32).tolist() == [0] * 4
    assert tg.logspace(4.3, 1.2, 2, 2, dtype=tg.int64).tolist() == [16, 2]
    with pytest.raises(RuntimeError, match="arange: step is 0.5 but the dtype int64"):
        tg.arange(0, 2, 0.5, dtype=tg.int64)


def test_one_number():
    assert float(tg.tensor([2.5])) == 2.5 and int(tg.tensor(2.5)) == 2 and [7, 8][tg.tensor(1)] == 8 and bool(tg.tensor([1]))
    for convert, error in ((bool, RuntimeError), (float, ValueError), (int, ValueError), (lambda x: [1][x], TypeError)):
        with pytest.raises(error):
            convert(tg.zeros(2))
    with pytest.raises(TypeError, match="integer is needed"):
        [1][tg.tensor(0.0)]
    assert 2 in tg.arange(3) and 5 not in tg.arange(3) and len(tg.zeros(3, 2)) == 3
    assert [t.tolist() for t in tg.arange(2)] == [0, 1]


def test_facts():
    x = tg.zeros(2, 3, dtype=tg.float64)
    assert (x.element_size(), x.itemsize, x.nbytes, x.nelement(), x.ndimension()) == (8, 8, 48, 6, 2)
    assert x.stride() == (3, 1) and x.t().stride() == (1, 3) and x.stride(-1) == 1 and x.type_as(tg.tensor(1)).dtype == tg.int64
    assert not x.is_cuda and not x.is_complex() and x.is_signed() and not x.byte().is_signed()


def test_dtypes_together():
    assert tg.promote_types(tg.uint8, tg.int32) == tg.int32 and tg.result_type(tg.tensor([1]), 2.5) == tg.float32
    assert tg.can_cast(tg.int64, tg.float32) and not tg.can_cast(tg.float32, tg.int64)
    assert tg.is_tensor(tg.zeros(1)) and not tg.is_tensor(np.zeros(1)) and tg.numel(tg.zeros(2, 3)) == 6


def test_made_where_out_says():
    out = tg.ones(2, 2)
    for make, wanted in ((lambda: tg.zeros(2, 2, out=out), [[0, 0], [0, 0]]), (lambda: tg.eye(2, out=out), [[1, 0], [0, 1]]),
                         (lambda: tg.arange(3, out=out), [0, 1, 2]), (lambda: tg.full((2,), 7, out=out), [7, 7]),
                         (lambda: tg.linspace(0, 1, 3, out=out), [0, 0.5, 1])):
        assert make() is out and out.dtype == tg.float32 and out.tolist() == wanted
    assert tg.randn(4, out=out).shape == (4,) and tg.arange(end=3).tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="arange: the end is missing"):
        tg.arange()
    with pytest.raises(TypeError, match="from_numpy: values are list"):
        tg.from_numpy([1])


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_memory_read_as_another_dtype(device):
    values = np.arange(8, dtype=np.float32).reshape(2, 4)
    x = tg.tensor(values, device=device)
    np.testing.assert_array_equal(x.view(tg.int32).cpu().numpy(), values.view(np.int32))
    np.testing.assert_array_equal(x.view(tg.uint8).cpu().numpy(), values.view(np.uint8))
    np.testing.assert_array_equal(x.view(dtype=tg.uint8)[:, 8:].view(tg.float64).tolist(), values[:, 2:].copy().view(float))
    with tg.no_grad():
        x.view(tg.int32).zero_()
    assert not x.cpu().numpy().any(), "it is the same memory"
    for refused in (lambda: x[:, 1:].view(tg.float64), lambda: x.t().view(tg.uint8), lambda: x.sum().view(tg.uint8)):
        with pytest.raises(RuntimeError, match="view: shape .* cannot be read as"):
            refused()


def test_shapes_by_name():
    x = tg.zeros(2, 3)
    assert x.view(size=(3, 2)).shape == x.reshape(shape=(3, 2)).shape == x.permute(dims=(1, 0)).shape == (3, 2)
    assert x.expand(size=(2, 2, 3)).shape == (2, 2, 3) and x.repeat(repeats=(1, 2)).shape == x.tile(dims=(2,)).shape == (2, 6)
    assert [len(p) for p in tg.split(x, split_size_or_sections=1)] == [1, 1]
    assert [p.shape for p in tg.tensor_split(x, sections=2, dim=1)] == [(2, 2), (2, 1)]
    assert [p.shape for p in x.tensor_split(indices=[1])] == [(1, 3), (1, 3)]
    assert tg.repeat_interleave(tg.tensor([2, 0, 1])).tolist() == [0, 0, 2]
    with pytest.raises(RuntimeError, match="copy_: the source has shape"):
        x.copy_(tg.ones(1, 2, 3))
