"""Random numbers, and dropout, which is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np


def philox(seed: int, counter: int) -> list[int]:
    """Philox4x32-10 of Salmon et al. 2011, algorithm 1, on Python's integers."""
    x, key = [counter % 2**32, counter >> 32, 0, 0], [seed % 2**32, seed >> 32]
    for _ in range(10):
        left, right = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [right >> 32 ^ x[1] ^ key[0], right % 2**32, left >> 32 ^ x[3] ^ key[1], left % 2**32]
        key = [(key[0] + 0x9E3779B9) % 2**32, (key[1] + 0xBB67AE85) % 2**32]
    return x


def uniform(size: int, seed: int = 0, offset: int = 0) -> np.ndarray:
    """The first uniforms of a stream: the upper 24 bits, four numbers to a counter."""
    bits = [b for k in range(-(-size // 4)) for b in philox(seed, offset + k)][:size]
    return np.array([(b >> 8) / 2**24 for b in bits])


def dropout(x: Any, p: float) -> Any:
    """The first draw after manual_seed(0); numbers fall on images in channels-last order."""
    rows = np.moveaxis(x, 1, -1) if x.ndim > 2 else x
    out = rows * (uniform(x.size).reshape(rows.shape) >= p) / (1 - p)
    return np.moveaxis(out, -1, 1) if x.ndim > 2 else out
