"""The sum of singular values, found on the host by NumPy's decomposition x = u diag(s) v."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Function
from ..devices import device_of, kernels
from ..grad_mode import recording
from .shape import reshape


def _decomposed(x: Any) -> Any:
    """(u, s, v) of matrices (..., m, n)."""
    return np.linalg.svd(kernels(x).download(x), full_matrices=False)


class Nuclear(Function):
    """out[...] = the sum of the singular values of x[..., :, :]."""

    saves = ("x",)

    def forward(self, x: Any) -> Any:
        if device_of(x) == "meta":
            return kernels(x).empty(x.shape[:-2], x.dtype)
        return kernels(x).upload(np.asarray(np.sum(_decomposed(x)[1], -1)))

    def backward(self, g: Any) -> Any:
        return reshape(g, (*g.array.shape, 1, 1)) * Polar()(self.x)  # type: ignore[attr-defined]


class Polar(Function):
    """out = u v: x with singular values of 1, the slope of their sum."""

    saves = ("x",)

    def forward(self, x: Any) -> Any:
        if device_of(x) == "meta":
            return kernels(x).empty(x.shape, x.dtype)
        u, _, v = _decomposed(x)
        return kernels(x).upload(np.ascontiguousarray(u @ v))

    def backward(self, g: Any) -> Any:
        """What `g` turns within the spaces of u and v, divided by sums of singular values, and what leaves them, by one."""
        if recording():
            raise RuntimeError("norm: p is 'nuc' but only its first two derivatives are known; leave out create_graph")
        x = self.x.array  # type: ignore[attr-defined]
        if device_of(x) == "meta":
            return g
        u, s, v = _decomposed(x)
        w, ut, vt = kernels(x).download(g.array), np.swapaxes(u, -1, -2), np.swapaxes(v, -1, -2)
        inside = ut @ w @ vt
        turned = (inside - np.swapaxes(inside, -1, -2)) / (s[..., :, None] + s[..., None, :])
        left, right = (w - u @ ut @ w) @ (vt / s[..., None, :]) @ v, u @ ((ut / s[..., :, None]) @ (w - w @ vt @ v))
        return g.result(kernels(x).upload(np.ascontiguousarray(u @ turned @ v + left + right, x.dtype)), None)
