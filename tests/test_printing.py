"""Tensors in print."""

import pytest

import tinygrad_cnn as tg


@pytest.fixture(autouse=True)
def default_options():
    yield
    tg.set_printoptions(profile="default")


@pytest.mark.parametrize("data, text", [
    ([1.0, 2.0, 3.0], "tensor([1., 2., 3.])"), ([1.5, -2.25], "tensor([ 1.5000, -2.2500])"), (3.14159265, "tensor(3.1416)"),
    ([1e10, 1.0], "tensor([1.0000e+10, 1.0000e+00])"), ([1e-5, 2e-5], "tensor([1.0000e-05, 2.0000e-05])"),
    ([float("nan"), float("inf"), 1.0], "tensor([nan, inf, 1.])"), ([1.5, float("nan")], "tensor([1.5000,    nan])"),
    ([[-1, 100], [7, 8]], "tensor([[ -1, 100],\n        [  7,   8]])"), ([True, False], "tensor([ True, False])"),
    (5, "tensor(5)"), ([[[1], [2]], [[3], [4]]], "tensor([[[1],\n         [2]],\n\n        [[3],\n         [4]]])")])
def test_elements(data, text):
    assert repr(tg.tensor(data)) == str(tg.tensor(data)) == text


def test_notes():
    assert repr(tg.zeros(2, 0)) == "tensor([], size=(2, 0))" and repr(tg.zeros(0).long()) == "tensor([], dtype=int64)"
    assert repr(tg.ones(2).double()) == "tensor([1., 1.], dtype=float64)"
    x = tg.ones(1, requires_grad=True)
    assert repr(x) == "tensor([1.], requires_grad=True)" and repr(x.exp()) == "tensor([2.7183], grad_fn=<exp>)"
    assert repr(tg.nn.Parameter(tg.ones(1))) == "Parameter containing:\ntensor([1.], requires_grad=True)"
    assert repr(tg.zeros(2, device="meta")) == "tensor(..., size=(2,), device='meta')"
    assert repr(tg.arange(12.0, dtype=tg.float64)).endswith(" 10., 11.],\n       dtype=float64)")


def test_a_large_tensor_shows_its_edges():
    assert repr(tg.arange(2000)) == "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"
    lines = repr(tg.zeros(40, 30)).splitlines()
    assert lines[0] == "tensor([[0., 0., 0.,  ..., 0., 0., 0.]," and lines[3] == "        ...,"
    assert max(map(len, repr(tg.arange(900) * 1000).splitlines())) <= 80


def test_options():
    x = tg.tensor([1.23456, 200.0])
    tg.set_printoptions(precision=2)
    assert repr(x) == "tensor([  1.23, 200.00])"
    tg.set_printoptions(sci_mode=True)
    assert repr(x) == "tensor([1.23e+00, 2.00e+02])"
    tg.set_printoptions(profile="short", threshold=3, edgeitems=1)
    assert repr(tg.arange(5)) == "tensor([0,  ..., 4])"
    with pytest.raises(ValueError, match="set_printoptions: profile is 'wide' but must be one of default, short, full"):
        tg.set_printoptions(profile="wide")


def test_format():
    assert f"{tg.tensor(3.14159):.3f} {tg.tensor(2):d} {tg.ones(2)}" == "3.142 2 tensor([1., 1.])"
    assert format(tg.tensor(1.5), ".2f") == "1.50"
