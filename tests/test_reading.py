"""docs/reading.md, README.md and CONTRIBUTING.md: the files they name are there, and what they show happens."""

import contextlib
import io
import re
from pathlib import Path

import pytest

import tinygrad_cnn
from tinygrad_cnn.cuda import driver, emulator

ROOT = Path(__file__).parent.parent
PACKAGE = Path(tinygrad_cnn.__file__).parent
PLACES = (ROOT, PACKAGE, PACKAGE / "cpu", PACKAGE / "cuda")
READING = (ROOT / "docs/reading.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/reading.md"])
def test_every_file_that_is_named_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+(?:\.py|/))`|\]\(([\w/.]+)\)", text))
    paths = {path or link for path, link in named if "relu" not in path}    # CONTRIBUTING.md writes those of a ReLU
    assert paths
    for path in paths:
        places = PLACES if "](" + path not in text else ((ROOT / page).parent,)
        assert any((place / path).exists() for place in places), f"{page} names {path}, which is not there"


def test_the_way_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown, _ = re.findall(r"```python\n(.*?)```", READING, re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(shown, {})
    assert out.getvalue().strip() == re.search(r"print\(x.grad\) +# (tensor\(\S+\))", shown)[1]
    assert (tmp_path / "graph.svg").exists()


def test_a_network_in_a_few_lines():
    """The README's network learns the digits, and its derivatives are what the comments say."""
    network, derivatives, *_ = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    out, names = io.StringIO(), {}
    tinygrad_cnn.manual_seed(0)
    with contextlib.redirect_stdout(out):
        exec(network, names)
        exec(derivatives, names)
    share, = re.findall(r"(\S+) % of 1,996 unseen digits are right", out.getvalue())
    assert float(share) > 93
    assert names["first"].item() == 12 and names["second"].item() == 6 * 2


def test_the_broken_kernel(tmp_path):
    _, shown = re.findall(r"```python\n(.*?)```", READING, re.DOTALL)
    before = driver.use(emulator.Emulator())
    try:
        with pytest.raises(IndexError) as stopped:
            exec(shown, {"__name__": "reading"})
    finally:
        driver.use(before)
        driver.KERNELS.pop("reading._shift")
    assert str(stopped.value).split(", ", 1)[1] in READING
