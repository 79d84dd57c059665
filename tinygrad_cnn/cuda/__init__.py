"""The kernels for CUDA, file by file the twins of `cpu`; and what programs ask about the GPU."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..left_out import guard
from ..random import initial_seed, manual_seed, seed

manual_seed_all, seed_all = manual_seed, seed


def is_available() -> bool:
    """Whether tensors can be made on "cuda": there is a GPU, or its emulator was asked for."""
    from .driver import available

    return available()[0]


def device_count() -> int:
    """How many GPUs serve: one, or none."""
    return int(is_available())


def synchronize() -> None:
    """Wait until the GPU has done all that was asked of it."""
    if is_available():
        from .driver import synchronize as wait

        wait()


def is_initialized() -> bool:
    """Whether the GPU can be used."""
    return is_available()


def current_device() -> int:
    """0, the number of the one GPU there may be."""
    return 0


def set_device(device: Any) -> None:
    """Accepted for the one GPU there is: 0, "cuda" or "cuda:0"."""
    number = device if isinstance(device, int) else int(str(device).partition(":")[2] or 0)
    if number > 0:
        raise RuntimeError(f"set_device: GPU {number} is asked for but a run has one, number 0; choose another by the "
                           "environment variable CUDA_VISIBLE_DEVICES")


def get_device_name(device: Any = None) -> str:
    """What the GPU calls itself, or why there is none."""
    from .driver import available

    return available()[1]


def empty_cache() -> None:
    """Give memory that is kept for the next arrays back to the device."""
    if is_available():
        from .memory import pool

        pool().release()


def memory_allocated(device: Any = None) -> int:
    """The bytes of all arrays on the GPU."""
    return _bytes("used")


def memory_reserved(device: Any = None) -> int:
    """The bytes taken from the GPU, those kept for the next arrays too."""
    return _bytes("reserved")


def _bytes(kind: str) -> int:
    if not is_available():
        return 0
    from .memory import pool

    return int(getattr(pool(), kind))


class Event:
    """A moment on the GPU: `record()` notes it, `start.elapsed_time(end)` are the milliseconds between two."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        self.time: float | None = None

    def record(self, stream: Any = None) -> None:
        """Note the moment at which all work so far is done."""
        synchronize()
        self.time = perf_counter()

    def synchronize(self) -> None:
        """Nothing: `record` has waited."""

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to the other; both must have been recorded."""
        if self.time is None or end_event.time is None:
            raise RuntimeError("elapsed_time: an event was not recorded; call record() on both")
        return 1000 * (end_event.time - self.time)


if not TYPE_CHECKING:  # the type checker is to know every name
    __getattr__ = guard("cuda", globals())
