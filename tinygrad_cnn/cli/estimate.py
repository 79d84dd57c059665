"""How long a training run will take, guessed before its first step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from ..environment import emulating
from ..nn import summary

if TYPE_CHECKING:
    from ..train import Trainer

CPU_SHARE = 0.5  # of the speed of NumPy's matrix product that training reaches on one thread, scoring included
CPU_SCALING = 0.85  # n threads are worth n to this power
GPU_STEP = 0.004  # seconds: launching the kernels of a step, which small digits cannot hide
EMULATED = 2e6  # multiply-adds a second


def estimate(trainer: Trainer, image: tuple[int, ...], device: str) -> float:
    """Seconds that the whole run on images of that shape will take, guessed from how fast this machine multiplies."""
    macs = summary(trainer.model, image).macs
    work = 3.0 * macs * trainer.loader.batch_size  # the backward pass takes twice the work of the forward pass
    if device == "cuda":
        return trainer.steps * (work / EMULATED if emulating() else GPU_STEP)
    from ..cpu import launch  # compiles: not before it is needed

    return trainer.steps * work / (CPU_SHARE * _matmul_speed() * launch.threads() ** CPU_SCALING)


def _matmul_speed() -> float:
    """Multiply-adds a second of NumPy's matrix product on one thread, the best of a few milliseconds."""
    side = 64  # small enough for BLAS to stay on one thread
    a = np.ones((side, side), np.float32)
    times = []
    for _ in range(300):
        begin = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - begin)
    return float(side**3 / min(times))
