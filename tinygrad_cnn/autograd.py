"""Reverse-mode differentiation: `Function`, the walk back, `no_grad`. Knows no operation, no device, no Tensor class.

A Function that was called with a tensor that requires grad becomes a node of the graph. It remembers for each input the
edge by which the gradient leaves: the node that made the input, or the input itself where it is a leaf.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from .arrays import shares_memory

grad: Any  # these three are defined above, in gradient.py and gradient_check.py, and put here by the package
gradcheck: Any
gradgradcheck: Any

Edge = tuple[Any, int]  # (node or leaf tensor, which of its outputs)


class _Mode(threading.local):
    recording = True
    recomputing = False
    followers: tuple[Any, ...] = ()


_mode = _Mode()


def recording() -> bool:
    """Whether calls of Functions are being recorded in this thread."""
    return _mode.recording


class set_grad_enabled(contextlib.ContextDecorator):
    """`with set_grad_enabled(flag):` records, or does not, inside; also a decorator."""

    def __init__(self, flag: bool) -> None:
        self.flag, self.before = bool(flag), []  # type: ignore[var-annotated]

    def __enter__(self) -> None:
        self.before.append(_mode.recording)
        _mode.recording = self.flag

    def __exit__(self, *error: object) -> None:
        _mode.recording = self.before.pop()


class no_grad(set_grad_enabled):
    """`with no_grad():` or `@no_grad()`: what happens inside is not recorded."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """`with enable_grad():` records again inside a `no_grad`."""

    def __init__(self) -> None:
        super().__init__(True)


def followers() -> tuple[Any, ...]:
    """Those who follow what this thread records; see `follow`."""
    return _mode.followers


@contextlib.contextmanager
def follow(*followers: Any) -> Iterator[None]:
    """Within the block these objects, and no others, are told of every node: `follower.recorded(node)`, once it is whole."""
    before, _mode.followers = _mode.followers, followers
    try:
        yield
    finally:
        _mode.followers = before


def recomputing() -> bool:
    """Whether this is the second call of a checkpoint: what happens once for each batch has happened then."""
    return _mode.recomputing


@contextlib.contextmanager
def recompute(follower: Any) -> Iterator[None]:
    """`with recompute(follower):` records what happened before once more, and tells `follower` alone."""
    before, _mode.recomputing = _mode.recomputing, True
    try:
        with enable_grad(), follow(follower):
            yield
    finally:
        _mode.recomputing = before


_watchers: list[Any] = []


@contextlib.contextmanager
def watch(watcher: Any) -> Iterator[None]:
    """Within the block `watcher.called(node, inputs, outs)` follows every call of a Function, recorded or not, and
    `watcher.differentiated(node, grads, gradients)` every step of a walk back."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


