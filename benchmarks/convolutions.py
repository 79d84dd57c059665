"""Convolutions of many shapes, forward and both gradients: the slowest ones, so that nothing is slow for want of a kernel.

`python -m benchmarks.convolutions [--shapes 60] [--threads 2] [--seed 0]` draws shapes: windows of 1 to 7, strides 1 to 3,
dilations 1 to 3, one to three spatial axes. Those with groups = 1 and at least 8 channels in and out are held to 30 GF/s,
the rest (thin or depthwise) to half of their floor: the larger of the times that the machine's copies and products would
take, both measured anew before each shape, as the speed of a machine changes from minute to minute. One that moves more
bytes than its GF/s leave time for counts as good at half the floor, too. Prints the slowest.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from math import prod
from statistics import median
from typing import Any, NamedTuple

import numpy as np

LEAST = 2e8
"""Operations of a drawn shape, about: small ones measure the launch."""
SETTLE = 0.1
"""Seconds for which the threads of NumPy's matrix product go on waiting for more."""
MOST = 1 << 24
"""Elements of x and of the output together, about: images whose windows do next to nothing are not as many as LEAST asks."""


class Shape(NamedTuple):
    """The arguments of a convolution."""

    x: tuple[int, ...]
    w: tuple[int, ...]
    stride: int
    padding: int
    dilation: int
    groups: int


class Measured(NamedTuple):
    """One direction of one shape."""

    seconds: float
    speed: float  # GF/s
    share: float  # of the floor
    turn: str
    shape: Shape


def draw(pick: random.Random, wide: bool) -> Shape:
    """A shape with at least 8 channels in and out, or a thin or depthwise one."""
    rank = pick.choice((1, 2, 2, 2, 3))
    kernel, stride, dilation = pick.choice((1, 2, 3, 3, 4, 5, 7)), pick.choice((1, 1, 2, 3)), pick.choice((1, 1, 2, 3))
    size = pick.choice({1: (128, 500, 2000), 2: (14, 28, 33, 56), 3: (9, 14, 20)}[rank])
    if rank == 3:
        kernel = min(kernel, 3)
    while dilation * (kernel - 1) >= size:
        dilation -= 1
    channels = (8, 9, 16, 24, 33, 40, 64, 100, 128) if wide else (1, 2, 3, 4, 7)
    c, o, groups = pick.choice(channels), pick.choice((8, 12, 16, 24, 33, 64, 100, 128)), 1
    if not wide and pick.random() < 0.4:  # depthwise
        c = o = groups = pick.choice((16, 32, 40, 128))
    out = (size - 1) // stride + 1
    image = c * size**rank + o * out**rank
    batch = max(1, min(MOST // image, round(LEAST / (2 * out**rank * o * c // groups * kernel**rank))))
    return Shape((batch, c, *(size,) * rank), (o, c // groups, *(kernel,) * rank), stride, dilation * (kernel - 1) // 2,
                 dilation, groups)


def times(shape: Shape, repeats: int) -> dict[str, tuple[float, int, int]]:
    """For forward, input and weight gradient: (seconds, operations, bytes), of the operation alone."""
    import tinygrad_cnn as tg
    from tinygrad_cnn.ops.conv import Conv, ConvTranspose, ConvWeight, Window
    from tinygrad_cnn.ops.shape import Contiguous

    rank = len(shape.x) - 2
    window = Window((shape.stride,) * rank, (shape.padding,) * rank, (shape.dilation,) * rank, shape.groups)
    generator = np.random.default_rng(0)
    x, w = (tg.from_numpy(generator.standard_normal(s, dtype=np.float32)) for s in (shape.x, shape.w))
    x = Contiguous(channels_last=True)(x)
    with tg.no_grad():
        g = Conv(window)(x, w)
        runs: dict[str, Any] = {"forward": lambda: Conv(window)(x, w),
                                "input": lambda: ConvTranspose(window, x.shape[2:])(g, w),
                                "weight": lambda: ConvWeight(window, w.shape[2:])(x, g)}
        operations = 2 * g.numel() * prod(w.shape[1:])
        moved = 4 * (x.numel() + w.numel() + g.numel())
        found = {}
        for name, run in runs.items():
            run()
            best = float("inf")
            for _ in range(repeats):
                start = time.perf_counter()
                run()
                best = min(best, time.perf_counter() - start)
            found[name] = best, operations, moved
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--shapes", type=int, default=60, help="how many of each kind")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ["NUMBA_NUM_THREADS"] = str(options.threads)
    from .work import Work, ceilings

    pick, machines = random.Random(options.seed), []
    for wide, title in ((True, "8 channels or more, groups 1"), (False, "thin and depthwise")):
        rows = []
        for _ in range(options.shapes):
            shape, machine = draw(pick, wide), ceilings("cpu")
            machines.append(machine)
            time.sleep(SETTLE)
            for turn, (seconds, operations, moved) in times(shape, options.repeats).items():
                share = Work(moved, operations).floor(machine) / seconds
                rows.append(Measured(seconds, operations / seconds / 1e9, share, turn, shape))
        low = [row for row in rows if row.share < 0.5 and not (wide and row.speed >= 30)]
        rows.sort(key=lambda row: row.speed if wide else row.share)
        print(f"\n{title}: {len(rows)} measured, {len(low)} below {'30 GF/s and ' if wide else ''}half the floor; the slowest:")
        for row in rows[:8]:
            s = row.shape
            print(f"{row.speed:6.1f} GF/s {row.share:5.0%} {row.turn:8}{row.seconds * 1e3:7.2f} ms  x {s.x} w {s.w} "
                  f"stride {s.stride} dilation {s.dilation} groups {s.groups}")
    print(f"\n{options.threads} threads; copies ran at {spread([machine.bandwidth for machine in machines])} GB/s, products at "
          f"{spread([machine.arithmetic for machine in machines])} GF/s")


def spread(figures: list[float]) -> str:
    """The least, the largest and the median, in billions."""
    return f"{min(figures) / 1e9:.1f} to {max(figures) / 1e9:.1f} (median {median(figures) / 1e9:.1f})"


if __name__ == "__main__":
    main()
