"""Writing in place: what it refuses, and the versions that tell the graph."""

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn.methods.inplace import InPlace


def leaf(*values):
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def test_in_place_on_what_requires_grad():
    x = leaf(1.0, 2.0)
    for write in (
        lambda: x.add_(1),
        lambda: x.zero_(),
        lambda: x.mul_(2.0),
        lambda: x.copy_(tg.ones(2)),
        lambda: x.__setitem__(0, 5.0),
    ):
        with pytest.raises(RuntimeError, match=r"is a leaf that requires grad .* with no_grad\(\)"):
            write()
    assert x.tolist() == [1.0, 2.0]
    with tg.no_grad():
        x.add_(1)
    assert x.tolist() == [2.0, 3.0] and x.is_leaf


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.add_(1),
        lambda x: x[:1].zero_(),
        lambda x: x.reshape(2, 1).mul_(2),
        lambda x: x.detach().fill_(7),
        lambda x: x.__setitem__(0, 3.0),
        lambda x: x.permute(0).copy_(tg.ones(2)),
    ],
    ids=["add_", "of a view", "of a reshape", "of detach", "setitem", "of permute"],
)
def test_changing_what_was_saved(change):
    """Views share the version of the memory, so that a change through any of them is noticed."""
    x, w = leaf(1.0, 2.0), tg.tensor([3.0, 4.0], dtype=tg.float64)
    y = x * w
    with tg.no_grad():
        change(w)
    with pytest.raises(
        RuntimeError, match=r"backward: b of mul was changed in place after it was saved \(version"
    ):
        y.sum().backward()


def test_changing_a_saved_result():
    x = leaf(1.0, 2.0)
    y = x.exp()
    with tg.no_grad():
        y.zero_()
    with pytest.raises(RuntimeError, match="backward: out of exp was changed in place"):
        y.sum().backward()


def test_changing_what_was_not_saved():
    x = leaf(1.0, 2.0)
    w = tg.tensor([3.0, 4.0], dtype=tg.float64)
    y = x + w
    w.zero_()
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_a_copy_has_a_version_of_its_own():
    w = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert w.reshape(4).version is w.version and w[0].version is w.version
    assert w.clone().version is not w.version and w.t().reshape(4).version is not w.version


def test_augmented_assignment_makes_a_new_tensor():
    """Networks write `out += identity`; the identity, and what was saved, must stay."""
    x = leaf(1.0, 2.0)
    y = before = x * 1.0
    y += 1
    y -= 3
    y *= 2
    y /= 4
    assert before.tolist() == [1.0, 2.0] and y.tolist() == [-0.5, 0.0]
    y.sum().backward()
    assert x.grad.tolist() == [0.5, 0.5]


def test_in_place_values():
    x = tg.zeros(2, 3)
    assert x.add_(1).mul_(4).sub_(1).div_(2) is x
    x[0] = 5
    x[:, 1:] = tg.tensor([7, 8])
    assert x.tolist() == [[5, 7, 8], [1.5, 7, 8]] and x.dtype == tg.float32
    with pytest.raises(ValueError, match=r"__setitem__: .*\(2, 3\)"):
        x[0] = tg.zeros(2, 3)
    with pytest.raises(RuntimeError, match="add_: the result is float32 but the tensor is int64"):
        tg.tensor([1]).add_(0.5)
    with pytest.raises(RuntimeError, match="expanded, so that elements share memory; clone"):
        tg.zeros(1).expand(3).add_(1)


