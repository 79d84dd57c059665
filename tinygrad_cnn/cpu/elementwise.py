"""Element-wise operations: a kernel for each formula, dtype and loop nest, compiled when first met. CUDA twin: cuda/elementwise.py."""

from functools import lru_cache

import numpy as np
from numba.extending import register_jitable

from .. import formulas
from ..nest import arithmetic, element, nest
from . import scalar
from .jit import jit
from .launch import launch, parts_for

# the index is unsigned: a signed one may be negative, counting from the end, for all the compiler knows, and that test
# in every step turns vector loads into gathers
FLAT = """
def kernel(part, parts, out, {parameters}):
    for a in range(uintp(part * out.size // parts), uintp((part + 1) * out.size // parts)):
        out[a] = formula(scalar, {values})
"""

ROWS = """
def kernel(part, parts, out, {parameters}):
    rows = out.size // out.shape[-1]
    for row in range(uintp(part * rows // parts), uintp((part + 1) * rows // parts)):
        {place}
        for {last} in range(out.shape[-1]):
            out[{all}] = formula(scalar, {values})
"""


def apply(name, out, *operands):
    """out[i] = formula(operands[i]...); operands: arrays of the shape of out, with stride 0 where they are stretched, or numbers."""
    if out.size == 0:
        return
    dtype = arithmetic(out, *operands)
    axes, (out, *operands) = nest(out, *operands)
    operands = [dtype.type(x) if type(x) in (int, float) else x for x in operands]
    launch(_kernel(name, dtype, axes), parts_for(out.size * len(axes)), out, *operands)


@lru_cache(None)
def _kernel(name, dtype, axes):
    """The kernel with its loops written out: Numba knows no loops over a number of axes learnt later."""
    names = [f"x{k}" for k in range(1, len(axes))]
    *outer, last = axes[0]
    divide = [f"row, {a} = divmod(row, uintp(out.shape[{k}]))" for k, a in reversed(list(enumerate(outer)))][:-1]
    source = (ROWS if outer else FLAT).format(
        parameters=", ".join(names), values=", ".join(map(element, names, axes[1:])),
        place="; ".join([*divide, f"{outer[0]} = row"]) if outer else "", last=last, all=", ".join(axes[0]))
    scope = dict(formula=register_jitable(formulas.typed(name, dtype.type)), scalar=scalar, uintp=np.uintp, __name__=__name__)
    exec(compile(source, __file__, "exec"), scope)
    label = "_".join(axis if axis is not None else "number" for axis in axes)
    return jit(scope["kernel"], name=f"{name}_{dtype}_{label}", precise=True)
