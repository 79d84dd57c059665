"""PyTorch's way to define an operation of one's own: static `forward` and `backward` with a context, on tensors.

    >>> import tinygrad_cnn as tg
    >>> class Sign(tg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x.sign()
    ...     @staticmethod
    ...     def backward(ctx, g):  # straight through
    ...         return g
    >>> x = tg.tensor([-2.0, 3.0], requires_grad=True)
    >>> Sign.apply(x).sum().backward()
    >>> x.grad
    tensor([1., 1.])
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from .arrays import shares_memory
from .autograd import Function, edge
from .grad_mode import followers, no_grad, recording


class Context:
    """What `forward` leaves for `backward`: tensors by `save_for_backward`, anything else as attributes."""

    def __init__(self, node: Function, needs_input_grad: tuple[bool, ...]) -> None:
        self.node, self.needs_input_grad = node, needs_input_grad
        self.kept: tuple[tuple[Any, int], ...] = ()
        self.results: list[Any] = []
        self.constant: tuple[Any, ...] = ()
        self.dirty: tuple[Any, ...] = ()
        self.zeros = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep arguments and results, each a tensor or None; `saved_tensors` notices in-place changes of them."""
        self.kept = tuple((t, 0 if t is None else t.version.count) for t in tensors)

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` was given."""
        for t, count in self.kept:
            if t is not None and t.version.count != count:
                raise RuntimeError(f"saved_tensors: a tensor of shape {t.shape} was changed in place after it was saved "
                                   f"(version {t.version.count}, saved at {count}); change a copy of it instead")
        return tuple(self._attached(t) for t, _ in self.kept)

    def _attached(self, t: Any) -> Any:
        """A result is kept outside of the graph, which it would else keep alive; it comes back as its node's."""
        index = next((k for k, result in enumerate(self.results) if result is t), None)
        return t if index is None or t is None else t.result(t.array, self.node, index)

    def mark_non_differentiable(self, *results: Any) -> None:
        """These results of `forward` have no gradient."""
        self.constant = results

    def mark_dirty(self, *arguments: Any) -> None:
        """`forward` changed these arguments in place and returns them."""
        self.dirty = arguments

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros, else None, for results that nothing depends on."""
        self.zeros = value


class Applied(Function):
    """A call of `kind`, a class with static `forward(ctx, ...)` and `backward(ctx, ...)`, or `forward(...)` beside
    `setup_context(ctx, inputs, output)`. Only arguments that are tensors themselves are differentiated."""

    kind: ClassVar[Any]

    def __call__(self, *inputs: Any) -> Any:
        tensors = [x for x in inputs if hasattr(x, "requires_grad")]
        edges = tuple(edge(t) for t in tensors)
        self.takes = tuple(hasattr(x, "requires_grad") for x in inputs)
        self.context = Context(self, tuple(bool(getattr(x, "requires_grad", False)) for x in inputs))
        with no_grad():
            result = self._forward(inputs)
        given = result if isinstance(result, tuple) else (result,)
        kept = recording() and any(e is not None for e in edges)
        outs = tuple(self._out(t, k, tensors, kept) for k, t in enumerate(given))
        if kept:
            self.context.results = list(given)
            self.results, self.dtypes = tuple(t.shape for t in outs), tuple(t.dtype for t in outs)
            self.edges, self._saved = edges, {}
            for follower in followers():
                follower.recorded(self)
        return outs if isinstance(result, tuple) else outs[0]

    def _forward(self, inputs: tuple[Any, ...]) -> Any:
        if not hasattr(self.kind, "setup_context"):
            return self.kind.forward(self.context, *inputs)
        result = self.kind.forward(*inputs)
        self.kind.setup_context(self.context, inputs, result)
        return result

    def _out(self, t: Any, index: int, tensors: list[Any], kept: bool) -> Any:
        """What the caller gets for result number `index`."""
        node = self if kept and not any(t is x for x in self.context.constant) else None
        if any(t is x for x in self.context.dirty):
            if node is not None:
                t.node, t.index, t._requires_grad = node, index, True
            return t
        made = t.result(t.array, node, index)
        if any(shares_memory(t.array, x.array) for x in tensors):
            made.version = t.version
        return made

    def backward(self, *grads: Any) -> Any:
        if self.context.zeros:
            some = next(g for g in grads if g is not None)
            grads = tuple(some.new_zeros(shape, dtype=dtype) if g is None else g
                          for g, shape, dtype in zip(grads, self.results, self.dtypes))
        found = self.kind.backward(self.context, *grads)
        found = found if isinstance(found, tuple) else (found,)
        extra = found[len(self.takes):]
        if len(found) < len(self.takes) or any(g is not None for g in extra):
            raise RuntimeError(f"backward: {self} returned {len(found)} gradients for {len(self.takes)} arguments; return one, "
                               "or None, for each")
        return tuple(g for g, tensor in zip(found, self.takes) if tensor)


@cache
def applied(kind: type[Function]) -> type[Applied]:
    """The kind of node that calls of `kind.apply` are."""
    return type(kind.__name__, (Applied,), {"kind": kind})
