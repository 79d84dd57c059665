"""Methods and functions that are compositions of others, by hand."""

import math

import numpy as np
import pytest

import tinygrad_cnn as tg

NAN = float("nan")


def test_differences():
    x = tg.tensor([1.0, 4.0, 9.0, 16.0])
    assert x.diff().tolist() == [3, 5, 7] and tg.diff(x, 2).tolist() == [2, 2] and x.diff(0) is x
    assert x.diff(prepend=tg.zeros(1), append=tg.tensor([25.0])).tolist() == [1, 3, 5, 7, 9]
    assert tg.tensor([True, True, False]).diff().tolist() == [False, True]
    assert x.reshape(2, 2).diff(axis=0).tolist() == [[8, 12]]
    with pytest.raises(ValueError, match="diff: n is -1"):
        x.diff(-1)


def test_what_is_no_number_is_left_out():
    x = tg.tensor([[1.0, NAN], [3.0, 5.0]], requires_grad=True)
    assert x.nansum().item() == 9 and x.nansum(0).tolist() == [4, 5] and x.nanmean(1, keepdim=True).tolist() == [[1], [4]]
    assert tg.nansum(tg.tensor([1, 2])).item() == 3
    x.nansum().backward()
    assert x.grad.tolist() == [[1, 0], [1, 1]]


def test_both_ends():
    x = tg.tensor([[1.0, 5.0], [7.0, 2.0]])
    assert [t.tolist() for t in x.aminmax(dim=1)] == [[1, 2], [5, 7]] and tg.aminmax(x).max.item() == 7
    assert tg.trace(x).item() == 3
    with pytest.raises(RuntimeError, match="trace: shape .* has 1 axes but 2 are needed"):
        tg.ones(3).trace()


def test_functions_of_elements():
    x = tg.tensor([0.25, 0.5])
    np.testing.assert_allclose(x.logit().numpy(), np.log([1 / 3, 1]), 1e-6, 1e-7)
    np.testing.assert_allclose(tg.tensor([0.0, 1.0]).logit(0.1).numpy(), np.log([1 / 9, 9]), 1e-5)
    big = tg.tensor([1000.0, -math.inf, 0.0])
    np.testing.assert_allclose(tg.logaddexp(big, big).numpy(), [1000 + math.log(2), -math.inf, math.log(2)], 1e-6)
    assert tg.hypot(tg.tensor([3.0, 0.0, 3e30]), tg.tensor([4.0, 0.0, 4e30])).tolist() == pytest.approx([5, 0, 5e30])
    assert tg.tensor([180.0]).deg2rad().item() == pytest.approx(math.pi)
    assert tg.rad2deg(tg.tensor(math.pi)).item() == pytest.approx(180)


def test_counting_and_membership():
    x = tg.tensor([0.0, 1.0, 1.0, 2.5, 9.0])
    assert x.histc(4, 0, 4).tolist() == [1, 2, 1, 0] and tg.histc(x, 3).tolist() == [4, 0, 1]
    assert tg.ones(3).histc(2).tolist() == [0, 3] and tg.zeros(0).histc(2).tolist() == [0, 0]
    with pytest.raises(RuntimeError, match="histc: bins is 0"):
        x.histc(0)
    assert tg.isin(tg.arange(4), tg.tensor([1, 3])).tolist() == [False, True, False, True]
    assert tg.isin(tg.arange(2), 1, invert=True).tolist() == [True, False]
    assert tg.is_floating_point(x) and not tg.is_complex(x) and tg.is_signed(x) and tg.scalar_tensor(3).dtype == tg.float32