class Version:
    """How often a memory was written in place; shared by all tensors that look at it."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Function:
    """An operation. `forward` takes and returns arrays, `backward` takes and returns Tensors.

    `saves` names the parameters of `forward` (and "out") that `backward` reads as Tensors under those names. Arrays that
    only `backward` needs are plain attributes, set in `forward`. All is dropped once a backward pass has gone through.
    Hyper-parameters are the constructor's: `Conv(stride=2)(x, w)`. A call is one node; make a new one for each.
    """

    saves: tuple[str, ...] = ()
    view: ClassVar[bool] = False  # the result may lie in the first input's memory
    edges: tuple[Edge | None, ...] | None = None  # None: not recorded, or freed
    needed: tuple[bool, ...] = ()  # during backward: which inputs' gradients are asked for
    hooks: dict[int, list[Any]] | None = None
    results: tuple[tuple[int, ...], ...] = ()  # their shapes, once recorded
    region: Any = None  # the checkpoint that emptied this node and can fill it again
    place: int = 0  # among the nodes of the region
    _saved: dict[str, tuple[Any, Version, int]] | None = None
    _parameters: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        cls._parameters = tuple(inspect.signature(cls.forward).parameters)[1:]

    def forward(self, *arrays: Any) -> Any:
        """The result, an array or a tuple of arrays, of the inputs' arrays."""
        raise NotImplementedError(f"{type(self).__name__}: forward is missing; define forward(self, *arrays)")

    def backward(self, *grads: Any) -> Any:
        """For each input its gradient or None, of the gradients of the results (None where nothing arrived)."""
        raise NotImplementedError(f"{type(self).__name__}: backward is missing; define backward(self, *grads)")

    def __call__(self, *inputs: Any) -> Any:
        kept = _mode.recording and any(t.requires_grad for t in inputs)
        result = self.forward(*[t.array for t in inputs])
        several = type(result) is tuple
        node = self if kept else None
        outs = [inputs[0].result(array, node, k) for k, array in enumerate(result if several else (result,))]
        if self.view and shares_memory(outs[0].array, inputs[0].array):
            outs[0].version = inputs[0].version
        for watcher in _watchers:
            watcher.called(self, inputs, outs)
        if kept:
            self.results = tuple([t.array.shape for t in outs]) if several else (outs[0].array.shape,)
            self.edges = tuple([edge(t) for t in inputs])
            self._save(inputs, outs[0])
            for follower in _mode.followers:
                follower.recorded(self)
        else:
            self.free()  # what forward kept for a backward that will not come
        return tuple(outs) if several else outs[0]

    def _save(self, inputs: Sequence[Any], out: Any) -> None:
        self._saved = {}
        for name in self.saves:
            if name == "out":
                self._saved[name] = out.array, out.version, out.version.count  # the Tensor would be a cycle
            elif (k := self._parameters.index(name)) < len(inputs):
                self._saved[name] = inputs[k], inputs[k].version, inputs[k].version.count

    def differentiate(self, grads: Sequence[Any], needed: tuple[bool, ...]) -> tuple[Any, ...]:
        """`backward` with the saved Tensors in place: one gradient or None per input."""
        while self.region is not None:
            self.region.restore(self)
        assert self._saved is not None and self.edges is not None
        self.needed = needed
        like = next(g for g in grads if g is not None)
        for name, (value, version, count) in self._saved.items():
            if version.count != count:
                raise RuntimeError(f"backward: {name} of {type(self).__name__} was changed in place after it was saved "
                                   f"(version {version.count}, saved at {count}); change a copy of it instead")
            if name == "out":
                value = like.result(value, self)
                value.version = version
            setattr(self, name, value)
        try:
            found = self.backward(*grads)
        finally:
            for name in self._saved:
                self.__dict__.pop(name, None)
        found = found if type(found) is tuple else (found,)
        if len(found) != len(self.edges):
            raise RuntimeError(f"backward: {type(self).__name__} returned {len(found)} gradients for {len(self.edges)} "
                               "inputs; return one, or None, for each")
        return found

    def __str__(self) -> str:
        return type(self).__name__

    def free(self) -> None:
        """Drop what was kept for backward."""
        self.__dict__.clear()


class Alias(Function):
    """The same tensor as a node of its own."""

    view = True

    def forward(self, x: Any) -> Any:
        return x

    def backward(self, g: Any) -> Any:
        return g


