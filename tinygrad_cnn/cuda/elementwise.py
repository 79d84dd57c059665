"""Element-wise operations: a kernel per formula, dtype and loop nest, made when met. CPU twin: cpu/elementwise.py."""

from functools import lru_cache

from .. import formulas
from ..arrays import is_contiguous
from ..nest import arithmetic, element, is_array, nest, number
from . import scalar
from .driver import cuda, device, kernel, launch
from .intrinsics import split

FLAT = """
def kernel({parameters}):
    a = cuda.grid(1)
    if a < out.size:
        out[a] = formula(scalar, {values})
"""

NESTED = """
def kernel({parameters}):
    a = cuda.grid(1)
    if a < out.size:
        {place}
        out[{all}] = formula(scalar, {values})
"""


def apply(name, out, *operands):
    """out[i] = formula(operands[i]...). Operands: numbers, or arrays of out's shape, of stride 0 where stretched."""
    if out.size == 0:
        return
    dtype = arithmetic(out, *operands)
    axes, (out, *operands) = nest(out, *operands)
    values = [number(x, dtype) if a is None else x for a, x in zip(axes[1:], operands)]
    strided = not all(is_contiguous(x) for x in (out, *operands) if is_array(x))
    launch(_kernel(name, dtype, axes, strided), out.size, out, *values)


@lru_cache(None)
def _kernel(name, dtype, axes, strided):
    """The kernel with its indices written out, as Numba cannot index with a number of axes that it learns later."""
    names = [f"x{k}" for k in range(1, len(axes))]
    place = [f"a, {a} = split(a, out.shape[{k}])" for k, a in reversed(list(enumerate(axes[0]))) if k]
    source = (NESTED if place else FLAT).format(
        parameters=", ".join(["out", *names]), values=", ".join(map(element, names, axes[1:])),
        place="; ".join(place), all=", ".join(axes[0]))
    scope = {"formula": device(formulas.typed(name, dtype.type)), "scalar": scalar, "cuda": cuda, "split": split,
             "__name__": __name__}
    exec(compile(source, __file__, "exec"), scope)
    title = "_".join(["number" if a is None else a or "one" for a in axes])
    return kernel(scope["kernel"], name=f"{name}_{dtype}_{title}{'_strided' * strided}", strided=strided)
