"""`grad`: gradients as values, to any order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import autograd, shapes
from .ops.elementwise import cast
from .ops.making import filled


def root(operation: str, t: Any, gradient: Any) -> tuple[autograd.Edge, Any]:
    """The edge at which a walk from `t` starts, and the gradient it starts with (None: 1 for a single element)."""
    start = autograd.edge(t)
    if start is None:
        raise RuntimeError(f"{operation}: the tensor of shape {t.shape} does not require grad, so nothing was recorded "
                           "for it; call requires_grad_() on an input first")
    if gradient is None:
        if t.array.size != 1:
            raise RuntimeError(f"{operation}: shape {t.shape} has {t.array.size} elements but only a single one has an "
                               "implied gradient; pass a gradient of the same shape")
        gradient = filled(t, t.array.shape, 1)
    shapes.same(operation, "the shape of the gradient", gradient.shape, t.shape, "pass one of the tensor's shape")
    return start, cast(gradient, t.dtype)


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool | None = None,
         create_graph: bool = False, allow_unused: bool = False) -> tuple[Any, ...]:
    """The gradients of the outputs with respect to the inputs, as a tuple; `grad` of no tensor is touched.

    `outputs`, `inputs` are Tensors or sequences of them. `grad_outputs` weighs each output (None: 1 for one element).
    With `create_graph` the gradients can be differentiated again; `retain_graph` (default: `create_graph`) keeps the
    graph for another pass. An input that the outputs do not depend on raises, or gives None with `allow_unused`.
    """
    outs, wanted = _sequence(outputs), _sequence(inputs)
    seeds = (None,) * len(outs) if grad_outputs is None else _sequence(grad_outputs)
    if len(seeds) != len(outs):
        raise ValueError(f"grad: {len(seeds)} grad_outputs for {len(outs)} outputs; pass one, or None, for each")
    edges = [autograd.edge(t) for t in wanted]
    roots = [root("grad", t, g) for t, g in zip(outs, seeds)]
    found = autograd.walk(roots, edges, create_graph, create_graph if retain_graph is None else retain_graph)
    result = tuple(None if e is None else found.get(e) for e in edges)
    for k, g in enumerate(result):
        if g is None and not allow_unused:
            raise RuntimeError(f"grad: input {k} of shape {wanted[k].shape} was not used for the outputs or does not "
                               "require grad; pass allow_unused=True to get None for it")
    return result


def _sequence(value: Any) -> Sequence[Any]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