class Fused(Function):
    """An operation with a backward kernel of its own. Its `definition` in plain operations is what a second derivative
    differentiates; it touches no running statistics and draws no random numbers."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.saves = tuple(dict.fromkeys((*cls._parameters, *cls.saves)))

    def fused_backward(self, *grads: Any) -> Any:
        """`backward` of the first order, on kernels."""
        name = type(self).__name__
        raise NotImplementedError(f"{name}: fused_backward is missing; define fused_backward(self, *grads)")

    def definition(self, *inputs: Any) -> Any:
        """The operation as a composition of plain ones."""
        raise NotImplementedError(f"{type(self).__name__}: definition is missing; define definition(self, *inputs)")

    def backward(self, *grads: Any) -> Any:
        if not recording():
            return self.fused_backward(*grads)
        assert self.edges is not None
        inputs = [Alias()(getattr(self, name)) for name in self._parameters[:len(self.edges)]]
        ends = [edge(x) if needed else None for x, needed in zip(inputs, self.needed)]
        found = walk([(edge(self.definition(*inputs)), grads[0])], ends, True, True, stop=True)
        return tuple(None if end is None else found.get(end) for end in ends)


def edge(t: Any) -> Edge | None:
    """Where the gradient of `t` goes: to the node that made it, to itself as a leaf, or nowhere."""
    return None if not t.requires_grad else (t, 0) if t.node is None else (t.node, t.index)


def _order(roots: Iterable[Edge], targets: set[Edge] | None, stop: bool) -> list[Function]:
    """The nodes between the roots and the targets (None: all leaves), inputs before outputs."""
    order: list[Function] = []
    leads: dict[Any, bool] = {}  # whether a node lies on the way to a target
    stack = [(node, False) for node, _ in roots if isinstance(node, Function)]
    while stack:
        node, done = stack.pop()
        if done:
            ahead = (e for e in node.edges or () if e is not None)
            leads[node] = targets is None or any(e in targets or leads.get(e[0]) for e in ahead)
            if leads[node]:
                order.append(node)
        elif node not in leads:
            if node.edges is None:
                raise RuntimeError(f"backward: the graph behind {type(node).__name__} was already freed by an earlier "
                                   "pass; pass retain_graph=True to that one")
            leads[node] = False
            stack.append((node, True))
            stack += [(e[0], False) for e in node.edges if e is not None and isinstance(e[0], Function)
                      and e[0] not in leads and not (stop and targets and e in targets)]
    return order


def walk(roots: Sequence[tuple[Any, Any]], targets: Sequence[Any] | None, create_graph: bool, retain_graph: bool,
         stop: bool = False) -> dict[Edge, Any]:
    """The gradients at the edges `targets` (None: at all leaves), given (edge, gradient) of the roots.

    Nodes are run from the results back to the inputs, each once its gradient is whole. Without `retain_graph` a node is
    freed as soon as it was run, and the order is popped, so that activations die while the walk goes on. With `stop` the
    graph behind the targets is not looked at.
    """
    wanted = None if targets is None else {e for e in targets if e is not None}
    order = _order([e for e, _ in roots], wanted, stop)
    alive = set() if wanted is None else set(order)
    pending: dict[Any, list[Any]] = {}  # keyed by node or leaf, never by the id of a tensor that may die
    found: dict[Edge, Any] = {}

    def send(to: Edge, g: Any, lenders: Sequence[Any]) -> None:
        slots = pending.setdefault(to[0], [])
        slots += [None] * (to[1] + 1 - len(slots))
        if slots[to[1]] is not None:
            g = slots[to[1]] + g
        elif wanted is None and not isinstance(to[0], Function) and _borrowed(g, lenders):
            g = g.clone()  # a leaf's gradient is its own: users change it in place
        slots[to[1]] = g

    def settle(key: Any) -> list[Any]:
        grads = pending.pop(key)
        for k, g in enumerate(grads):
            for hook in (key.hooks or {}).get(k, ()) if g is not None else ():
                changed = hook(g)
                grads[k] = g = g if changed is None else changed
            if g is not None and ((key, k) in wanted if wanted is not None else not isinstance(key, Function)):
                found[key, k] = g
        return grads

    with set_grad_enabled(create_graph):
        for to, g in roots:
            send(to, g, (g,))
        while order:
            node = order.pop()
            if node not in pending:
                continue
            grads = settle(node)
            edges = node.edges
            assert edges is not None
            needed = tuple(e is not None and (wanted is None or e in wanted or e[0] in alive) for e in edges)
            gradients = node.differentiate(grads + [None] * (len(node.results) - len(grads)), needed)
            for watcher in _watchers:
                watcher.differentiated(node, grads, gradients)
            if not retain_graph:
                node.free()
            for k, to in enumerate(edges):
                if to is not None and needed[k] and gradients[k] is not None:
                    send(to, gradients[k], (*grads, *gradients[:k]))
            del node, grads, gradients, edges
        for key in list(pending):
            settle(key)
    return found


def _borrowed(g: Any, lenders: Sequence[Any]) -> bool:
    return any(other is not None and shares_memory(g.array, other.array) for other in lenders)


def backward(roots: Sequence[tuple[Any, Any]], create_graph: bool, retain_graph: bool) -> None:
    """Add the gradients of the roots to the `grad` of every leaf."""
    for (leaf, _), g in walk(roots, None, create_graph, retain_graph).items():
        if leaf.grad is None:
            leaf.grad = g
        elif create_graph or leaf.grad.requires_grad:
            leaf.grad = leaf.grad + g
        else:
            leaf.grad.add_(g)
