"""From process start to the end of the first training step of mnist_cnn: with an empty kernel cache, and with a warm one.

`python -m benchmarks.start [--rounds 3]` starts new processes and prints their seconds, least and median.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

STEP = "from benchmarks.mnist import ours; ours(128, {threads})()"


def seconds(cache: str, threads: int) -> float:
    """One new process, from its start to its end."""
    start = time.perf_counter()
    environment = {**os.environ, "TINYGRAD_CNN_CACHE": cache}
    subprocess.run([sys.executable, "-c", STEP.format(threads=threads)], check=True, env=environment)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    cold, warm = [], []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(seconds(cache, options.threads))
            warm += [seconds(cache, options.threads) for _ in range(2)]
    for name, found in (("empty cache", cold), ("warm cache", warm)):
        print(f"{name:12} first training step done after {min(found):.2f} s (median {statistics.median(found):.2f} s)")


if __name__ == "__main__":
    main()
