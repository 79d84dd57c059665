"""Compiles every CUDA kernel, with no GPU, and reads its machine code: `python -m tinygrad_cnn.cuda.check [name ...]`.

It fails where a kernel keeps registers in memory (a stack or spills), computes in float64 though no array of it is,
needs so many registers that fewer than two blocks fit a multiprocessor, reads one number where it asked for four or by
instructions for any kind of memory, takes other parameters than the launch packs, or is reached by no call of
examples.py. Needs the wheels of the extra `[ptx]`.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import multiprocessing
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import compiler, driver
from .intrinsics import HAS_COMPILER, load4

CHECKED = {"float32": ((7, 5), (9, 0)), "float64": ((9, 0),)}    # the oldest GPU that CUDA 13 knows, and a current one
REGISTERS = 65536 // 2                     # of a multiprocessor, for each of two blocks
NEEDS = "pip install 'tinygrad_cnn[ptx]'"


class Result(NamedTuple):
    """What the machine code of one kernel says."""
    kernel: str
    types: str
    architecture: str
    registers: int
    shared: int
    instructions: Counter[str]
    faults: list[str]
    seconds: float

    def __str__(self) -> str:
        shown = " ".join(f"{name}={self.instructions[name]}" for name in
                         ("LDG", "LDG.128", "LDS.128", "STG", "STG.128", "FFMA", "BAR") if self.instructions[name])
        return (f"{'FAIL' if self.faults else 'ok':4} {self.kernel:34} {self.types:10} {self.architecture} "
                f"regs={self.registers:3} shared={self.shared:5} {shown} {self.seconds:.1f} s {'; '.join(self.faults)}")


class Recorder:
    """An executor that runs nothing and remembers what it was asked to: {(kernel, types of its arguments)}."""

    def __init__(self) -> None:
        self.launched: dict[tuple[driver.Kernel, tuple[Any, ...]], None] = {}

    def launch(self, kernel: driver.Kernel, grid: Any, block: int, shared: int, args: tuple[Any, ...]) -> None:
        kinds, values = compiler.signature(kernel, args)
        large = [v for (_, letter, _), v in zip(compiler.parameters(kernel, kinds), values, strict=True)
                 if letter == "i" and not -2**31 <= v < 2**31]
        if large:
            raise OverflowError(f"{kernel}: the argument {large[0]} does not fit int32; pass it as numpy.int64")
        self.launched[kernel, kinds] = None

    def allocate(self, nbytes: int) -> int:
        return 0

    def address(self, block: int, nbytes: int) -> tuple[int, None]:
        return 0, None


def missing() -> str:
    """Why the check cannot run here, or nothing."""
    if not HAS_COMPILER:
        return f"numba-cuda is not installed: {NEEDS}"
    try:
        importlib.import_module("cuda.bindings.nvjitlink")
    except ImportError:
        return f"cuda-bindings is not installed: {NEEDS}"
    return "" if _disassembler() else f"nvdisasm is not installed: {NEEDS}"


def _disassembler() -> str | None:
    spec = importlib.util.find_spec("nvidia")
    roots = spec.submodule_search_locations if spec else ()
    found = next((path for root in roots for path in Path(root).glob("*/bin/nvdisasm")), None)
    return str(found) if found else shutil.which("nvdisasm")


@functools.cache
def launches(dtype: str) -> tuple[list[tuple[driver.Kernel, tuple[Any, ...]]], list[str]]:
    """The kernels that examples of this dtype reach, with their argument types; and the names of those missed."""
    package = sys.modules[__package__]
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in ("gpu", "check"):
            importlib.import_module(f"{__package__}.{module.name}")
    from . import examples
    recorder = Recorder()
    before = driver.use(recorder)
    try:
        for example in examples.ALL:
            example(dtype)
    finally:
        driver.use(before)
    reached = {kernel.name for kernel, _ in recorder.launched}
    ours = {name for name, kernel in driver.KERNELS.items() if kernel.function.__module__.startswith(__package__)
            and not name.startswith("elementwise.")}       # which are made when met
    return list(recorder.launched), sorted(ours - reached)


def examined(names: Sequence[str] = ()) -> Iterator[Result]:
    """Every kernel of every dtype and architecture, or those whose names have one of these parts; all cores compile."""
    jobs = [(dtype, number, capability) for dtype, capabilities in CHECKED.items()
            for number, (kernel, _) in enumerate(launches(dtype)[0])
            if not names or any(part in kernel.name for part in names) for capability in capabilities]
    with multiprocessing.get_context("spawn").Pool(max(1, min(os.cpu_count() or 1, len(jobs)))) as pool:
        yield from pool.imap(_examine, jobs)


def _examine(job: tuple[str, int, tuple[int, int]]) -> Result:
    dtype, number, capability = job
    return examine(*launches(dtype)[0][number], capability)


LIBRARY = ("sin", "cos", "tan")
"""Formulas of which CUDA's own library brings large arguments into range in local memory, with one float64 product."""


