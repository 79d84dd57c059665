"""`grad`: gradients as values, to any order; `backward`: gradients added up in the leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import autograd, shapes
from .left_out import LeftOut
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


def backward(tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False,
             inputs: Any = None) -> None:
    """Add the gradients of the tensors, each times its one of `grad_tensors`, to the `grad` of every leaf, or of the
    tensors `inputs` alone. `retain_graph` and `create_graph` are those of `grad`."""
    outs = _sequence(tensors)
    roots = [root("backward", t, g) for t, g in zip(outs, _seeds("backward", outs, grad_tensors))]
    leaves = None if inputs is None else _sequence(inputs)
    if leaves is not None and not leaves:
        raise RuntimeError("backward: inputs is empty but at least one tensor is needed; leave it out for all leaves")
    autograd.accumulate(roots, leaves, create_graph, create_graph if retain_graph is None else retain_graph)


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool | None = None,
         create_graph: bool = False, only_inputs: bool = True, allow_unused: bool | None = None,
         is_grads_batched: bool = False, materialize_grads: bool = False) -> tuple[Any, ...]:
    """The gradients of the outputs with respect to the inputs, as a tuple; `grad` of no tensor is touched.

    `outputs`, `inputs` are Tensors or sequences of them. `grad_outputs` weighs each output (None: 1 for one element).
    With `create_graph` the gradients can be differentiated again; `retain_graph` (default: `create_graph`) keeps the
    graph for another pass. An input that the outputs do not depend on raises, or gives None with `allow_unused`, or zeros
    with `materialize_grads`. `only_inputs` is true always; batches of gradients raise LeftOut.
    """
    if is_grads_batched:
        raise LeftOut(f"grad: is_grads_batched is {is_grads_batched} but operations are not mapped over batches of gradients; "
                      "call grad for each of them")
    if not only_inputs:
        raise ValueError(f"grad: only_inputs is {only_inputs} but other leaves are never touched; use backward")
    if materialize_grads and allow_unused is False:
        raise ValueError("grad: allow_unused is False but materialize_grads allows it; leave allow_unused out")
    outs, wanted = _sequence(outputs), _sequence(inputs)
    edges = [autograd.edge(t) for t in wanted]
    roots = [root("grad", t, g) for t, g in zip(outs, _seeds("grad", outs, grad_outputs))]
    found = autograd.walk(roots, edges, create_graph, create_graph if retain_graph is None else retain_graph)
    result = tuple(None if e is None else found.get(e) for e in edges)
    if materialize_grads:
        return tuple(filled(t, t.array.shape, 0) if g is None else g for t, g in zip(wanted, result))
    for k, g in enumerate(result):
        if g is None and not allow_unused:
            raise RuntimeError(f"grad: input {k} of shape {wanted[k].shape} was not used for the outputs or does not "
                               "require grad; pass allow_unused=True to get None for it")
    return result


def _seeds(operation: str, outs: Sequence[Any], given: Any) -> Sequence[Any]:
    """A gradient, or None, for each of the outputs."""
    seeds = (None,) * len(outs) if given is None else _sequence(given)
    if len(seeds) != len(outs):
        raise shapes.ShapeError(f"{operation}: {len(seeds)} gradients for {len(outs)} outputs; pass one, or None, for each")
    return seeds


def _sequence(value: Any) -> Sequence[Any]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
