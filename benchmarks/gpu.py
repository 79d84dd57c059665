"""The GPU pass: every operation of tests/specs.py on the CUDA device beside its CPU twin, checked, then timed.

`python -m benchmarks.gpu [NAME ...] [--json FILE.json] [--minutes 9] [--jobs N] [--no-times]` prints the GPU, a line for each
operation and `checked N of N`, then the times; the exit status is 1 if one was wrong. Checks run in N processes at once (as
many as there are cores), each with a kernel cache of its own; an operation that fails is tried once more in a new process,
as one that breaks the GPU's context takes the next ones with it. The file holds, at any moment, all that is known.

With TINYGRAD_CNN_EMULATE=1 it runs in the emulator, on small shapes and without timing, as a rehearsal.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from tests import runs
from tests.cases import FLOATS, Case, seeded
from tests.rows import Row
from tests.specs import ROWS
from tinygrad_cnn.cache import cache_folder
from tinygrad_cnn.cuda.driver import available
from tinygrad_cnn.devices import package
from tinygrad_cnn.environment import emulating

from . import calls, work
from .timing import in_turns

DRAWS = 4
"""Small cases drawn for each operation, beside its two large ones."""
REPEATS = 10
"""Calls between two waits for the GPU, so that launches overlap as they do in training."""
ROUNDS, SECONDS = 5, 0.1
"""How often a call is timed, and for how long at the most (but three times)."""


class Filled(Case):
    """A case that makes its float32 values once."""

    @functools.cached_property
    def _values(self) -> list[np.ndarray]:
        return super().fill(dtype=np.float32)

    def fill(self, *_: Any, **__: Any) -> list[np.ndarray]:
        return self._values


def compare(row: Row, case: Case, dtype: str) -> None:
    """Results and gradients of the two twins agree within rounding."""
    values = case.fill(dtype=dtype)
    length = runs.longest(values)

    def fresh() -> list[np.ndarray]:                   # for each call: batch norm updates its running statistics
        return [v.copy() for v in values]

    cpu, cuda = (runs.arrays(runs.call(row, case, runs.tensors(fresh(), device))) for device in ("cpu", "cuda"))
    runs.assert_close(cuda, cpu, length, f"the {dtype} results of {case}")
    if dtype in FLOATS:
        cpu, cuda = (runs.gradients(row, case, fresh(), device) for device in ("cpu", "cuda"))
        runs.assert_close(cuda, cpu, length, f"the {dtype} gradients of {case}")


def checked(name: str) -> tuple[str, str | None]:
    """(an operation, None if all of its cases agree, else what went wrong)."""
    row, emulated = ROWS[name], emulating()
    try:
        with np.errstate(all="ignore"):
            for dtype, seed in itertools.product(row.dtypes, range(2 if emulated else DRAWS)):
                compare(row, row.cases(seeded(seed)), dtype)
            for case in () if emulated else row.big:
                compare(row, case, "float32")
    except Exception:
        return name, traceback.format_exc(limit=-3)
    return name, None


def own_cache(root: str, shared: str) -> None:
    """Let this process compile into a folder of its own: the processes would wait for each other's compilers. Kernels of
    the GPU are shared, for the times."""
    folder = Path(root) / str(os.getpid())
    folder.mkdir()
    (folder / "cuda").symlink_to(shared)
    os.environ["TINYGRAD_CNN_CACHE"] = str(folder)
    cache_folder.cache_clear()


@contextmanager
def processes(count: int) -> Iterator[Any]:
    """A pool of so many, which ends without waiting for those that are still at work."""
    context, shared = multiprocessing.get_context("spawn"), cache_folder()
    if shared:
        (shared / "cuda").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as root:
        prepare = (own_cache, (root, str(shared / "cuda"))) if shared else ()
        with context.Pool(count, *prepare) as pool:
            yield pool


def answers(names: Sequence[str], jobs: int, end: float) -> Iterator[tuple[str, str | None]]:
    """What `checked` says of each operation, in any order, until it is `end` o'clock."""
    if jobs == 1:
        yield from map(checked, names)
        return
    with processes(jobs) as pool:
        found = pool.imap_unordered(checked, names)
        for _ in names:
            try:
                yield found.next(timeout=max(end - time.monotonic(), 0))
            except multiprocessing.TimeoutError:
                return


def timed(row: Row, case: Case, ceilings: work.Ceilings) -> list[dict[str, Any]]:
    """Milliseconds of forward and backward on the GPU, and the share of its floor; PyTorch's beside them where it has CUDA."""
    peers = {"ours": (calls.ours(row, case, "cuda"), package("cuda").synchronize), "torch": _torch(row, case)}
    found = []
    for turn, least in zip(("forward", "backward"), work.of(row, case)):
        ready = {peer: _repeated(getattr(c[0], turn), c[1]) for peer, c in peers.items() if c and getattr(c[0], turn)}
        if "ours" not in ready:
            continue
        times = in_turns(ready, ROUNDS, SECONDS)
        ours, torch = times["ours"], times.get("torch")
        found.append({"operation": row.name, "shape": repr(case), "pass": turn, "ms": ours.median / REPEATS * 1e3,
                      "floor": least.floor(ceilings) * REPEATS / ours.least, "ratio": torch and ours.median / torch.median})
    return found


