"""How many threads CPU kernels run on. The kernels' compiler is imported at the first call."""

from __future__ import annotations


def set_num_threads(count: int) -> None:
    """Run CPU kernels on `count` threads, from 1 to NUMBA_NUM_THREADS (by default the number of cores). Results stay the
    same to the last bit."""
    from .cpu import launch

    launch.set_num_threads(count)


def get_num_threads() -> int:
    """How many threads CPU kernels run on."""
    from .cpu import launch

    return launch.threads()
