"""What a call of a Function leaves behind: `no_grad` and `enable_grad`, and those who are told of every call.

The modes belong to a thread: `no_grad` in one does not stop another from recording.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any


class _State(threading.local):
    recording = True
    recomputing = False
    followers: tuple[Any, ...] = ()


state = _State()
"""Of this thread; read by `Function`, changed by what stands below."""

watchers: list[Any] = []
"""Those whom `watch` has added, for all threads."""


def recording() -> bool:
    """Whether calls of Functions are being recorded in this thread."""
    return state.recording


class _Switch(contextlib.ContextDecorator):
    """Records, or does not, within a block or a function; None leaves it as it is."""

    def __init__(self, flag: bool | None) -> None:
        self.flag = flag
        self.before: list[bool] = []  # a stack, as a decorated function may call itself

    def __enter__(self) -> None:
        self.before.append(state.recording)
        state.recording = state.recording if self.flag is None else self.flag

    def __exit__(self, *error: object) -> None:
        state.recording = self.before.pop()


class set_grad_enabled(_Switch):
    """`set_grad_enabled(flag)` records, or does not, from now on; with `with`, or as a decorator, only inside."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        super().__enter__()
        self.entered = False

    def __call__(self, function: Callable[..., Any]) -> Any:
        self.__exit__()
        self.entered = True
        return super().__call__(function)

    def __enter__(self) -> None:
        if self.entered:
            super().__enter__()
        self.entered = True


class no_grad(_Switch):
    """`with no_grad():`, `@no_grad()` or `@no_grad`: what happens inside is not recorded, and costs no memory.

    >>> import tinygrad_cnn as tg
    >>> x = tg.ones(3, requires_grad=True)
    >>> with tg.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(no_grad):
    """`with enable_grad():` records again inside a `no_grad`."""

    def __init__(self) -> None:
        _Switch.__init__(self, True)


class inference_mode(_Switch):
    """PyTorch's stricter `no_grad`, the same here; `inference_mode(False)` changes nothing."""

    def __new__(cls, mode: Any = True) -> Any:
        return cls()(mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(False if mode else None)


def followers() -> tuple[Any, ...]:
    """Those who follow what this thread records; see `follow`."""
    return state.followers


@contextlib.contextmanager
def follow(*followers: Any) -> Iterator[None]:
    """Within the block these objects, and no others, are told of every node: `follower.recorded(node)`, once it is whole."""
    before, state.followers = state.followers, followers
    try:
        yield
    finally:
        state.followers = before


def recomputing() -> bool:
    """Whether this is the second call of a checkpoint: what happens once for each batch has happened then."""
    return state.recomputing


@contextlib.contextmanager
def recompute(follower: Any) -> Iterator[None]:
    """`with recompute(follower):` records what happened before once more, and tells `follower` alone."""
    before, state.recomputing = state.recomputing, True
    try:
        with enable_grad(), follow(follower):
            yield
    finally:
        state.recomputing = before


@contextlib.contextmanager
def watch(watcher: Any) -> Iterator[None]:
    """Within the block `watcher.called(node, inputs, outs)` follows every call of a Function, recorded or not, and
    `watcher.differentiated(node, grads, gradients)` every step of a backward pass."""
    watchers.append(watcher)
    try:
        yield
    finally:
        watchers.remove(watcher)