def _repeated(run: Callable[[], object], wait: Callable[[], object]) -> Callable[[], None]:
    def several() -> None:
        for _ in range(REPEATS):
            run()
        wait()

    return several


def _torch(row: Row, case: Case) -> Any:
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    call = calls.theirs(row, case, "cuda")
    return call and (call, torch.cuda.synchronize)


class Report:
    """What is known so far, printed and kept in a file as it comes."""

    def __init__(self, device: str, names: Sequence[str], path: str | None) -> None:
        self.path = Path(path) if path else None
        self.known: dict[str, Any] = {"device": device, "of": len(names), "checked": [], "wrong": {}, "untimed": {},
                                      "figures": []}
        print(f"device: {device}", flush=True)

    def save(self) -> None:
        if self.path:
            unfinished = self.path.with_suffix(".part")
            unfinished.write_text(json.dumps(self.known, indent=1))
            unfinished.replace(self.path)

    def answer(self, name: str, fault: str | None) -> None:
        print(f"{name:22} {'ok' if fault is None else 'WRONG'}", flush=True)
        if fault is None:
            self.known["checked"].append(name)
            self.known["wrong"].pop(name, None)
        else:
            self.known["wrong"][name] = fault
            print(fault, flush=True)
        self.save()

    def figures(self, entries: Sequence[dict[str, Any]]) -> None:
        for entry in entries:
            ratio = f"{entry['ratio']:.2f} of torch's time" if entry["ratio"] else ""
            print(f"{entry['operation']:22} {entry['pass']:9}{entry['ms']:9.3f} ms  {entry['floor']:5.0%} of the floor  "
                  f"{ratio}", flush=True)
        self.known["figures"] += entries
        self.save()

    def untimed(self, name: str, why: str) -> None:
        print(f"{name:22} not timed: {why}", flush=True)
        self.known["untimed"][name] = why
        self.save()


def check(report: Report, names: Sequence[str], jobs: int, end: float) -> None:
    """Check all; those that fail on a GPU once more, each in a new process."""
    for name, fault in answers(names, jobs, end):
        report.answer(name, fault)
    for name in [] if emulating() or jobs == 1 else list(report.known["wrong"]):
        print(f"{name:22} again", flush=True)
        with processes(1) as pool:
            try:
                report.answer(*pool.apply_async(checked, (name,)).get(timeout=max(end - time.monotonic(), 0)))
            except multiprocessing.TimeoutError:
                break
    for name in set(names) - set(report.known["checked"]) - set(report.known["wrong"]):
        report.answer(name, "no answer: its process died, or the time was up")


def time_all(report: Report, names: Sequence[str], end: float) -> None:
    """Time the operations that are right."""
    ceilings = work.ceilings("cuda", 8192, 1024)
    print(f"it reaches {ceilings.arithmetic / 1e12:.1f} TF/s in our matrix product and "
          f"{ceilings.bandwidth / 1e9:.0f} GB/s in our copy", flush=True)
    report.known |= ceilings._asdict()
    for name in names:
        if time.monotonic() > end:
            report.untimed(name, "the time was up")
            continue
        try:
            for case in ROWS[name].big:
                report.figures(timed(ROWS[name], Filled(case.args, case.options), ceilings))
        except Exception as error:
            report.untimed(name, f"{type(error).__name__}: {error}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", default=["*"], help="operations, with * and ?; all of them if none is named")
    parser.add_argument("--json", metavar="FILE.json", help="write what is known, as it becomes known")
    parser.add_argument("--minutes", type=float, default=24 * 60 if emulating() else 9,
                        help="stop, and say what is not done, after so many (9; in the emulator a day)")
    parser.add_argument("--jobs", type=int, default=1 if emulating() else os.cpu_count(), help="processes that check")
    parser.add_argument("--no-times", action="store_true", help="only check")
    options = parser.parse_args()
    works, device = available()
    if not works:
        print(f"benchmarks.gpu: {device}; or rehearse with TINYGRAD_CNN_EMULATE=1", file=sys.stderr)
        return 2
    names = [name for name in ROWS if any(fnmatch(name, pattern) for pattern in options.names)]
    start = time.monotonic()
    end = start + 60 * options.minutes
    report = Report(device, names, options.json)
    check(report, names, options.jobs, end)
    right = [name for name in names if name not in report.known["wrong"]]
    summary = f"checked {len(right)} of {len(names)} in {time.monotonic() - start:.0f} s"
    print(summary, flush=True)
    if not (emulating() or options.no_times):
        time_all(report, right, end)
        print(summary)
    return min(len(report.known["wrong"]), 1)


if __name__ == "__main__":
    sys.exit(main())
