"""What is installed, which devices work, where the caches are; and for what does not work, the line that mends it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

from . import cache
from .environment import VARIABLES, emulating
from .text import size

PACKAGES = {  # and what it takes to install one that is missing
    "numpy": "pip install numpy",
    "numba": "pip install numba",
    "llvmlite": "pip install numba",
    "pillow": "pip install pillow",
    "safetensors": "pip install safetensors",
    "greenlet": "pip install greenlet",
    "tqdm": "pip install tqdm",
    "tbb": "pip install tbb",
    "numba-cuda": "pip install 'tinygrad_cnn[cuda]'",
    "cuda-bindings": "pip install 'tinygrad_cnn[cuda]'",
}
OPTIONAL = {
    "tbb": "a slower thread pool serves instead",
    "numba-cuda": "for NVIDIA GPUs",
    "cuda-bindings": "for NVIDIA GPUs",
}


def report() -> None:
    """Print what is installed, which devices work, where the caches are, and how to mend what does not work."""
    print("\n".join(lines()))


def lines() -> list[str]:
    """The report, line by line. Nothing in it raises: a broken installation is what it is for."""
    from . import __version__  # which stands below what the package imports

    found = [f"tinygrad_cnn {__version__} in {Path(__file__).parent}",
             f"Python {platform.python_version()} in {sys.prefix}, {platform.system()} {platform.machine()}", ""]
    rows: list[tuple[str, Callable[[], str]]] = [(name, partial(_installed, name)) for name in PACKAGES]
    rows += [("", str), ("processor", _processor), ("cpu", _cpu), ("cuda", _cuda), ("emulator", _emulator),
             ("kernel cache", _cache), ("environment", _environment)]
    for name, check in rows:
        try:
            state = check()
        except Exception as error:  # whatever a broken package raises is the answer
            remedy = PACKAGES.get(name, "pip install --force-reinstall numba numpy")
            state = f"does not work: {_sentence(error)}; {remedy}"
        found += textwrap.wrap(state, 79, initial_indent=f"  {name:15}", subsequent_indent=" " * 17,
                               break_on_hyphens=False, break_long_words=False) or [""]
    return found


def cuda_problem() -> str | None:
    """Why device "cuda" does not work here, as one sentence without its full stop; None if it does."""
    try:
        from .cuda import driver

        driver.executor()
    except Exception as error:  # a broken driver may raise anything
        return _sentence(error).removeprefix("device cuda: ")
    return None


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        use = f" ({OPTIONAL[name]})" if name in OPTIONAL else ""
        return f"missing{use}: {PACKAGES[name]}"


def _processor() -> str:
    """The processor's name as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        name = next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} threads"


def _cpu() -> str:
    """Run small kernels, which compiles them if they are not in the cache."""
    from numba.np.ufunc.parallel import threading_layer

    from .cpu import launch
    from .creation import ones

    threads = launch.threads()
    value = (ones(3) + ones(3)).sum().item()
    if value != 6:
        raise ArithmeticError(f"three times 1 + 1 gave {value}")
    layer = threading_layer()  # type: ignore[no-untyped-call]
    remedy = "; pip install tbb for a faster pool" if layer == "workqueue" else ""
    return f"works: {threads} threads, {layer}{remedy}"


def _cuda() -> str:
    if problem := cuda_problem():
        return f"does not work: {problem}"
    if emulating():
        return "runs in the emulator"
    from .cuda import gpu

    return f"works: {gpu.describe()}"


def _emulator() -> str:
    return "on" if emulating() else "off: TINYGRAD_CNN_EMULATE=1 runs the CUDA kernels slowly in plain Python"


def _cache() -> str:
    folder = cache.cache_folder()
    if folder is None:
        return "none, so kernels are compiled in every process: set TINYGRAD_CNN_CACHE to a folder you may write"
    files = [path for path in folder.rglob("*") if path.is_file()]
    return f"{folder} ({len(files)} files, {size(sum(path.stat().st_size for path in files))})"


def _environment() -> str:
    return " ".join(f"{name}={os.environ[name]}" for name in VARIABLES if name in os.environ) or "nothing set"


def _sentence(error: Exception) -> str:
    """The first line of what an exception says."""
    text = str(error).strip().splitlines()
    return text[0].rstrip(".") if text else type(error).__name__
