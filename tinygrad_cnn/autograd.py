"""Reverse-mode differentiation: `Function`, an operation, and `walk`, the backward pass over the graph that calls leave.

    x  --->  Exp  --->  Sum  --->  loss        forward: a call that is recorded makes its Function a node of the graph
    x.grad <-- Exp <-- Sum <-- 1               backward: each node turns its result's gradient into its inputs' gradients

A node remembers for each input the edge by which the gradient leaves: to the node that made the input, or to the input
itself where it is a leaf. This file knows no operation, no device and no Tensor class.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from .arrays import shares_memory
from .grad_mode import set_grad_enabled, state, watchers
from .version import Version

Edge = tuple[Any, int]  # (node or leaf tensor, which of its outputs)


class Function:
    """An operation. `forward` takes and returns arrays, `backward` takes and returns Tensors.

    `saves` names the parameters of `forward` (and "out") that `backward` reads as Tensors under those names. Arrays that
    only `backward` needs are plain attributes, set in `forward`. All is dropped once a backward pass has gone through.
    Hyper-parameters are the constructor's: `Conv(stride=2)(x, w)`. A call is one node; make a new one for each.

    >>> import tinygrad_cnn as tg
    >>> class Cube(tg.Function):
    ...     saves = ("x",)
    ...     def forward(self, x):
    ...         return x * x * x
    ...     def backward(self, g):
    ...         return g * 3 * self.x * self.x
    >>> x = tg.tensor([2.0], requires_grad=True)
    >>> Cube()(x).backward()
    >>> x.grad
    tensor([12.])
    """

    saves: tuple[str, ...] = ()
    view: ClassVar[bool] = False  # the result may lie in the first input's memory
    edges: tuple[Edge | None, ...] | None = None  # None: not recorded, or freed
    needed: tuple[bool, ...] = ()  # during backward: which inputs' gradients are asked for
    hooks: dict[int, dict[int, Any]] | None = None  # by output, then by the handle's number
    results: tuple[tuple[int, ...], ...] = ()  # their shapes, once recorded
    region: Any = None  # the checkpoint that emptied this node and can fill it again
    place: int = 0  # among the nodes of the region
    _saved: dict[str, tuple[Any, Version, int]] | None = None
    _parameters: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        cls._parameters = tuple(inspect.signature(cls.forward).parameters)[1:]

    def forward(self, *arrays: Any) -> Any:
        """The result, an array or a tuple of arrays, of the inputs' arrays."""
        raise self._missing("forward(self, *arrays)")

    def backward(self, *grads: Any) -> Any:
        """For each input its gradient or None, of the gradients of the results (None where nothing arrived)."""
        raise self._missing("backward(self, *grads)")

    def _missing(self, method: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__}: {method.partition('(')[0]} is missing; define {method}")

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """A call of a new node. Where `forward` and `backward` are static methods of a context, as in PyTorch, they work on
        tensors: see `custom`."""
        if isinstance(inspect.getattr_static(cls, "forward"), staticmethod):
            from .custom import applied

            return applied(cls)()(*inputs)  # type: ignore[arg-type]  # classes can be hashed
        return cls()(*inputs)

    def __call__(self, *inputs: Any) -> Any:
        kept = state.recording and any(t.requires_grad for t in inputs)
        result = self.forward(*[t.array for t in inputs])
        several = type(result) is tuple
        node = self if kept else None
        outs = [inputs[0].result(array, node, k) for k, array in enumerate(result if several else (result,))]
        if self.view and shares_memory(outs[0].array, inputs[0].array):
            inputs[0].version.share(inputs[0], outs[0])
        for watcher in watchers:
            watcher.called(self, inputs, outs)
        if kept:
            self._record(inputs, outs)
        else:
            self.free()  # what forward kept for a backward that will not come
        return tuple(outs) if several else outs[0]

    def _record(self, inputs: Sequence[Any], outs: Sequence[Any]) -> None:
        """Become a node of the graph."""
        self.results = tuple([t.array.shape for t in outs])
        self.edges = tuple([edge(t) for t in inputs])
        self._saved = {}
        for name in self.saves:
            if name == "out":  # its array: the Tensor would be a cycle
                self._saved[name] = outs[0].array, outs[0].version, outs[0].version.count
            elif (k := self._parameters.index(name)) < len(inputs):
                self._saved[name] = inputs[k], inputs[k].version, inputs[k].version.count
        for follower in state.followers:
            follower.recorded(self)

    def differentiate(self, grads: Sequence[Any], needed: tuple[bool, ...]) -> tuple[Any, ...]:
        """`backward` with the saved Tensors in place: one gradient or None per input."""
        while self.region is not None:
            self.region.restore(self)
        assert self._saved is not None and self.edges is not None
        self.needed = needed
        self._bring_back(next(g for g in grads if g is not None))
        try:
            found = self.backward(*grads)
        finally:
            for name in self._saved:
                self.__dict__.pop(name, None)
        found = found if type(found) is tuple else (found,)
        if len(found) != len(self.edges):
            raise RuntimeError(f"backward: {self} returned {len(found)} gradients for {len(self.edges)} "
                               "inputs; return one, or None, for each")
        return found

    def _bring_back(self, like: Any) -> None:
        """Set what was saved as attributes, the result as a Tensor of the kind of `like`."""
        assert self._saved is not None
        for name, (value, version, count) in self._saved.items():
            if version.count != count:
                raise RuntimeError(f"backward: {name} of {self} was changed in place after it was saved "
                                   f"(version {version.count}, saved at {count}); change a copy of it instead")
            if name == "out":
                value = like.result(value, self)
                value.version = version
            setattr(self, name, value)

    def __str__(self) -> str:
        return type(self).__name__

    def free(self) -> None:
        """Drop what was kept for backward."""
        self.__dict__.clear()


