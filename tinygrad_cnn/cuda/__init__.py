"""The kernels for CUDA, file by file the twins of `cpu`; and what programs ask about the GPU."""

from ..random import manual_seed

manual_seed_all = manual_seed


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
