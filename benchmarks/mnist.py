"""The slides' MNIST network, one training step of a batch of 128 images: ours beside PyTorch's, two threads each.

`python -m benchmarks.mnist [--rounds 12] [--batch 128] [--threads 2]` runs each peer in a process of its own, visits them in
turns, and prints milliseconds and the ratio to PyTorch eager (NCHW). A step is forward, loss, backward and SGD with momentum.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from multiprocessing.connection import Connection
from typing import Any


def data(batch: int) -> tuple[Any, Any]:
    """Random images (batch, 1, 28, 28) and labels."""
    import numpy as np

    generator = np.random.default_rng(0)
    return generator.standard_normal((batch, 1, 28, 28), dtype=np.float32), generator.integers(0, 10, batch)


def ours(batch: int, threads: int) -> Any:
    """A function that takes one training step of our network and returns the loss."""
    import tinygrad_cnn as tg
    from tinygrad_cnn.cpu.launch import set_num_threads

    set_num_threads(threads)
    tg.manual_seed(0)
    network, images, labels = tg.models.create("mnist_cnn"), *map(tg.from_numpy, data(batch))
    optimizer = tg.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)

    def step() -> float:
        optimizer.zero_grad()
        loss = tg.nn.functional.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch(batch: int, threads: int, channels_last: bool = False) -> Any:
    """The same step in PyTorch eager."""
    import torch as peer

    peer.set_num_threads(threads)
    peer.manual_seed(0)
    n = peer.nn
    network = n.Sequential(n.Conv2d(1, 32, 3), n.ReLU(), n.Conv2d(32, 32, 3), n.ReLU(), n.MaxPool2d(2), n.Dropout(0.25),
                           n.Flatten(), n.Linear(4608, 128), n.ReLU(), n.Dropout(0.5), n.Linear(128, 10))
    images, labels = map(peer.from_numpy, data(batch))
    if channels_last:
        network, images = network.to(memory_format=peer.channels_last), images.to(memory_format=peer.channels_last)
    optimizer = peer.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)

    def step() -> float:
        optimizer.zero_grad()
        loss = n.functional.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_channels_last(batch: int, threads: int) -> Any:
    """The same in PyTorch's channels_last layout."""
    return torch(batch, threads, channels_last=True)


PEERS = {"tinygrad_cnn": ours, "torch": torch, "torch channels_last": torch_channels_last}


def serve(name: str, batch: int, threads: int, pipe: Connection) -> None:
    """Take as many steps as asked, answer with their times in seconds."""
    step = PEERS[name](batch, threads)
    first = time.perf_counter()
    step()
    pipe.send(time.perf_counter() - first)
    while count := pipe.recv():
        times = []
        for _ in range(count):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
        pipe.send(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    os.environ["NUMBA_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(options.threads)
    context = multiprocessing.get_context("spawn")
    pipes, times = {}, {name: [] for name in PEERS}
    for name in PEERS:
        pipes[name], there = context.Pipe()
        context.Process(target=serve, args=(name, options.batch, options.threads, there), daemon=True).start()
        pipes[name].recv()
    for turn in range(options.rounds + 1):
        for name, pipe in pipes.items():
            pipe.send(5)
            times[name] += pipe.recv() if turn else pipe.recv()[:0]  # the first visit warms up
    for pipe in pipes.values():
        pipe.send(0)
    least = {name: min(t) * 1e3 for name, t in times.items()}
    median = {name: statistics.median(t) * 1e3 for name, t in times.items()}
    print(f"mnist_cnn, batch {options.batch}, {options.threads} threads: ms of a training step (ratio to torch)")
    print(f"{'':22}{'median':>16}{'minimum':>16}")
    for name in PEERS:
        ratio, least_ratio = median[name] / median["torch"], least[name] / least["torch"]
        print(f"{name:22}{median[name]:8.1f} ({ratio:.2f}){least[name]:9.1f} ({least_ratio:.2f})")


if __name__ == "__main__":
    main()