def test_every_method_in_place():
    """Each is that of the same name, written back; what it computes must fit the dtype."""
    names = [name for name in vars(InPlace) if name.endswith("_") and not name.startswith("__")]
    assert len(names) > 80
    for name in names:
        assert name in ("copy_", "fill_", "zero_", "uniform_", "normal_", "bernoulli_", "random_", "fill_diagonal_",
                        "resize_", "resize_as_") or hasattr(
            tg.Tensor, name[:-1]), name
    x = tg.tensor([[-1.0, 2.0], [3.0, 4.0]])
    view = x[0]
    assert x.abs_().sqrt_().clamp_(max=1.5).mul_(2) is x and view.tolist() == [2, pytest.approx(8**0.5)]
    assert x.masked_fill_(x > 2.9, 0).tolist()[1] == [0, 0]
    assert x.index_add_(0, tg.tensor([1]), tg.ones(1, 2), alpha=3).tolist()[1] == [3, 3]
    assert x.scatter_(1, tg.tensor([[0]]), 9.0).tolist()[0][0] == 9 and x.fill_diagonal_(7).diagonal().tolist() == [7, 7]
    assert tg.zeros(3, dtype=tg.uint8).random_(5, 6).tolist() == [5] * 3 and tg.zeros(9).random_().min().item() >= 0
    with pytest.raises(RuntimeError, match="exp_: the result is float32 but the tensor is int64"):
        tg.ones(2, dtype=tg.int64).exp_()
    with pytest.raises(RuntimeError, match="add_: the result is int64 but the tensor is bool"):
        tg.zeros(2, dtype=tg.bool).add_(1)
    with pytest.raises(ValueError, match="add_: the shape"):
        tg.zeros(2).add_(tg.zeros(3, 2))


def test_other_shapes_in_place():
    x = tg.arange(6).reshape(1, 2, 3)
    assert x.squeeze_() is x and x.t_().shape == (3, 2) and x.unsqueeze_(0).transpose_(0, 2).tolist() == [
        [[0], [1], [2]], [[3], [4], [5]]]
    with pytest.raises(RuntimeError, match=r"unsqueeze_: .* requires grad .* no_grad\(\)"):
        leaf(1.0).unsqueeze_(0)


def test_overlapping_write():
    x = tg.arange(6).float()
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3, 4]


def test_a_recorded_change():
    """The tensor becomes the result of the operation, as if it had been written out of place under the same name."""
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = x * w
    same = y
    y.mul_(x).add_(w, alpha=2).sub_(1).clamp_(max=15)
    assert same is y and y.tolist() == [8, 15]
    y.sum().backward()
    assert x.grad.tolist() == [6, 0] and w.grad.tolist() == [3, 0]


def test_a_recorded_value_in_a_tensor_without_grad():
    x = leaf(1.0, 2.0)
    out = tg.zeros(4, 2, dtype=tg.float64)
    out[1:3] = x * 3
    out[0, 1] = x[0]
    out[tg.tensor([3, 3]), tg.tensor([0, 1])] = x * 5
    out[out > 9] = 0.0
    assert out.tolist() == [[0, 1], [3, 6], [3, 6], [5, 0]] and out.requires_grad
    out[:, 0] -= x[1]
    out.sum().backward()
    assert x.grad.tolist() == [1 + 6 + 5, 6 - 4]
    copied = tg.zeros(2)
    copied.copy_(x)
    assert copied.requires_grad and copied.dtype == tg.float32


def test_an_overwritten_tensor_has_a_gradient_of_zeros():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.fill_(7).sum().backward()
    assert y.tolist() == [7, 7] and x.grad.tolist() == [0, 0]


def test_whoever_saved_the_old_numbers_notices():
    x = leaf(1.0, 2.0)
    y = x * 2
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match="changed in place after it was saved"):
        z.sum().backward()


def test_a_recorded_change_under_the_eyes_of_others():
    """A view would have to follow in the graph: it is refused while there is one, not silently forgotten."""
    x = leaf(1.0, 2.0)
    y = x * 2
    view = y[0]
    with pytest.raises(RuntimeError, match="another tensor looks at the same memory"):
        y.mul_(2)
    with pytest.raises(RuntimeError, match="another tensor looks at the same memory"):
        view.mul_(2)
    del view
    y.mul_(2).sum().backward()
    assert x.grad.tolist() == [4, 4]


def test_views_that_are_gone_are_not_noted_forever():
    x = tg.zeros(2)
    living = [x[:1] for _ in range(50)]
    for _ in range(1000):
        x[0]
    noted = x.version.sharers
    assert len(noted) <= 16 + 2 * len(living) + 1 and sum(r() is not None for r in noted) >= 1 + len(living)


def test_a_recorded_change_keeps_shape_and_dtype():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="shape"):
        (x * 1)[:1].clone().add_(x)
    with pytest.raises(RuntimeError, match="addcmul_: the shape of the result is"):
        tg.ones(2).addcmul_(tg.ones(1, 2), tg.ones(2))
    counts = tg.tensor([1, 2])
    with pytest.raises(RuntimeError, match="the result is float64 but the tensor is int64"):
        counts.add_(x)
