"""On the meta device every operation has the shapes and dtypes of the CPU, and needs no memory."""

import pytest

import tinygrad_cnn as tg

from . import runs
from .cases import seeded
from .specs import ROWS


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_meta(row):
    for seed in range(3):
        drawn = row.cases(seeded(seed))
        values = drawn.fill(dtype="float32")
        real = runs.call(row, drawn, runs.tensors([v.copy() for v in values]))
        shapes = runs.call(row, drawn, runs.tensors(values, "meta"))
        assert [(t.shape, t.dtype, str(t.device)) for t in shapes] == [(t.shape, t.dtype, "meta") for t in real], drawn
        wanted, outs = runs.record(row, drawn, values, "meta")
        found = tg.grad(
            outs, wanted, [tg.empty(out.shape, dtype=out.dtype, device="meta") for out in outs], allow_unused=True
        )
        assert all(g is None or (g.shape, g.device) == (x.shape, x.device) for g, x in zip(found, wanted)), drawn


def test_no_memory():
    """A convolution over more bytes than any machine has."""
    x = tg.empty(2**20, 64, 224, 224, device="meta", requires_grad=True)
    y = tg.nn.functional.conv2d(x, tg.empty(64, 64, 3, 3, device="meta"), padding=1).relu()
    (g,) = tg.grad(y.sum(), x)
    assert y.shape == g.shape == (2**20, 64, 224, 224)
