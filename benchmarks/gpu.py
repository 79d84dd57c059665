"""The GPU pass: every operation of tests/specs.py on the CUDA device beside its CPU twin, checked, then timed.

`python -m benchmarks.gpu [NAME ...] [--json FILE.json]` prints a line for each operation and `checked N of N`; the exit status
is 1 if one was wrong. With TINYGRAD_CNN_EMULATE=1 it runs in the emulator, on small shapes and without timing, as a rehearsal.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import traceback
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np

from tests import runs
from tests.cases import FLOATS, Case, seeded
from tests.rows import Row
from tests.specs import ROWS
from tinygrad_cnn.cuda.driver import available, emulating
from tinygrad_cnn.devices import package

from . import calls, work
from .timing import in_turns

DRAWS = 6
"""Small cases drawn for each operation, beside its two large ones."""


def compare(row: Row, case: Case, dtype: str) -> None:
    """Results and gradients of the two twins agree within rounding."""
    fill = functools.partial(case.fill, dtype=dtype)  # anew for each call: batch norm updates its running statistics
    length = runs.longest(fill())
    cpu, cuda = (runs.arrays(runs.call(row, case, runs.tensors(fill(), device))) for device in ("cpu", "cuda"))
    runs.assert_close(cuda, cpu, length, case)
    if dtype in FLOATS:
        cpu, cuda = (runs.gradients(row, case, fill(), device) for device in ("cpu", "cuda"))
        runs.assert_close(cuda, cpu, length, case)


def checked(row: Row, emulated: bool) -> str | None:
    """None if all of an operation's cases agree, else what went wrong."""
    small = [row.cases(seeded(seed)) for seed in range(2 if emulated else DRAWS)]
    try:
        for dtype in row.dtypes:
            for case in small:
                compare(row, case, dtype)
        for case in () if emulated else row.big:
            compare(row, case, "float32")
    except Exception:
        return traceback.format_exc(limit=-3)
    return None


def timed(row: Row, case: Case, ceilings: work.Ceilings) -> list[dict[str, Any]]:
    """Milliseconds of forward and backward on the GPU, and the share of its floor; PyTorch's beside them where it has CUDA."""
    peers = {"ours": calls.ours(row, case, "cuda"), "torch": _torch(row, case)}
    found = []
    for turn, least in zip(("forward", "backward"), work.of(row, case)):
        ready = {peer: _repeated(getattr(call, turn), wait) for peer, (call, wait) in
                 ((p, c if isinstance(c, tuple) else (c, package("cuda").synchronize)) for p, c in peers.items() if c)
                 if getattr(call, turn)}
        if "ours" not in ready:
            continue
        times = {peer: t._replace(least=t.least / REPEATS, median=t.median / REPEATS) for peer, t in in_turns(ready).items()}
        torch = times.get("torch")
        found.append({"operation": row.name, "shape": repr(case), "pass": turn, "ms": times["ours"].median * 1e3,
                      "floor": least.floor(ceilings) / times["ours"].least,
                      "ratio": torch and times["ours"].median / torch.median})
    return found


REPEATS = 10
"""Calls between two waits for the GPU, so that launches overlap as they do in training."""


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
    return (calls.theirs(row, case, "cuda"), torch.cuda.synchronize) if torch.cuda.is_available() else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", default=["*"], help="operations, with * and ?; all of them if none is named")
    parser.add_argument("--json", metavar="FILE.json", help="write the figures")
    options = parser.parse_args()
    works, device = available()
    if not works:
        print(f"benchmarks.gpu: {device}; or rehearse with TINYGRAD_CNN_EMULATE=1", file=sys.stderr)
        return 2
    emulated, np_errors = emulating(), np.seterr(all="ignore")
    print(f"device: {device}")
    ceilings = None if emulated else work.ceilings("cuda", 8192, 1024)
    if ceilings:
        print(f"it reaches {ceilings.arithmetic / 1e12:.1f} TF/s in our matrix product and "
              f"{ceilings.bandwidth / 1e9:.0f} GB/s in our copy")
    rows = [row for row in ROWS.values() if any(fnmatch(row.name, pattern) for pattern in options.names)]
    wrong, figures = {}, []
    for row in rows:
        fault = checked(row, emulated)
        print(f"{row.name:22} {'ok' if fault is None else 'WRONG'}", flush=True)
        if fault is not None:
            wrong[row.name] = fault
            print(fault, flush=True)
        elif ceilings:
            for case in row.big:
                for entry in timed(row, case, ceilings):
                    figures.append(entry)
                    ratio = f"{entry['ratio']:.2f} of torch's time" if entry["ratio"] else ""
                    print(f"    {entry['pass']:9}{entry['ms']:9.3f} ms  {entry['floor']:5.0%} of the floor  {ratio}",
                          flush=True)
    np.seterr(**np_errors)
    print(f"checked {len(rows) - len(wrong)} of {len(rows)}")
    if options.json:
        report = {"device": device, "checked": len(rows) - len(wrong), "of": len(rows), "wrong": wrong, "figures": figures}
        Path(options.json).write_text(json.dumps(report | ({} if ceilings is None else ceilings._asdict()), indent=1))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
