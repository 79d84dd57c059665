"""x[key] and x[key] = value with any key: against numpy where it agrees with PyTorch, by hand where it does not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_cnn as tg

SHAPE = (3, 4, 2)
VALUES = np.arange(24.0).reshape(SHAPE)


def entries(n):
    """What may stand at an axis of extent n and consumes just this axis; numbers apart, which numpy treats as arrays."""
    bounds = st.none() | st.integers(-n - 1, n + 1)
    slices = st.builds(slice, bounds, bounds, st.none() | st.integers(1, 3))
    arrays = st.lists(st.integers(-n, n - 1), min_size=2, max_size=2)
    masks = st.permutations([True, True] + [False] * (n - 2))  # two places, as the arrays have
    return slices | arrays | arrays.map(np.array) | masks.map(np.array)


@st.composite
def keys(draw):
    return tuple(draw(entries(n)) for n in SHAPE[: draw(st.integers(1, 3))])


def as_tensors(key):
    return tuple(tg.tensor(k) if isinstance(k, np.ndarray) else k for k in key)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_read(device):
    x = tg.tensor(VALUES, device=device)

    @given(keys())
    def same(key):
        for form in (key, as_tensors(key)):
            np.testing.assert_array_equal(x[form].cpu().numpy(), VALUES[key], str(key))

    same()


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_write(device):
    @given(keys())
    def same(key):
        wanted, x = VALUES.copy(), tg.tensor(VALUES, device=device)
        new = -1 - np.arange(wanted[key].size).reshape(wanted[key].shape)
        wanted[key] = new
        x[as_tensors(key)] = tg.tensor(new.astype(np.float64))
        np.testing.assert_array_equal(x.cpu().numpy(), wanted, str(key))
        wanted[key] = 7
        x[key] = 7
        np.testing.assert_array_equal(x.cpu().numpy(), wanted, str(key))

    same()


def test_places_of_picked_axes():
    """Numbers are looked up first, as in PyTorch: they do not move the axes of the arrays, as in numpy they do."""
    x = tg.zeros(2, 3, 4)
    assert x[0, :, [1, 2]].shape == (3, 2) and np.zeros((2, 3, 4))[0, :, [1, 2]].shape == (2, 3)
    assert x[[0, 1], :, [1, 2]].shape == (2, 3)
    assert x[:, [0, 1], [1, 2]].shape == (2, 2)
    assert x[[0, 1], None, [1, 2]].shape == (2, 1, 4)
    assert x[None, [0, 1, 0]].shape == (1, 3, 3, 4)
    assert x[tg.tensor(1)].shape == (3, 4) and x[[]].shape == (0, 3, 4)


def test_truths():
    x = tg.arange(6).reshape(2, 3)
    assert x[True].shape == (1, 2, 3) and x[False].shape == (0, 2, 3) and x[tg.tensor(True)].shape == (1, 2, 3)
    assert x[x > 2].tolist() == [3, 4, 5] and x[[True, False]].tolist() == [[0, 1, 2]]
    assert x[tg.tensor([0, 1], dtype=tg.uint8)].tolist() == [[3, 4, 5]], "bytes are a mask"


def test_lists():
    """A list of lists is a tuple of arrays; of numbers, an array."""
    x = tg.arange(6).reshape(2, 3)
    assert x[[[0, 1], [1, 2]]].tolist() == [1, 5] and x[[1, 0]].tolist() == [[3, 4, 5], [0, 1, 2]]
    assert x[range(1)].tolist() == [[0, 1, 2]] and x[:, (0, 2)].tolist() == [[0, 2], [3, 5]]


def test_parts_share_memory_and_picks_do_not():
    x = tg.zeros(2, 3)
    view, copy = x[0, 1:], x[[0]]
    x.fill_(1)
    assert view.tolist() == [1, 1] and copy.tolist() == [[0, 0, 0]]
    assert view.version is x.version and copy.version is not x.version


def test_gradient_of_repeated_places():
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x[[0, 2, 0, 0]]
    (y * tg.tensor([1.0, 10.0, 100.0, 1000.0])).sum().backward()
    assert x.grad.tolist() == [1101.0, 0.0, 10.0]


def test_repeated_places_keep_the_last():
    x = tg.zeros(3)
    x[[1, 1, 0]] = tg.tensor([5.0, 6.0, 7.0])
    assert x.tolist() == [7, 6, 0]
    assert tg.zeros(3).scatter(0, tg.tensor([1, 1]), tg.tensor([5.0, 6.0])).tolist() == [0, 6, 0]


def test_write_through_views():
    x = tg.zeros(3, 4)
    x.t()[[0, 2]] = 1
    assert x.tolist() == [[1, 0, 1, 0]] * 3
    x[:, ::2][tg.tensor([True, False, True])] = tg.tensor([[8.0], [9.0]])
    assert x.tolist() == [[8, 0, 8, 0], [1, 0, 1, 0], [9, 0, 9, 0]]


def test_write_what_is_read():
    x = tg.arange(4).float()
    x[[1, 2, 3]] = x[:3]
    assert x.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("write", [lambda x: x.__setitem__([0], 1.0), lambda x: x.__setitem__(x > 0, 1.0),
                                   lambda x: x.index_add_(0, tg.tensor([0]), tg.ones(1)),
                                   lambda x: x.scatter_(0, tg.tensor([0]), 1.0), lambda x: x.masked_fill_(x > 0, 1.0)])
def test_writes_are_noticed(write):
    w, x = tg.tensor([3.0, 4.0]), tg.tensor([1.0, 2.0], requires_grad=True)
    y = x * w
    write(w)
    with pytest.raises(RuntimeError, match="was changed in place"):
        y.sum().backward()
    with pytest.raises(RuntimeError, match="requires grad"):
        write(x)


def test_refusals():
    x = tg.zeros(2, 3)
    with pytest.raises(RuntimeError, match="the value has dtype int64 but the tensor float32"):
        x[[0, 1]] = tg.ones(2, 3, dtype=tg.int64)
    with pytest.raises(ValueError, match=r"__setitem__: .*\(2, 3\)"):
        x[[0, 1]] = tg.ones(3, 2)
    with pytest.raises(IndexError, match="3 indices for shape"):
        x[0, 0, [0]]
    with pytest.raises(IndexError, match="no integer"):
        x[tg.zeros(2)]


def test_places_and_bits_repeat():
    """Sums of what goes to one place do not depend on the number of threads."""
    rng = np.random.default_rng(0)
    index, values = tg.tensor(rng.integers(0, 7, 200_000)), tg.tensor(rng.standard_normal(200_000).astype(np.float32))
    before = tg.get_num_threads()
    found = []
    for threads in (1, before):
        tg.set_num_threads(threads)
        found.append(tg.zeros(7).scatter_add(0, index, values).tolist())
    tg.set_num_threads(before)
    assert found[0] == found[1]
    exact = np.bincount(index.numpy(), values.numpy().astype(np.float64), 7)
    np.testing.assert_allclose(found[0], exact, atol=2e-3)


def test_nan_in_order():
    nan = float("nan")
    x = tg.tensor([2.0, nan, 1.0, nan])
    assert x.argsort().tolist() == [2, 0, 1, 3] and x.argsort(descending=True).tolist() == [1, 3, 0, 2]
    assert x.topk(1).indices.tolist() == [1] and np.isnan(x.median().item()) and x.median(0).indices.item() == 1


def test_long_rows_are_sorted():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 50, (3, 1000))
    for descending in (False, True):
        values, index = tg.tensor(x).sort(descending=descending)
        order = np.argsort(-x if descending else x, 1, kind="stable")
        np.testing.assert_array_equal(index.numpy(), order)
        np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, order, 1))


def test_selection_of_unknown_length():
    x = tg.tensor([[0.0, 2.0], [3.0, 0.0]])
    assert x.nonzero().tolist() == [[0, 1], [1, 0]] and [t.tolist() for t in x.nonzero(as_tuple=True)] == [[0, 1], [1, 0]]
    assert tg.tensor(5).nonzero().shape == (1, 0) and tg.tensor(0).nonzero().shape == (0, 0)
    values, inverse, counts = tg.tensor([[3, 1], [1, 1]]).unique(return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 3] and inverse.tolist() == [[1, 0], [0, 0]] and counts.tolist() == [3, 1]
    source = tg.arange(9).float().requires_grad_()
    y = tg.zeros(2, 2).masked_scatter(x > 0, source)
    assert y.tolist() == [[0, 0], [1, 0]]
    y.sum().backward()
    assert source.grad.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_padding_row_is_not_trained():
    weight = tg.ones(3, 2, requires_grad=True)
    out = tg.nn.functional.embedding(tg.tensor([0, 2, 2]), weight, padding_idx=-3)
    out.sum().backward()
    assert weight.grad.tolist() == [[0, 0], [0, 0], [2, 2]]
    table = tg.nn.Embedding(4, 3, padding_idx=1)
    assert table.weight[1].tolist() == [0, 0, 0] and table(tg.tensor([[1, 2]])).shape == (1, 2, 3)
    assert not tg.nn.Embedding.from_pretrained(tg.ones(2, 2)).weight.requires_grad


def test_an_element_filled_twice_counts_once():
    value = tg.tensor(2.0, requires_grad=True)
    tg.zeros(5, 2).index_fill(0, tg.tensor([0, 4, -1]), value).sum().backward()
    assert value.grad.item() == 4


def test_different_parts_along_an_axis():
    rows, places, counts = tg.tensor([[3, 1], [0, 2], [3, 1]]).unique(return_inverse=True, return_counts=True, dim=0)
    assert (rows.tolist(), places.tolist(), counts.tolist()) == ([[0, 2], [3, 1]], [1, 0, 1], [1, 2])
    with pytest.raises(ValueError, match=r"unique: shape \(2, 0\) has no elements"):
        tg.zeros(2, 0).unique(dim=0)


def test_scattered_sums_and_numbers_out_of_range():
    assert tg.tensor([1, 2, 3]).scatter(0, tg.tensor([0, 0]), 2, reduce="add").tolist() == [5, 2, 3]
    assert tg.tensor([1, 2, 3]).scatter(0, tg.tensor([1, 1]), 2, reduce="multiply").tolist() == [1, 8, 3]
    with pytest.raises(RuntimeError, match="scatter: reduce is 'max' but 'add' or 'multiply'"):
        tg.tensor([1]).scatter(0, tg.tensor([0]), 2, reduce="max")


def test_what_meets_at_one_place():
    x, index = tg.tensor([1, 2, 3, 4]), tg.tensor([0, 0, 1, 1, 1])
    source = tg.tensor([2, 3, 4, 5, 7])
    for reduce, together, alone in (("sum", [6, 18], [5, 16]), ("prod", [6, 280], [6, 140]), ("mean", [2, 4], [2, 5]),
                                    ("amax", [3, 7], [3, 7]), ("amin", [1, 2], [2, 4])):
        assert x.scatter_reduce(0, index, source, reduce).tolist() == [*together, 3, 4]
        assert x.scatter_reduce(0, index, source, reduce, include_self=False).tolist() == [*alone, 3, 4]
    nan = tg.zeros(1).scatter_reduce_(0, tg.tensor([0, 0]), tg.tensor([math.nan, 5.0]), "amax")
    assert math.isnan(nan.item())
    with pytest.raises(RuntimeError, match="scatter_reduce: reduce is 'max'"):
        x.scatter_reduce(0, index, source, "max")
    with pytest.raises(NotImplementedError, match="scatter_reduce: dtype bool has no mean"):
        (x > 1).scatter_reduce(0, index, source > 1, "mean")


def test_gradients_of_what_meets():
    """Equal extremes share; of factors of which one is 0 that one alone has a gradient."""
    index = tg.tensor([0, 0, 0, 1, 1])
    for reduce, third, wanted in (("amax", 9.0, [0, 0.5, 0.5, 0, 1]), ("prod", 0.0, [0, 0, 18, 5, 4])):
        source = tg.tensor([2.0, 9.0, third, 4.0, 5.0], requires_grad=True)
        tg.ones(2).scatter_reduce(0, index, source, reduce).sum().backward()
        assert source.grad.tolist() == wanted
    assert tg.full((2,), -9, dtype=tg.uint8).tolist() == [247, 247]
    with pytest.raises(RuntimeError, match="300 is no uint8"):
        tg.zeros(2, dtype=tg.uint8).fill_(300)
