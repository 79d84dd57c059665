"""Recomputation: `checkpoint(fn, *inputs)` keeps nothing of what `fn` computes and computes it again in the backward pass.

Memory for time, as in Chen et al., "Training deep nets with sublinear memory cost" (arXiv 1604.06174): of a chain of n blocks
that is cut into sqrt(n) pieces only the inputs of the pieces are kept, and at any time the inside of one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from . import grad_mode, random
from .autograd import Function


def checkpoint(function: Callable[..., Any], *inputs: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True,
               **options: Any) -> Any:
    """`function(*inputs, **options)`, of which backward keeps the inputs only and calls the function again.

    Values and gradients, of the inputs as of all that `function` closes over, are those of the plain call; gradients of
    gradients, several results, checkpoints within and `grad` work too. The second call draws the same random numbers (unless
    `preserve_rng_state` is False) and leaves the running statistics of batch norms alone, which PyTorch's moves twice. Other
    side effects happen twice. Raises, in backward, where an input was changed in place since, or where the second call makes
    other operations than the first. `use_reentrant` may be False, PyTorch's modern way, the one there is here.

    >>> import tinygrad_cnn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.checkpoint(lambda x: (x * x).sum(), x).backward()
    >>> x.grad
    tensor([2., 4.])
    """
    if use_reentrant:
        raise NotImplementedError(f"checkpoint: use_reentrant is {use_reentrant} but only False is supported; leave it out")
    call = partial(function, *inputs, **options)
    if not grad_mode.recording() or any(isinstance(f, _Region) for f in grad_mode.followers()):
        return call()  # nothing will be kept anyway, or not by the checkpoint around this one
    region = _Region(call, preserve_rng_state)
    with grad_mode.follow(*grad_mode.followers(), region):
        return call()


class _Region:
    """The operations of one call: their nodes stay in the graph but are empty until one of them is to be differentiated."""

    def __init__(self, call: partial[Any], same_numbers: bool) -> None:
        self.call, self.count = call, 0
        self.state = random.get_state() if same_numbers else None
        tensors = [t for t in (*call.args, *call.keywords.values()) if hasattr(t, "version")]
        self.versions = {id(t): (t, t.version.count) for t in tensors}  # of the inputs, and of all leaves that come up
        self.twins: list[Any] | None = None  # the nodes of the second call, by their place; None once they were used

    def recorded(self, node: Function) -> None:
        """Empty a node that was just recorded; words and numbers of its constructor stay, to print it."""
        for leaf in (to[0] for to in node.edges or () if to is not None and not isinstance(to[0], Function)):
            self.versions.setdefault(id(leaf), (leaf, leaf.version.count))
        kept = {key: value for key, value in vars(node).items()
                if key in ("edges", "results") or isinstance(value, (str, int, float))}
        node.free()
        vars(node).update(kept, region=self, place=self.count)
        self.count += 1

    def restore(self, node: Function) -> None:
        """Fill a node with what it had before `recorded`."""
        if self.twins is None:
            self.twins = self._again()
        twin = self.twins[node.place]
        self.twins[node.place] = None
        if str(twin) != str(node) or twin.results != node.results:
            raise RuntimeError(f"checkpoint: operation {node.place} was {node} with results of shape {node.results} but is "
                               f"{twin} with {twin.results} when computed again; let the function do the same each time")
        node.region = None
        vars(node).update({key: value for key, value in vars(twin).items() if key not in ("edges", "results", "hooks")})
        if node._saved is not None:
            node._saved = {name: (_at(node, name, t), version, count) for name, (t, version, count) in node._saved.items()}

    def _again(self) -> list[Any]:
        """The nodes of a second call."""
        for t, count in self.versions.values():
            if t.version.count != count:
                raise RuntimeError(f"checkpoint: a tensor of shape {t.shape} was changed in place since the call (version "
                                   f"{t.version.count}, then {count}); change it after backward, or a copy of it")
        nodes = _Nodes()
        with grad_mode.recompute(nodes), _numbers_from(self.state):
            self.call()
        if len(nodes) != self.count:
            raise RuntimeError(f"checkpoint: the function made {self.count} operations but {len(nodes)} when called again; "
                               "let it do the same each time")
        return nodes


class _Nodes(list[Any]):
    """Writes down which nodes are recorded."""

    recorded = list.append


def _at(node: Function, name: str, value: Any) -> Any:
    """What a twin saved, attached to the graph where what `node` had saved was: to another node or a leaf, or nowhere."""
    if name == "out":
        return value
    assert node.edges is not None
    to = node.edges[node._parameters.index(name)]
    return value.detach() if to is None else to[0] if not isinstance(to[0], Function) else value.result(value.array, *to)


@contextmanager
def _numbers_from(state: tuple[int, int] | None) -> Iterator[None]:
    """Random numbers from `state` (None: from where they are) within the block, and behind it as if there had been none."""
    if state is None:
        yield
        return
    before = random.get_state()
    random.set_state(state)
    try:
        yield
    finally:
        random.set_state(before)
