"""CONTRIBUTING.md is followed to the letter, with a new operation: the blocks written for ReLU make "ramp"."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the project to which the blocks of CONTRIBUTING.md have been added."""
    copy = tmp_path_factory.mktemp("checkout")
    ignore = shutil.ignore_patterns("__pycache__", "golden", "data", "cli")
    shutil.copytree(ROOT / "tinygrad_cnn", copy / "tinygrad_cnn", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", copy)
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    files = [*(f"tinygrad_cnn/{p}/relu.py" for p in ("ops", "cpu", "cuda")), "tests/rows/elementwise.py"]
    assert [path for path, _ in blocks] == files
    for path, text in blocks:
        text = text.replace("Relu", "Ramp").replace("relu", "ramp").replace("t.ramp(x)", "t.relu(x)")
        file = copy / path.replace("relu", "ramp")
        file.write_text(f"{file.read_text()}\nimport importlib\n\n{text}" if file.exists() else text)
    return copy


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "ramp", *arguments]
    environment = {**os.environ, "TINYGRAD_CNN_CACHE": str(checkout / "kernels"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)


FILES = ("tests/test_values.py", "tests/test_twins.py", "tests/test_derivatives.py")


def test_a_new_operation_passes_the_generic_tests(checkout):
    done = run(checkout, *FILES)
    assert done.returncode == 0, done.stdout[-3000:]
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed >= 6, done.stdout[-3000:]


def test_a_wrong_twin_does_not(checkout):
    twin = checkout / "tinygrad_cnn/cuda/ramp.py"
    right = twin.read_text()
    try:
        twin.write_text(right.replace("x[i] <= 0", "x[i] <= 1"))
        done = run(checkout, "tests/test_twins.py")
        assert done.returncode == 1 and "failed" in done.stdout, done.stdout[-3000:]
    finally:
        twin.write_text(right)
