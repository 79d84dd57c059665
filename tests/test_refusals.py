"""What an operation refuses, and that it says so in a sentence before a kernel has run."""

import re

import pytest

from tinygrad_cnn import devices

from . import runs
from .specs import ROWS

REFUSALS = [(row, refusal) for row in ROWS.values() for refusal in row.refuses]


class NoKernels:
    """The CPU's kernel package without its kernels."""

    def __init__(self, package):
        self.empty, self.upload, self.download = package.empty, package.upload, package.download

    def __getattr__(self, module):
        raise AssertionError(f"a kernel of {module} ran before the arguments were checked")


@pytest.mark.parametrize("row, refusal", REFUSALS, ids=[f"{row.name}-{refusal.words}" for row, refusal in REFUSALS])
def test_refusal(row, refusal, monkeypatch):
    leaves = runs.tensors(refusal.case.fill(dtype="float32"))
    monkeypatch.setitem(devices._loaded, "cpu", NoKernels(devices.package("cpu")))
    with pytest.raises(refusal.error) as caught:
        runs.call(row, refusal.case, leaves)
    sentence = str(caught.value)
    for word in refusal.words.replace(", ", ",").split():
        assert word in sentence.replace(", ", ","), f"{word!r} is missing in: {sentence}"
    assert re.fullmatch(r"\w+: [^;]+; [^;]+[^.]", sentence), (
        f"'operation: what and how it is; what to do' is not: {sentence}"
    )


def test_devices_do_not_mix():
    for name in ("add", "matmul", "cat", "linear", "conv2d", "batch_norm", "cross_entropy"):
        row = ROWS[name]
        case = row.small
        values = runs.tensors(case.fill(dtype="float32"))
        values[1] = values[1].to("meta")
        with pytest.raises(RuntimeError, match=r"cpu and meta; bring them to one device with \.to\(device\)"):
            runs.call(row, case, values)
