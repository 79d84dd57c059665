"""Every operation on shapes of real networks: the CPU, the GPU where there is one, PyTorch where it is installed, in turns.

`python -m benchmarks.ops [NAME ...] [--threads 2] [--rounds 15] [--plot FILE.png] [--json FILE.json]`. A line is
one operation on one shape, forward or backward: our milliseconds (median), the ratio to PyTorch's (medians, then minima;
below 1 is faster), and the share of the floor: the time the machine's measured ceilings would need for the bytes and the
operations that it cannot do without.

Images lie in memory as each library's own operations leave them: channels-last for ours, channels-first for PyTorch.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tinygrad_cnn.cuda.driver import available
from tinygrad_cnn.environment import emulating


def line(name: str, turn: str, row: Any, found: dict[str, Any], floor: float) -> dict[str, Any]:
    """What is known of one operation, one shape, one direction."""
    ours, torch, gpu = found["ours"], found.get("torch"), found.get("gpu")
    return {"operation": name, "pass": turn, "shape": row, "ms": ours.median * 1e3, "least_ms": ours.least * 1e3,
            "ratio": torch and ours.median / torch.median, "least_ratio": torch and ours.least / torch.least,
            "floor": floor / ours.least, "gpu_ms": gpu and gpu.median * 1e3}


def show(entry: dict[str, Any]) -> str:
    """One line of the table."""
    ratio = f"{entry['ratio']:6.2f} {entry['least_ratio']:6.2f}" if entry["ratio"] else f"{'-':>6} {'-':>6}"
    gpu = f"{entry['gpu_ms']:9.3f}" if entry["gpu_ms"] else f"{'-':>9}"
    return (f"{entry['operation']:18} {entry['shape']:22.22} {entry['pass']:8} {entry['ms']:9.3f} {ratio} "
            f"{entry['floor']:6.0%} {gpu}")


def plot(entries: Sequence[dict[str, Any]], path: str) -> None:
    """Ratios to PyTorch and shares of the floor as bars."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    labels = [f"{e['operation']} {e['shape']} {e['pass']}" for e in entries]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 1 + len(entries) * 0.13), sharey=True)
    ratios = [e["ratio"] or 0 for e in entries]
    left.barh(labels, ratios, color=["#4c78a8" if ratio <= 1 else "#e45756" for ratio in ratios])
    left.axvline(1, color="black", linewidth=0.8)
    left.set(title="time / PyTorch's (below 1: faster)", xscale="log")
    right.barh(labels, [e["floor"] for e in entries], color="#72b7b2")
    right.set(title="share of the machine's floor", xlim=(0, 1))
    for axes in (left, right):
        axes.tick_params(labelsize=6)
        axes.margins(y=0.002)
    left.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", default=["*"], help="operations, with * and ?; all of them if none is named")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--plot", metavar="FILE.png", help="draw the table (needs matplotlib: the extra `plots`)")
    parser.add_argument("--json", metavar="FILE.json", help="write the figures")
    options = parser.parse_args()
    os.environ["NUMBA_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(options.threads)

    from tests.specs import ROWS

    from . import calls, work
    from .timing import in_turns

    ceilings = work.ceilings("cpu")
    gpu = available()[0] and not emulating()
    print(f"{options.threads} threads; the machine reaches {ceilings.arithmetic / 1e9:.0f} GF/s and "
          f"{ceilings.bandwidth / 1e9:.1f} GB/s")
    print(f"{'operation':18} {'shape':22} {'pass':8} {'ms':>9} {'/torch':>6} {'(min)':>6} {'floor':>6} {'GPU ms':>9}")
    entries = []
    for name, row in ROWS.items():
        if not any(fnmatch(name, pattern) for pattern in options.names):
            continue
        for case in row.big:
            peers = {"ours": calls.ours(row, case), "torch": calls.theirs(row, case),
                     "gpu": _waiting(calls.ours(row, case, "cuda")) if gpu else None}
            for turn, least in zip(("forward", "backward"), work.of(row, case)):
                runs = {peer: getattr(call, turn) for peer, call in peers.items() if call and getattr(call, turn)}
                if "ours" in runs:
                    shape = "x".join(map(str, case.leaves()[0].shape))
                    entries.append(line(name, turn, shape, in_turns(runs, options.rounds), least.floor(ceilings)))
                    print(show(entries[-1]), flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps({"threads": options.threads, **ceilings._asdict(), "rows": entries}, indent=1))
    if options.plot:
        plot(entries, options.plot)


def _waiting(call: Any) -> Any:
    """The same call, done when the GPU is."""
    from tinygrad_cnn.devices import package

    wait = package("cuda").synchronize
    return type(call)(*(run and (lambda run=run: (run(), wait())) for run in call))


if __name__ == "__main__":
    main()
