"""Time things fairly on a noisy machine: in turns (ours, theirs, ours, theirs), as minimum and median."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

REST = 0.002
"""Seconds between two peers: idle threads of the one spin a while before they leave the cores to the other."""


class Timing(NamedTuple):
    """Seconds of one run."""

    least: float
    median: float


def in_turns(candidates: Mapping[str, Callable[[], object]], rounds: int = 15, seconds: float = 0.4) -> dict[str, Timing]:
    """Call every candidate once a round, after two calls to warm up: `rounds` times, fewer (but three) if that takes
    longer than `seconds` for each."""
    for run in candidates.values():
        run()
        run()
    times: dict[str, list[float]] = {name: [] for name in candidates}
    limit = time.perf_counter() + seconds * len(candidates)
    gc.collect()
    gc.disable()
    try:
        for done in range(rounds):
            for name, run in candidates.items():
                time.sleep(REST)
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
            if done >= 2 and time.perf_counter() > limit:
                break
    finally:
        gc.enable()
    return {name: Timing(min(t), statistics.median(t)) for name, t in times.items()}
