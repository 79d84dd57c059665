"""Product of matrices on CUDA: one thread per element of the result. The fast kernels are in matmul_tile.py."""

from . import matmul_tile
from .driver import cuda, kernel, launch
from .indices import unravel3


def matmul(out, a, b, bias, relu):
    """out[i,m,n] = bias[n] + sum_k a[i,m,k] * b[i,k,n], then max(., 0) if `relu`; a and b may have any strides."""
    if matmul_tile.fits(out, a, b):
        matmul_tile.matmul(out, a, b, bias, relu)
    else:
        launch(_matmul, out.size, out, a, b, bias, relu)


@kernel(strided=True)
def _matmul(out, a, b, bias, relu):
    me = cuda.grid(1)
    if me < out.size:
        i, m, n = unravel3(me, out.shape)
        total = out.dtype.type(0)
        if bias is not None:
            total = bias[n]
        for k in range(a.shape[2]):
            total += a[i, m, k] * b[i, k, n]
        if relu and total < out.dtype.type(0):
            total = out.dtype.type(0)
        out[i, m, n] = total