def examine(kernel: driver.Kernel, kinds: tuple[Any, ...], capability: tuple[int, int]) -> Result:
    """Compile a kernel and read its machine code."""
    begin = time.perf_counter()
    code = compiler.compile(kernel, kinds, capability, verbose=True)
    found = Counter(_instructions(code.cubin))
    number = {name: int(value) for value, name in
              re.findall(r"(\d+) (registers|stack|bytes smem|bytes spill stores|bytes lmem)", code.log)}
    dtypes = {kind[0] for kind in kinds if isinstance(kind, tuple)}
    faults = []
    local = [number.get(key, 0) for key in ("stack", "bytes lmem", "bytes spill stores")] + [found["LDL"], found["STL"]]
    vendor = kernel.name.removeprefix("elementwise.").partition("_")[0] in LIBRARY
    if any(local) and not vendor:
        faults.append(f"keeps registers in memory, {max(local)} bytes or instructions")
    if not vendor and np.dtype("float64") not in dtypes and (wide := [name for name in found if _is_float64(name)]):
        faults.append(f"computes in float64: {' '.join(wide)}")
    if found["LD"] + found["ST"]:
        faults.append("does not know whether its arrays are in global or in shared memory")
    if number["registers"] * kernel.block > REGISTERS:
        faults.append("only one block fits a multiprocessor")
    if _calls(kernel.function, load4) and not found["LDG.128"]:
        faults.append("does not load 16 bytes at once")
    expected = [letter for _, letter, _ in compiler.parameters(kernel, kinds)]
    taken = re.findall(r"\.param \.(\w+) \S+_param_\d+", code.ptx.partition(".entry")[2].partition("{")[0])
    if [{"P": "u64", "i": "u32", "q": "u64", "Q": "u64", "f": "f32", "d": "f64"}[x] for x in expected] != taken:
        faults.append(f"takes {taken}, the launch packs {expected}")
    types = ",".join(sorted(d.name for d in dtypes))
    return Result(kernel.name, types, f"sm_{capability[0]}{capability[1]}", number["registers"],
                  number.get("bytes smem", 0), found, faults, time.perf_counter() - begin)


def _instructions(cubin: bytes) -> Iterator[str]:
    """The names of the machine instructions: in full, the first part, and with .128 for 16 bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.cubin"
        path.write_bytes(cubin)
        text = subprocess.run([_disassembler(), "-c", path], capture_output=True, text=True, check=True).stdout
    for name in re.findall(r"^\s+(?:/\*\w+\*/)?\s+(?:@!?\w+\s+)?([A-Z][A-Z0-9_.]+)\b", text, re.MULTILINE):
        first = name.partition(".")[0]
        yield first
        if name != first:
            yield name
        if ".128" in name:
            yield f"{first}.128"


def _is_float64(name: str) -> bool:
    return name in ("DADD", "DMUL", "DFMA", "DSETP", "DMNMX") or bool(re.match(r"(F2F|I2F|F2I)\..*F64", name))


def _calls(function: Any, wanted: Any) -> bool:
    """Whether a kernel, or a function that it may call, uses an intrinsic."""
    seen, queue = set(), [function]
    while queue:
        one = queue.pop()
        if one is wanted:
            return True
        if hasattr(one, "__code__") and one not in seen:
            seen.add(one)
            queue += [one.__globals__.get(name) for name in one.__code__.co_names]
            queue += [cell.cell_contents for cell in one.__closure__ or ()]
    return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tinygrad_cnn.cuda.check", description=__doc__.partition(":")[0])
    parser.add_argument("names", nargs="*", help="parts of the names of the kernels to check; all by default")
    names = parser.parse_args().names
    if reason := missing():
        print(reason)
        return 1
    missed = [] if names else launches("float32")[1]
    for name in missed:
        print(f"FAIL {name}: no call in examples.py reaches it")
    failed = len(missed)
    for result in examined(names):
        failed += bool(result.faults)
        print(result, flush=True)
    print(f"{failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