def edge(t: Any) -> Edge | None:
    """Where the gradient of `t` goes: to the node that made it, to itself as a leaf, or nowhere."""
    return None if not t.requires_grad else (t, 0) if t.node is None else (t.node, t.index)


def walk(roots: Sequence[tuple[Any, Any]], targets: Sequence[Any] | None, create_graph: bool, retain_graph: bool,
         stop: bool = False) -> dict[Edge, Any]:
    """The backward pass: the gradients at the edges `targets` (None: at all leaves), given (edge, gradient) of the roots.

    Nodes are run from the results back to the inputs, each once its gradient is whole: in reverse topological order, so
    that an input that was used twice has received both shares before it passes their sum on. Without `retain_graph` a
    node is freed as soon as it was run, and the order is popped, so that activations die while the walk goes on. With
    `stop` the graph behind the targets is not looked at.
    """
    wanted = None if targets is None else {e for e in targets if e is not None}
    order = _topological_order([e for e, _ in roots], wanted, stop)
    gradients = _Gradients(wanted, frozenset() if wanted is None else frozenset(order))
    with set_grad_enabled(create_graph):
        for to, g in roots:
            gradients.send(to, g, lenders=(g,))
        while order:
            gradients.pass_through(order.pop(), retain_graph)
        for leaf in list(gradients.pending):
            gradients.arrive(leaf)
    return gradients.found


def _topological_order(roots: Iterable[Edge], targets: set[Edge] | None, stop: bool) -> list[Function]:
    """The nodes between the roots and the targets (None: all leaves), inputs before outputs."""
    order: list[Function] = []
    leads: dict[Any, bool] = {}  # whether a node lies on the way to a target
    stack = [(node, False) for node, _ in roots if isinstance(node, Function)]  # not recursion: graphs are deep
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            ahead = (e for e in node.edges or () if e is not None)
            leads[node] = targets is None or any(e in targets or leads.get(e[0]) for e in ahead)
            if leads[node]:
                order.append(node)
        elif node not in leads:
            if node.edges is None:
                raise RuntimeError(f"backward: the graph behind {node} was already freed by an earlier "
                                   "pass; pass retain_graph=True to that one")
            leads[node] = False
            stack.append((node, True))
            stack += [(e[0], False) for e in node.edges if e is not None and isinstance(e[0], Function)
                      and e[0] not in leads and not (stop and targets and e in targets)]
    return order


class _Gradients:
    """The gradients of a walk: `pending` for nodes and leaves whose turn is still to come, `found` at the targets.

    Both are keyed by the node or leaf itself, never by the id of a tensor, which may die on the way.
    """

    def __init__(self, targets: set[Edge] | None, nodes: frozenset[Function]) -> None:
        self.targets, self.nodes = targets, nodes
        self.pending: dict[Any, list[Any]] = {}  # of each of its outputs what has arrived so far, or None
        self.found: dict[Edge, Any] = {}

    def send(self, to: Edge, g: Any, lenders: Iterable[Any]) -> None:
        """Add `g` to what has arrived at an edge. `lenders` are the tensors in whose memory `g` may lie."""
        key, output = to
        arrived = self.pending.setdefault(key, [])
        arrived += [None] * (output + 1 - len(arrived))
        if arrived[output] is not None:
            g = arrived[output] + g
        elif self.targets is None and not isinstance(key, Function) and _borrowed(g, lenders):
            g = g.clone()  # a leaf's gradient is its own: users change it in place
        arrived[output] = g

    def arrive(self, key: Any) -> list[Any]:
        """All that was sent to a node or leaf, after its hooks have seen it."""
        grads = self.pending.pop(key)
        for output, g in enumerate(grads):
            if g is None:
                continue
            for hook in list((key.hooks or {}).get(output, {}).values()):
                changed = hook(g)
                g = g if changed is None else changed
            grads[output] = g
            if (key, output) in self.targets if self.targets is not None else not isinstance(key, Function):
                self.found[key, output] = g
        return grads

    def pass_through(self, node: Function, retain: bool) -> None:
        """Run the backward of a node, free it unless it is to be retained, and send on what comes out."""
        if node not in self.pending:
            return
        grads, edges = self.arrive(node), node.edges
        assert edges is not None
        needed = tuple(e is not None and self._is_needed(e) for e in edges)
        gradients = node.differentiate(grads + [None] * (len(node.results) - len(grads)), needed)
        for watcher in watchers:
            watcher.differentiated(node, grads, gradients)
        if not retain:
            node.free()
        for k, to in enumerate(edges):
            if to is not None and needed[k] and gradients[k] is not None:
                self.send(to, gradients[k], (*grads, *gradients[:k]))

    def _is_needed(self, to: Edge) -> bool:
        return self.targets is None or to in self.targets or to[0] in self.nodes


def _borrowed(g: Any, lenders: Iterable[Any]) -> bool:
    return any(other is not None and shares_memory(g.array, other.array) for other in lenders)


def accumulate(roots: Sequence[tuple[Any, Any]], leaves: Sequence[Any] | None, create_graph: bool, retain_graph: bool) -> None:
    """Add the gradients of the roots to the `grad` of every leaf, or of the tensors `leaves` alone."""
    found = walk(roots, None if leaves is None else [edge(t) for t in leaves], create_graph, retain_graph)
    own = [(to[0], to) for to in found] if leaves is None else [(t, edge(t)) for t in leaves]
    for leaf, to in own:
        if to is None or to not in found:
            continue
        g = found[to]
        if leaf.grad is None:
            leaf.grad = g
        elif create_graph or leaf.grad.requires_grad:
            leaf.grad = leaf.grad + g
        else:
            leaf.grad.add_(g)
