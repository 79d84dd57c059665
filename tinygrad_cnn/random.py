"""The random numbers' state: a seed and a counter. Every draw takes the next stretch of one counter-based stream
(Philox 4x32-10, Salmon et al. 2011): a draw depends on the seed and the draws before it, never on device or threads."""

from __future__ import annotations

_seed, _counter = 0, 0


def manual_seed(seed: int) -> None:
    """Start the stream of `seed` (an integer of 64 bits) from its beginning."""
    set_state((int(seed) % 2**64, 0))


def take(count: int) -> tuple[int, int]:
    """(seed, first counter) for a draw of `count` numbers; four numbers come of one counter."""
    global _counter
    first = _counter
    _counter += -(-count // 4)
    return _seed, first


def get_state() -> tuple[int, int]:
    """(seed, counter), what a checkpoint keeps."""
    return _seed, _counter


def set_state(state: tuple[int, int]) -> None:
    """Continue where `get_state` was asked."""
    global _seed, _counter
    _seed, _counter = int(state[0]), int(state[1])
