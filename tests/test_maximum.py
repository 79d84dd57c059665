"""The greatest element of a long tensor, which is found in pieces; and the powers that have operations of their own."""

import numpy as np
import pytest

import tinygrad_cnn as tg


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("size", [1, 511, 1023, 1024, 1025, 2**16 + 1, 3 * 2**15 + 17])
def test_of_a_long_tensor(size, device):
    values = np.random.default_rng(size).permutation(size).astype(np.float32)
    quick = device == "cpu" or size < 2**16  # the emulator takes its time
    for place in {0, size // 2, size - 1} if quick else {size - 1}:
        moved = values.copy()
        moved[place] = size
        x = tg.tensor(moved, device=device, requires_grad=True)
        top = x.max()
        top.backward()
        assert top.item() == size and (-x.detach()).min().item() == -size
        assert x.grad.cpu().numpy().nonzero()[0].tolist() == [place]
        moved[place] = np.nan
        assert np.isnan(tg.tensor(moved, device=device).max().item())


@pytest.mark.parametrize("exponent", [2, 2.0, 0.5, -1.0, 3, -0.5])
def test_powers_by_numbers(exponent):
    x = tg.tensor([0.5, 1.5, 3.0], dtype=tg.float64, requires_grad=True)
    first, = tg.grad((x ** exponent).sum(), x, create_graph=True)
    second, = tg.grad(first.sum(), x)
    values = x.detach().numpy()
    np.testing.assert_allclose((x ** exponent).detach().numpy(), values ** exponent, rtol=1e-14)
    np.testing.assert_allclose(first.detach().numpy(), exponent * values ** (exponent - 1), rtol=1e-13)
    np.testing.assert_allclose(second.numpy(), exponent * (exponent - 1) * values ** (exponent - 2), rtol=1e-12, atol=1e-12)


def test_a_power_of_integers_is_no_square_root():
    assert (tg.tensor([True, False]) ** 2).tolist() == [1, 0] and (tg.tensor([2, 3]) ** 2).tolist() == [4, 9]
