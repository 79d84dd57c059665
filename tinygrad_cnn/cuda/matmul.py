"""Product of matrices on CUDA: one thread per element of the result. The fast kernels are in matmul_tile.py."""

from . import matmul_tile
from .driver import cuda, kernel, launch
from .indices import unravel3


def matmul(out, a, b, bias, relu):
    """out[s,i,j] = bias[j] + sum_k a[s,i,k] * b[s,k,j]; then max(., 0) if relu.

    out is C-contiguous; a and b may be transposed, sliced, or repeated along s by a stride of 0.
    """
    if matmul_tile.fits(out, a, b):
        matmul_tile.matmul(out, a, b, bias, relu)
    else:
        launch(_matmul, out.size, out, a, b, bias, relu)


@kernel(strided=True)
def _matmul(out, a, b, bias, relu):
    me = cuda.grid(1)
    if me < out.size:
        s, i, j = unravel3(me, out.shape)
        total = out.dtype.type(0)
        if bias is not None:
            total = bias[j]
        for k in range(a.shape[2]):
            total += a[s, i, k] * b[s, k, j]
        if relu and total < out.dtype.type(0):
            total = out.dtype.type(0)
        out[s, i, j] = total
