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


class Generator:
    """A stream of random numbers of its own, for `random_split`: the functions of the package all draw from the common one."""

    def __init__(self, device: str = "cpu") -> None:
        del device  # the numbers are the same on every device
        self.manual_seed(0)

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed` from its beginning; returns the generator."""
        self.seed, self.counter = int(seed) % 2**64, 0
        return self

    def initial_seed(self) -> int:
        """The seed the stream was started with."""
        return self.seed

    def take(self, count: int) -> tuple[int, int]:
        """(seed, first counter) for a draw of `count` numbers, as the function of this name."""
        first = self.counter
        self.counter += -(-count // 4)
        return self.seed, first
