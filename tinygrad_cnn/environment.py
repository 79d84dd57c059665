"""The environment variables that change what the package does."""

from __future__ import annotations

import os

VARIABLES = {
    "TINYGRAD_CNN_CACHE": "the folder of the compiled kernels, by default one in the user's cache",
    "TINYGRAD_CNN_EMULATE": "1: device cuda is the emulator, which runs CUDA kernels in plain Python",
    "TINYGRAD_CNN_SYNC": "1: wait for each CUDA kernel, so that an error names the one that made it",
    "NUMBA_NUM_THREADS": "the most threads that CPU kernels run on, by default all cores",
    "NUMBA_DISABLE_JIT": "1: CPU kernels run in plain Python, for the debugger",
    "CUDA_VISIBLE_DEVICES": "which GPU is device cuda",
}
"""By name: what each is for. The first three are our own."""


def switched_on(name: str) -> bool:
    """Whether the variable is set, to something else than 0."""
    return os.environ.get(name, "0") not in ("", "0")


def emulating() -> bool:
    """Whether device cuda is the emulator."""
    return switched_on("TINYGRAD_CNN_EMULATE")
