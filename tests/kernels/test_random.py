"""Random numbers and dropout: the known answers of Philox, the definition, twins, distributions."""

import numba
import numpy as np
import pytest

from tinygrad_cnn.cpu import random
from tinygrad_cnn.devices import package

from .twins import close, on_cpu
from .views import same

SEED, OFFSET = 0xFEDCBA9876543210, 2**33 - 2
LENGTHS = [0, 1, 2, 3, 4, 5, 7, 1030]


def philox(counter, key, rounds=10):
    """Philox4x32-10 as published, on Python integers."""
    a, b, c, d = counter
    low, high = key
    for _ in range(rounds):
        p, q = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = q >> 32 ^ b ^ low, q & 0xFFFFFFFF, p >> 32 ^ d ^ high, p & 0xFFFFFFFF
        low, high = low + 0x9E3779B9 & 0xFFFFFFFF, high + 0xBB67AE85 & 0xFFFFFFFF
    return [a, b, c, d]


def uniforms(count, seed=SEED, offset=OFFSET):
    found = []
    for k in range(-(-count // 4)):
        at = offset + k
        found += philox((at & 0xFFFFFFFF, at >> 32, 0, 0), (seed & 0xFFFFFFFF, seed >> 32))
    return np.array([bits >> 8 for bits in found[:count]], np.float64) / 2**24


def test_known_answers():
    """The vectors of the authors' library Random123."""
    ones = 0xFFFFFFFF
    assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox([ones] * 4, [ones] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    assert philox([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]) == \
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]
    compiled = numba.njit(lambda seed, counter: random.philox(seed, counter))
    for seed, counter in ((0, 0), (SEED, OFFSET), (2**64 - 1, 2**64 - 1)):
        assert list(compiled(np.uint64(seed), np.uint64(counter))) == \
            philox([counter & ones, counter >> 32, 0, 0], [seed & ones, seed >> 32])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", LENGTHS)
def test_uniform(length, dtype):
    out, = same(lambda k, out: k.random.uniform(out, 0, 1, SEED, OFFSET), np.zeros(length, dtype))
    np.testing.assert_array_equal(out, uniforms(length))
    out, = same(lambda k, out: k.random.uniform(out, -2, 5, SEED, OFFSET), np.zeros(length, dtype), exact=False)
    close(out, 7 * uniforms(length) - 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", LENGTHS)
def test_normal(length, dtype):
    out, twin = np.zeros(length, dtype), package("cuda").empty((length,), dtype)
    package("cpu").random.normal(out, 1, 2, SEED, OFFSET)
    package("cuda").random.normal(twin, 1, 2, SEED, OFFSET)
    np.testing.assert_allclose(package("cuda").download(twin), out, rtol=0, atol=3e-6)  # float32 inside for both dtypes
    u, v = uniforms(length + length % 2).reshape(-1, 2).T
    radius, angle = np.sqrt(-2 * np.log(1 - u)), 2 * np.pi * v
    wanted = 1 + 2 * np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()[:length]
    np.testing.assert_allclose(out, wanted, rtol=0, atol=3e-6)


def test_distributions():
    uniform, = on_cpu("random", "uniform", [((1_000_003,), "float32")], 0, 1, 7, 0)
    assert uniform.min() >= 0 and uniform.max() < 1 and abs(uniform.mean() - 0.5) < 2e-3
    assert np.histogram(uniform, 20, (0, 1))[0].std() < 500
    normal, = on_cpu("random", "normal", [((1_000_003,), "float32")], 0, 1, 8, 0)
    assert abs(normal.mean()) < 4e-3 and abs(normal.std() - 1) < 4e-3 and abs((normal ** 4).mean() - 3) < 0.05


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("length", LENGTHS)
def test_dropout(length, p, dtype, rng):
    x = rng.standard_normal(length).astype(dtype)
    out, _ = same(lambda k, out, x: k.dropout.dropout(out, x, p, SEED, OFFSET), np.zeros_like(x), x)
    close(out, x * (uniforms(length) >= np.float32(p)) / (1 - p if p < 1 else 1))


def test_dropout_on_several_threads(rng):
    x = rng.standard_normal(200_003).astype(np.float32)
    out, = on_cpu("dropout", "dropout", [(x.shape, "float32")], x, 0.5, SEED, OFFSET)
    np.testing.assert_array_equal(out, 2 * x * (uniforms(x.size) >= 0.5))


def test_dropped_nan_stays_nan():
    x = np.full(40, np.nan, np.float32)
    out, _ = same(lambda k, out, x: k.dropout.dropout(out, x, 0.5, SEED, OFFSET), np.zeros_like(x), x)
    assert np.isnan(out).all()
