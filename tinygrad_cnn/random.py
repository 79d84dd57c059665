"""The random numbers' state: a seed and a counter. Every draw takes the next stretch of one counter-based stream
(Philox 4x32-10, Salmon et al. 2011): a draw depends on the seed and the draws before it, never on device or threads."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Generator:
    """A stream of random numbers of its own, what functions that draw take as `generator`."""

    def __init__(self, device: Any = "cpu") -> None:
        self.device = device  # the numbers are the same on every device
        self.manual_seed(0)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed` (an integer of 64 bits) from its beginning; returns the generator."""
        self._seed, self.counter = int(seed) % 2**64, 0
        return self

    def seed(self) -> int:
        """Start the stream of a seed that nobody can foretell, and return it."""
        return self.manual_seed(secrets.randbits(63)).initial_seed()

    def initial_seed(self) -> int:
        """The seed the stream was started with."""
        return self._seed

    def take(self, count: int) -> tuple[int, int]:
        """(seed, first counter) for a draw of `count` numbers; four numbers come of one counter."""
        first = self.counter
        self.counter += -(-count // 4)
        return self._seed, first

    def get_state(self) -> tuple[int, int]:
        """(seed, counter), what a checkpoint keeps."""
        return self._seed, self.counter

    def set_state(self, state: tuple[int, int]) -> None:
        """Continue where `get_state` was asked."""
        self._seed, self.counter = int(state[0]), int(state[1])


default_generator = Generator()
_current = default_generator


def manual_seed(seed: int) -> Generator:
    """Start the stream of `seed` (an integer of 64 bits) from its beginning."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the stream of a seed that nobody can foretell, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of `manual_seed`."""
    return default_generator.initial_seed()


def take(count: int) -> tuple[int, int]:
    """(seed, first counter) for a draw of `count` numbers of the present stream."""
    return _current.take(count)


def get_state() -> tuple[int, int]:
    """(seed, counter) of the present stream, what a checkpoint keeps."""
    return _current.get_state()


def set_state(state: tuple[int, int]) -> None:
    """Continue where `get_state` was asked."""
    _current.set_state(state)


@contextmanager
def stream(generator: Generator | None) -> Iterator[None]:
    """Within the block numbers are drawn from `generator` (None: from where they are drawn anyway)."""
    global _current
    before, _current = _current, _current if generator is None else generator
    try:
        yield
    finally:
        _current = before


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, device_type: str = "cpu") -> Iterator[None]:
    """Afterwards the stream goes on as if nothing had been drawn in the block; it is the same on every device."""
    del devices, device_type
    before = get_state()
    try:
        yield
    finally:
        if enabled:
            set_state(before)
