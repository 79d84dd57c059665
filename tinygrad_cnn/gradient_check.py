"""`gradcheck` and `gradgradcheck`: backward against finite differences, element by element."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import shapes
from .devices import kernels
from .grad_mode import enable_grad, no_grad
from .gradient import grad
from .tensor import Tensor

Values = np.ndarray[Any, Any]
_ABSENT = {"check_batched_grad": False, "check_batched_forward_grad": False, "check_forward_ad": False,
           "check_backward_ad": True, "check_fwd_over_rev": False, "check_rev_over_rev": True, "masked": (None, False),
           "gen_non_contig_grad_outputs": False}


class GradcheckError(RuntimeError):
    """Backward and finite differences do not agree on a derivative; the message names it and gives both numbers."""


def gradcheck(func: Callable[..., Any], inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
              raise_exception: bool = True, nondet_tol: float = 0.0, check_undefined_grad: bool = True,
              check_grad_dtypes: bool = False, fast_mode: bool = False, **absent: Any) -> bool:
    """Whether backward of `func(*inputs)` is its derivative: |backward - difference| <= atol + rtol |difference|.

    `inputs` is a Tensor or a tuple; those that require grad are moved by `eps` to both sides, one element at a time,
    in place. They should be float64, away from kinks, and must not share memory with each other. `func` returns a
    Tensor or a tuple of them, and the same for the same inputs: a second backward may differ by `nondet_tol`. With
    `check_undefined_grad` each result is differentiated on its own, so that a Function sees None for the others, else
    beside zeros. `check_grad_dtypes`: a gradient must have its input's dtype. `fast_mode` tries one random direction,
    and all elements only where that fails. PyTorch's other switches are accepted at their defaults (`absent`).

    Raises GradcheckError at a fault, or returns False unless `raise_exception`; ValueError if no input requires grad.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([0.5, 2.0], dtype=tg.float64, requires_grad=True)
    >>> gradcheck(lambda x: x.log() * x, x)
    True
    """
    _refuse_absent("gradcheck", absent)
    given = _tuple(inputs)
    moved = [k for k, x in enumerate(given) if isinstance(x, Tensor) and x.requires_grad]
    if not moved:
        raise ValueError(f"gradcheck: none of the {len(given)} inputs requires grad but at least one has to; call "
                         "requires_grad_() on it")
    for k in moved:
        if given[k].dtype != shapes.FLOAT64:
            warnings.warn(f"gradcheck: input {k} is {given[k].dtype.name}, whose rounding hides in differences of eps "
                          f"{eps:g}; use x.double()", stacklevel=2)
    check = _Check(func, given, moved, eps, check_undefined_grad)
    try:
        check.repeats(nondet_tol)
        if check_grad_dtypes:
            check.dtypes()
        if not (fast_mode and check.agrees_along_a_direction(atol, rtol)):
            check.agrees_everywhere(atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6,
                  atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True, nondet_tol: float = 0.0,
                  check_undefined_grad: bool = True, check_grad_dtypes: bool = False, fast_mode: bool = False,
                  **absent: Any) -> bool:
    """`gradcheck` of the gradients of `func(*inputs)`, weighed by `grad_outputs` (None: random numbers in [-1, 1)).

    The weights that require grad are inputs too, after those of `func`. Everything else is as with `gradcheck`.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([0.5, 2.0], dtype=tg.float64, requires_grad=True)
    >>> gradgradcheck(lambda x: x.log() * x, x)
    True
    """
    _refuse_absent("gradgradcheck", absent)
    given = _tuple(inputs)
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        weights = tuple(_like(y, rng.uniform(-1, 1, y.shape)).requires_grad_() for y in _tuple(func(*given))
                        if y.is_floating_point())
    else:
        weights = _tuple(grad_outputs)

    @enable_grad()
    def first(*arguments: Any) -> tuple[Any, ...]:
        arguments, seeds = arguments[:len(given)], arguments[len(given):]
        outs = [y for y in _tuple(func(*arguments)) if y.is_floating_point()]
        recorded = [(y, g) for y, g in zip(outs, seeds) if y.requires_grad]
        wanted = [x for x in arguments if isinstance(x, Tensor) and x.requires_grad]
        found = grad([y for y, _ in recorded], wanted, [g for _, g in recorded], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(first, (*given, *weights), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
                     nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad,
                     check_grad_dtypes=check_grad_dtypes, fast_mode=fast_mode)


class _Check:
    """The function, its inputs, and its results with a gradient."""

    def __init__(self, func: Callable[..., Any], inputs: tuple[Any, ...], moved: list[int], eps: float,
                 alone: bool) -> None:
        self.func, self.inputs, self.moved, self.eps, self.alone = func, inputs, moved, eps, alone
        with enable_grad():
            self.outs = self.results()
        self.recorded = [j for j, y in enumerate(self.outs) if y.requires_grad]

    def results(self) -> list[Any]:
        """The floating results."""
        return [y for y in _tuple(self.func(*self.inputs)) if y.is_floating_point()]

    def pulled_back(self, j: int, seed: Values) -> list[Tensor | None]:
        """The gradients of all moved inputs for `seed`, the gradient of result `j`."""
        seeds = {j: seed} if self.alone else {i: np.zeros(self.outs[i].shape) for i in self.recorded} | {j: seed}
        outs = [self.outs[i] for i in seeds]
        sent = [_like(y, g) for y, g in zip(outs, seeds.values())]
        return list(grad(outs, [self.inputs[k] for k in self.moved], sent, retain_graph=True, allow_unused=True))

    def backward(self, j: int, seed: Values) -> list[Values]:
        """`pulled_back` as arrays; zeros where nothing arrives."""
        return [np.zeros(self.inputs[k].shape) if g is None else _values(g)
                for k, g in zip(self.moved, self.pulled_back(j, seed))]

    def difference(self, moves: dict[int, tuple[Any, Values]]) -> list[Values]:
        """How fast the results change as parts of the inputs move: {input: (index, direction)}."""
        ends = []
        with no_grad():
            before = {k: (self.inputs[k].clone(), self.inputs[k].version.count) for k in moves}
            for sign in (1.0, -1.0):
                for k, (index, direction) in moves.items():
                    values = _values(before[k][0])
                    self.inputs[k][index] = (values[index] + sign * self.eps * direction).astype(values.dtype)
                ends.append([np.array(_values(y)) for y in self.results()])
                for k, (start, count) in before.items():
                    self.inputs[k].copy_(start)
                    self.inputs[k].version.count = count  # to the bit as before: the recorded graph still holds
        return [(ahead - behind) / (2 * self.eps) for ahead, behind in zip(*ends)]

    def repeats(self, tolerance: float) -> None:
        """Raise where a second backward gives other gradients."""
        for j in self.recorded:
            one, two = (self.backward(j, np.ones(self.outs[j].shape)) for _ in range(2))
            for k, a, b in zip(self.moved, one, two):
                if (most := np.abs(a - b).max(initial=0.0)) > tolerance:
                    raise GradcheckError(f"gradcheck: two backward passes of result {j} differ by {most:g} in the "
                                         f"gradient of input {k} but at most nondet_tol {tolerance:g} is allowed; look "
                                         "for random numbers, or a gradient that is changed in place")

    def dtypes(self) -> None:
        """Raise where a gradient has another dtype than its input."""
        for j in self.recorded:
            for k, g in zip(self.moved, self.pulled_back(j, np.ones(self.outs[j].shape))):
                if g is not None and g.dtype != self.inputs[k].dtype:
                    raise GradcheckError(f"gradcheck: the gradient of input {k} is {g.dtype.name} but the input is "
                                         f"{self.inputs[k].dtype.name}; cast it in backward")

    def agrees_along_a_direction(self, atol: float, rtol: float) -> bool:
        """Whether v . J u is right for a random direction u of all inputs and v of each result."""
        rng = np.random.default_rng(0)
        u = {k: rng.standard_normal(self.inputs[k].shape) for k in self.moved}
        slopes = self.difference({k: (..., direction) for k, direction in u.items()})
        for j, slope in enumerate(slopes):
            v = rng.standard_normal(slope.shape)
            gradients = self.backward(j, np.asarray(v)) if j in self.recorded else []
            found = sum(float((g * u[k]).sum()) for k, g in zip(self.moved, gradients))
            if not np.isclose(found, float((v * slope).sum()), rtol, atol):
                return False
        return True

    def agrees_everywhere(self, atol: float, rtol: float) -> None:
        """Raise at the first input and result whose matrix of derivatives is wrong anywhere, with its worst element."""
        tables = [self._table(j) for j in range(len(self.outs))]
        for place, k in enumerate(self.moved):
            x = self.inputs[k]
            columns = [self.difference({k: (index, np.ones(()))}) for index in np.ndindex(x.shape)]
            for j, y in enumerate(self.outs):
                wanted = np.array([column[j].reshape(-1) for column in columns]).reshape(x.numel(), y.numel()).T
                found = tables[j][place]
                wrong = ~np.isclose(found, wanted, rtol, atol)
                if wrong.any():
                    gap = np.where(wrong, np.nan_to_num(np.abs(found - wanted), nan=np.inf), -1.0)
                    row, column = (int(i) for i in np.unravel_index(gap.argmax(), gap.shape))
                    raise GradcheckError(
                        f"gradcheck: the derivative of result {j}{_index(y, row)} in input {k}{_index(x, column)} is "
                        f"{found[row, column]:.9g} by backward but {wanted[row, column]:.9g} by differences; "
                        f"{wrong.sum()} of {wrong.size} derivatives of that result in that input are wrong (eps "
                        f"{self.eps:g}, atol {atol:g}, rtol {rtol:g}); {_remedy(x, found, wanted, wrong)}")

    def _table(self, j: int) -> list[Values]:
        """For each moved input what backward says of result `j`: a matrix (elements of the result, of the input)."""
        sizes = [self.inputs[k].shape for k in self.moved]
        if j not in self.recorded:
            return [np.zeros((self.outs[j].numel(), math.prod(shape))) for shape in sizes]
        rows = [self.backward(j, seed) for seed in _units(self.outs[j].shape)]
        return [np.array([row[place] for row in rows]).reshape(len(rows), math.prod(shape))
                for place, shape in enumerate(sizes)]


def _remedy(x: Tensor, found: Values, wanted: Values, wrong: Values) -> str:
    """What most likely explains wrong derivatives."""
    if x.dtype != shapes.FLOAT64:
        return f"the input is {x.dtype.name}, so try float64 first"
    if not found.any():
        return "backward is zero throughout: is the input detached, or its gradient None in backward?"
    ratios = found[wrong] / np.where(wanted[wrong] == 0, np.nan, wanted[wrong])
    if np.isfinite(ratios).all() and np.ptp(ratios) < 1e-3 * abs(ratios[0]):
        return f"backward is {ratios[0]:.4g} times the difference in all of them: look for that factor"
    return "look at backward, or whether the function has a kink within eps of the input"


def _refuse_absent(operation: str, options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name not in _ABSENT:
            raise TypeError(f"{operation}: there is no option {name}={value!r}; leave it out")
        default = _ABSENT[name]
        if value is not default and value not in (default if isinstance(default, tuple) else (default,)):
            raise NotImplementedError(f"{operation}: {name}={value!r} is PyTorch's but is not built here; leave it out")


def _units(shape: tuple[int, ...]) -> Iterator[Values]:
    """An array of zeros with a one at each place in turn."""
    for index in np.ndindex(shape):
        unit = np.zeros(shape)
        unit[index] = 1.0
        yield unit


def _like(t: Tensor, values: Values) -> Tensor:
    """A tensor of these values with the dtype and the device of `t`."""
    return t.result(kernels(t.array).upload(values.astype(t.dtype)), None)


def _index(t: Tensor, flat: int) -> str:
    return str([int(i) for i in np.unravel_index(flat, t.shape)]) if t.ndim else ""


def _values(t: Tensor) -> Values:
    return t.detach().cpu().numpy()


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, Tensor) else (value,)
