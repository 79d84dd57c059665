"""`tinygrad-cnn models` and `tinygrad-cnn summary`."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models
from tinygrad_cnn.cli import main


@pytest.fixture(scope="module")
def listed() -> str:
    return subprocess.run([sys.executable, "-m", "tinygrad_cnn", "models"], capture_output=True, text=True).stdout


def test_every_network_is_listed_below_its_paper(listed: str) -> None:
    head, *lines = listed.splitlines()
    assert head.split() == ["network", "parameters", "MACs", "input"]
    assert max(map(len, (head, *lines))) <= 80
    names = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(names) == models.list_models()
    paper = next(line for line in reversed(lines[:names.index("lenet") * 2]) if not line.startswith("  "))
    assert re.fullmatch(r"\d{4}  .+, .+", paper)
    assert names.index("cifar_resnet20") < names.index("cifar_resnet110")
    years = [int(line[:4]) for line in lines if not line.startswith("  ")]
    assert years == sorted(years)


def test_a_row_has_the_figures(listed: str) -> None:
    lines = listed.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("  lenet "))
    assert lines[at].split() == ["lenet", "431,080", "2.293", "M", "1x28x28"]
    assert "  fcn32s " in listed and "  134,346,581  181.366 G  3x500x500" in listed  # without its frozen kernels
    assert lines[at - 1] == "1998  Gradient-based learning applied to document recognition, Proc. IEEE 86(11)"


def test_a_pattern_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "*_bn"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:] if line.startswith("  ")]
    assert "mnist_cnn_bn" in names and all(name.endswith("_bn") for name in names)
    assert main(["models", "lenet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{
        "name": "lenet", "year": 1998, "paper": "Gradient-based learning applied to document recognition",
        "source": "Proc. IEEE 86(11)", "parameters": 431080, "macs": 2293000, "input": [1, 28, 28], "outputs": [[10]]}]
    assert str(tg.default_device()) == "cpu"


@pytest.mark.parametrize("name, input, parameters", [
    ("mnist_cnn", "1x28x28", 600_810), ("cifar_preresnet1001", "3x32x32", 10_327_706), ("googlenet", "3x224x224", 13_004_888),
    ("time_series_fcn", "1x128", 264_962), ("r3d_18", "3x16x112x112", 33_371_472), ("unet", "1x572x572", 31_030_658)])
def test_summaries(name: str, input: str, parameters: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Deep networks, several outputs, sequences and volumes."""
    assert main(["summary", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"input {input}, output " in lines[0] and f"{parameters:,} parameters" in lines[-1]
    assert max(map(len, lines)) <= 80
    assert str(tg.default_device()) == "cpu"


PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "tinygrad_cnn", "summary", "vgg19"], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_a_summary_needs_no_weights() -> None:
    """VGG-19 has 575 MB of them. A process begins with the peak of the one that starts it, so a small one does that here."""
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True)
    assert "143,667,240 parameters; 19.632 G multiply-adds" in done.stdout, done.stderr
    assert int(done.stdout.split()[-1]) <= 300_000
