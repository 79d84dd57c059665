"""Element-wise operations: a kernel per formula, dtype and loop nest, made when met. CUDA twin: cuda/elementwise.py."""

from functools import lru_cache

import numpy as np

from .. import formulas
from ..nest import arithmetic, element, nest, number
from . import scalar
from .jit import jit
from .launch import launch, parts_for

# The indices are unsigned. A signed one could be negative, for all the compiler knows, and count from the end; the test
# for that in every step turns vector loads into gathers.
FLAT = """
def kernel(part, parts, {parameters}):
    for a in range(uintp(part * out.size // parts), uintp((part + 1) * out.size // parts)):
        out[a] = formula(scalar, {values})
"""

NESTED = """
def kernel(part, parts, {parameters}):
    rows = out.size // out.shape[-1]
    for row in range(uintp(part * rows // parts), uintp((part + 1) * rows // parts)):
        {place}
        for {last} in range(out.shape[-1]):
            out[{all}] = formula(scalar, {values})
"""


def apply(name, out, *operands):
    """out[i] = formula(operands[i]...). Operands: numbers, or arrays of out's shape, of stride 0 where stretched."""
    if out.size == 0:
        return
    dtype = arithmetic(out, *operands)
    axes, (out, *operands) = nest(out, *operands)
    values = [number(x, dtype) if a is None else x for a, x in zip(axes[1:], operands)]
    launch(_kernel(name, dtype, axes), parts_for(out.size * len(axes)), out, *values)


@lru_cache(None)
def _kernel(name, dtype, axes):
    """The kernel with its loops written out, as Numba cannot loop over a number of axes that it learns later."""
    *outer, last = axes[0]
    names = [f"x{k}" for k in range(1, len(axes))]
    place = [f"row, {a} = divmod(row, uintp(out.shape[{k}]))" for k, a in reversed(list(enumerate(outer))) if k]
    source = (NESTED if outer else FLAT).format(
        parameters=", ".join(["out", *names]), values=", ".join(map(element, names, axes[1:])),
        place="; ".join([*place, "a = row"]), last=last, all=", ".join(axes[0]))
    scope = {"formula": scalar.inlined(formulas.typed(name, dtype.type)), "scalar": scalar, "uintp": np.uintp,
             "__name__": __name__}
    exec(compile(source, __file__, "exec"), scope)
    title = "_".join(["number" if a is None else a or "one" for a in axes])
    return jit(scope["kernel"], name=f"{name}_{dtype}_{title}", precise=True)
