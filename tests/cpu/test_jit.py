"""The kernel cache: a second process compiles nothing, and no change of a source is missed."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from tinygrad_cnn import cache
from tinygrad_cnn.cpu import jit as module
from tinygrad_cnn.cpu.jit import jit

PROGRAM = """
import sys
import numpy as np
from tinygrad_cnn.cpu import jit
from tinygrad_cnn.cpu.launch import launch

@jit.jit
def _double(x):
    return 2 * x

@jit.jit
def _kernel(part, parts, out):
    for i in range(len(out)):
        out[i] = _double(out[i])

names = []
jit.on_compile.append(names.append)
out = np.ones(3)
launch(_kernel, 1, out)
assert (out == 2).all()
assert len(names) == jit.compiled
print(jit.compiled)
"""


def start(folder, program):
    environment = dict(os.environ, TINYGRAD_CNN_CACHE=str(folder), PYTHONPATH=str(cache.PACKAGE.parent))
    return subprocess.Popen([sys.executable, "-W", "always", str(program)], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process):
    """(kernels that the process compiled, what it said on stderr)"""
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return int(out), errors


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def test_a_second_process_compiles_nothing_until_the_source_changes(tmp_path, program):
    assert finish(start(tmp_path / "cache", program)) == (2, "")
    assert finish(start(tmp_path / "cache", program)) == (0, "")
    program.write_text(PROGRAM.replace("2 * x", "x + 1"))
    assert finish(start(tmp_path / "cache", program)) == (2, "")


def test_processes_that_start_together_share_the_work(tmp_path, program):
    processes = [start(tmp_path / "cache", program) for _ in range(2)]
    assert sum(finish(process)[0] for process in processes) == 2


def test_without_a_folder_to_write_to_it_warns_once_and_works(tmp_path, program):
    compiled, errors = finish(start(program / "not a folder", program))
    assert compiled == 2 and errors.count("Set TINYGRAD_CNN_CACHE to a folder that you may write.") == 1


def test_a_damaged_entry_is_compiled_again(tmp_path, program):
    folder = tmp_path / "cache"
    finish(start(folder, program))
    for entry in folder.glob("*/_kernel-*"):
        entry.write_bytes(entry.read_bytes()[:100])
    assert finish(start(folder, program))[0] == 1
    assert finish(start(folder, program))[0] == 0


def test_the_hash_follows_imports(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "PACKAGE", tmp_path)
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "kernels.py").write_text("from .tile import fma\nfrom .. import formulas\n")
    (tmp_path / "cpu" / "tile.py").write_text("from .sizes import (\n    A, ROWS)\n")
    (tmp_path / "cpu" / "sizes.py").write_text("ROWS = 8\n")
    (tmp_path / "formulas.py").write_text("relu = 1\n")
    (tmp_path / "models.py").write_text("")
    (tmp_path / "__init__.py").write_text("from . import models\n")

    def folder():
        cache.sources_hash.cache_clear()
        return cache.sources_hash(tmp_path / "cpu" / "kernels.py")

    seen = [folder()]
    (tmp_path / "models.py").write_text("layers = 3")          # of which kernels take nothing
    assert folder() == seen[0]
    for name, text in (("cpu/sizes.py", "ROWS = 6\n"), ("formulas.py", "relu = 2\n"), ("cpu/kernels.py", "")):
        (tmp_path / name).write_text(text)
        seen.append(folder())
    assert len(set(seen)) == 4
    cache.sources_hash.cache_clear()


def test_products_of_a_factory_are_told_apart():
    def scale(factor):
        @jit(name=f"scale_{factor}")
        def kernel(x):
            return x * factor
        return kernel

    assert scale(2)(3.0) == 6 and scale(5)(3.0) == 15
    assert module.describe(scale(2)) != module.describe(scale(5))


def test_sums_are_reordered_unless_precise():
    def total(x):
        total = np.float32(0)
        for value in x:
            total += value
        return total

    x = np.random.default_rng(0).standard_normal(10000, dtype=np.float32)
    serial = np.float32(0)
    for value in x:
        serial += value
    assert jit(precise=True)(total)(x) == serial
    assert abs(jit(total)(x) - serial) < 1e-2


def test_the_order_of_instructions_holds_around_the_compilation_of_helpers(monkeypatch):
    compiled = []
    monkeypatch.setattr(module.Cache, "save_overload",
                        lambda cache, *_: compiled.append((cache.function.__name__, module.scheduled)))

    @jit
    def helper(x):
        return x + 1

    @jit(in_order=True)
    def kernel(x):
        return helper(x) * 2

    assert kernel(1) == 4
    assert compiled == [("helper", True), ("kernel", False)]
    assert module.scheduled


def test_warnings_of_numba_are_none():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jit(lambda x: x + 1, name="increment")(1) == 2


def test_a_stopped_process_that_holds_the_lock_is_not_waited_for_forever(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with open(tmp_path / "lock", "a+b") as other:
        assert module.locked(other)
        with module.file_lock():
            pass
    with open(tmp_path / "lock", "a+b") as other, module.file_lock():
        assert not module.locked(other)


def test_kernels_of_old_sources_are_removed_after_a_month(tmp_path):
    names = ["tile-1", "tile-2", "conv_tile-1", "tile-new"]
    for name in names:
        (tmp_path / name).mkdir()
    for name in ("tile-1", "conv_tile-1"):
        os.utime(tmp_path / name, (0, 0))
    module.forget(tmp_path / "tile-new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    def home():
        raise RuntimeError("Could not determine home directory.")

    for name in ("TINYGRAD_CNN_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cache.Path, "home", home)
    with pytest.warns(UserWarning, match=r"no kernel cache \(Could not determine home.*TINYGRAD_CNN_CACHE"):
        assert cache.cache_folder.__wrapped__() is None
